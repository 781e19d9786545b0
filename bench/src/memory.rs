//! How much memory this process has, and had at most.

use std::fs;

use anyhow::{Context as _, Result};

/// In use now, in kilobytes.
pub(crate) fn resident() -> Result<u64> {
    field("VmRSS:")
}

/// The most that was ever in use, in kilobytes.
pub(crate) fn peak() -> Result<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("there is no /proc to read")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("/proc/self/status says nothing of {name}"))
}
