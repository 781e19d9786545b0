//! What the system knows of running processes: who started whom, memory, time, wake-ups.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// Ticks of a processor's time in a second, as Linux counts them towards programs.
const TICKS: f64 = 100.0;

/// What a group of processes has used, summed over all of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// Memory with shared pages divided among those who share them, in kilobytes.
    pub(super) pss_kb: u64,
    /// Times a thread was given a processor.
    pub(super) wakes: u64,
    /// Seconds of processor time.
    pub(super) seconds: f64,
}

/// The process, and all below it.
pub(super) fn family(root: u32) -> Vec<u32> {
    let all: Vec<(u32, u32)> = numbers(Path::new("/proc")).filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut family = vec![root];
    let mut at = 0;
    while let Some(&pid) = family.get(at) {
        family.extend(all.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
        at += 1;
    }
    family
}

/// The names of processes, as far as they still run.
pub(super) fn names(pids: &[u32]) -> Vec<String> {
    let name = |pid: &u32| fs::read_link(format!("/proc/{pid}/exe")).ok()?.file_name()?.to_str().map(str::to_owned);
    pids.iter().filter_map(name).collect()
}

/// What these processes have used up to now.
pub(super) fn used(pids: &[u32]) -> Result<Used> {
    let mut used = Used::default();
    for pid in pids {
        used.pss_kb += pss(*pid)?;
        used.seconds += seconds(*pid)?;
        for thread in numbers(Path::new(&format!("/proc/{pid}/task"))) {
            // A thread may end between the two looks.
            let status = fs::read_to_string(format!("/proc/{pid}/task/{thread}/status")).unwrap_or_default();
            used.wakes += ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"]
                .iter()
                .filter_map(|name| field(&status, name))
                .sum::<u64>();
        }
    }
    Ok(used)
}

/// Do others use the same web library? Its pages then count for less in every sum of [`Used::pss_kb`].
pub(super) fn shared_with_others(family: &[u32]) -> bool {
    let mut others = numbers(Path::new("/proc")).filter(|pid| !family.contains(pid));
    others.any(|pid| fs::read_to_string(format!("/proc/{pid}/maps")).is_ok_and(|maps| maps.contains("libwebkit2gtk")))
}

fn pss(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| {
        format!("cannot read {path} (the app keeps its memory from being looked at: measuring it needs root)")
    })?;
    field(&text, "Pss:").with_context(|| format!("{path} says nothing of Pss"))
}

/// Seconds of processor time of all threads a process has or had.
pub(super) fn seconds(pid: u32) -> Result<f64> {
    let stat = stat(pid).with_context(|| format!("process {pid} has ended"))?;
    let ticks = stat.iter().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    Ok(ticks.sum::<f64>() / TICKS)
}

fn parent(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// The fields after the name, which may itself contain blanks: state, parent, …
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn numbers(folder: &Path) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn we_are_in_our_own_family_and_use_something() {
        let pids = family(std::process::id());
        assert_eq!(pids.first(), Some(&std::process::id()));
        assert!(used(&pids[..1]).unwrap().pss_kb > 100);
    }
}
