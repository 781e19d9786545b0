//! `cargo xtask soak`: the whole app for as long as is wanted, while everything around it breaks; with one line at the
//! end that counts what was lost and what came twice.

use std::{
    io::{BufRead, BufReader},
    process::{ExitCode, Stdio},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    program::{announce, cargo},
    setup::{self, Need},
    ui,
};

/// How long, and what breaks when.
#[derive(Args)]
pub(crate) struct Options {
    /// For so many minutes; what is on its way then is waited for.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// What breaks, in which order and for how long, follows from it; another one each time if none is given.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs it. Fails where something was lost, came twice, or was not as it should be otherwise.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!("the soak needs a desktop session of its own, and so Linux");
    }
    let seed = options.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    println!("seed {seed}");
    setup::ensure(Need::Tests)?;
    ui::build_if_changed()?;
    let mut soak = cargo(["test", "--package", "heliograph", "--test", "soak", "--"]);
    soak.args(["--nocapture", "nothing_is_lost_and_nothing_comes_twice"]);
    soak.env("HELIOGRAPH_SOAK_MINUTES", options.minutes.to_string());
    soak.env("HELIOGRAPH_SOAK_SEED", seed.to_string()).stdout(Stdio::piped());
    let line = announce(&soak);
    let mut child = soak.spawn().with_context(|| format!("cannot start `{line}`"))?;
    let output = child.stdout.take().context("the soak has no output")?;
    let mut count = None;
    for line in BufReader::new(output).lines() {
        let line = line?;
        if is_count(&line) {
            count = Some(line);
        } else {
            println!("{line}");
        }
    }
    let well = child.wait()?.success();
    // The last line: it is what a hurried reader, or another program, looks for.
    let count = count.with_context(|| format!("the soak came to no end; it begins again with --seed {seed}"))?;
    println!("{count}");
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Is it a line like `lost 0, twice 0`?
fn is_count(line: &str) -> bool {
    let numbers = line.strip_prefix("lost ").and_then(|rest| rest.split_once(", twice "));
    numbers.is_some_and(|(lost, twice)| lost.parse::<u64>().is_ok() && twice.parse::<u64>().is_ok())
}

#[test]
fn the_count_is_a_line_of_its_own() {
    assert!(is_count("lost 0, twice 0") && is_count("lost 12, twice 3"));
    assert!(!is_count("lost: task a-1") && !is_count("lost with the data of Redis: 1 tasks, 0 answers; 1 gaps shown"));
}
