//! `cargo xtask test`: everything that is checked before a change is taken, with one line at the end that counts.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{ExitCode, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    check, place,
    program::{announce, cargo, run as run_program},
    setup::{self, Need},
    ui,
};

/// What came of it all.
#[derive(Default)]
struct Report {
    passed: u64,
    failed: u64,
    // What went wrong apart from single tests: lints, a build.
    faults: Vec<String>,
}

/// Sets up, checks, tests. A fault does not keep the rest from being looked at.
pub(crate) fn run() -> Result<ExitCode> {
    setup::ensure(Need::Tests)?;
    let mut report = Report::default();
    for (name, check) in check::ALL {
        let result = check();
        report.note(name, result);
    }
    let result = window(&mut report);
    report.note("tests of the window", result);
    let result = rust(&mut report);
    report.note("tests of the Rust code", result);

    for fault in &report.faults {
        println!("{fault}");
    }
    // The last line, whatever happened: it is what a hurried reader, or another program, looks for.
    println!("{} passed, {} failed", report.passed, report.failed);
    let well = report.failed == 0 && report.faults.is_empty();
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Report {
    fn note(&mut self, name: &str, result: Result<()>) {
        if let Err(error) = result {
            let fault = format!("{name}: {error:#}");
            println!("{fault}");
            self.faults.push(fault);
        }
    }

    fn count(&mut self, passed: u64, failed: u64) {
        self.passed += passed;
        self.failed += failed;
    }
}

fn window(report: &mut Report) -> Result<()> {
    ui::install()?;
    let results = place::target().join("window-tests.json");
    let file = format!("--outputFile.json={}", results.display());
    let outcome = ui::npm(&["test", "--", "--reporter=default", "--reporter=json", &file]);
    // The counts are there for failed tests too, but not where no test could start.
    if let Ok(text) = fs::read_to_string(&results) {
        let value: Value = serde_json::from_str(&text).context("the results of the window's tests cannot be read")?;
        let number = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
        report.count(number("numPassedTests"), number("numFailedTests"));
        fs::remove_file(&results)?;
    }
    outcome
}

fn rust(report: &mut Report) -> Result<()> {
    let tools = tools()?;
    // Tests of the whole program start the others beside it.
    run_program(&mut cargo(["build", "--workspace", "--bins"]))?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(tools).chain(env::split_paths(&path)))?;
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.env("PATH", path).stdout(Stdio::piped());
    let line = announce(&tests);
    let mut child = tests.spawn().with_context(|| format!("cannot start `{line}`"))?;
    let output = child.stdout.take().context("the tests have no output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some((passed, failed)) = counts(&line) {
            report.count(passed, failed);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Reads lines like `test result: ok. 12 passed; 0 failed; 0 ignored; …`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let (_, rest) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut parts = rest.split("; ");
    let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some((passed, failed))
}

/// The folder of the programs that only tests need, which cargo builds once.
fn tools() -> Result<PathBuf> {
    let folder = place::target().join("tools");
    let programs = folder.join("bin");
    if !programs.join("tauri-driver").is_file() {
        let install = ["install", "tauri-driver", "--version", "^2", "--locked", "--root"];
        run_program(cargo(install).arg(&folder))?;
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn counts_are_read_from_the_line_of_results_only() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 6.77s";
        assert_eq!(counts(line), Some((12, 3)));
        assert_eq!(counts("test a_test ... ok"), None);
    }
}
