//! A process of the test's own with a calendar that can be turned: faketime's library stands between it and the system.
//! Only the time of day moves; what counts seconds is left alone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use heliograph_core::message::{Millis, now};

use crate::bench::LIMIT;

/// Where the library reads the time; says to the test as well that it runs by it.
const FILE: &str = "FAKETIME_TIMESTAMP_FILE";

/// The process's calendar.
pub(crate) struct Calendar(PathBuf);

/// Runs `test` in a process in which it is this moment (UTC) when it begins.
pub(crate) fn from(moment: &str, name: &str, test: impl AsyncFnOnce(Calendar)) {
    if let Some(file) = std::env::var_os(FILE) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async { test(Calendar(file.into())).await });
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("time");
    write(&file, moment);
    let mut inside = Command::new(std::env::current_exe().unwrap());
    inside.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    inside.env("LD_PRELOAD", library()).env(FILE, &file).env("TZ", "UTC").env("FAKETIME_CACHE_DURATION", "1");
    inside.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DISABLE_SHM", "1").env("NO_FAKE_STAT", "1");
    let output = inside.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

impl Calendar {
    /// Turns to this moment; time goes on from there.
    pub(crate) async fn turn_to(&self, moment: &str) {
        write(&self.0, moment);
        let wanted: Millis = format!("{moment}Z").parse::<jiff::Timestamp>().unwrap().as_millisecond();
        // The library looks at its file once a second.
        let (began, near) = (Instant::now(), Millis::try_from(5 * LIMIT.as_millis()).unwrap());
        while !(wanted..wanted + near).contains(&now()) {
            assert!(began.elapsed() < LIMIT, "the calendar stays where it is");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn write(file: &Path, moment: &str) {
    // In one step: a file that is half written would be another time.
    let beside = file.with_extension("new");
    fs::write(&beside, format!("@{moment}\n")).unwrap();
    fs::rename(&beside, file).unwrap();
}

/// Where the program `faketime` has it.
fn library() -> String {
    let told = Command::new("faketime").args(["-m", "-f", "+0", "env"]).output();
    let told = told.expect("faketime is not installed; `cargo xtask setup --tests` installs what the tests need");
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines().find_map(|line| line.strip_prefix("LD_PRELOAD=")).expect("faketime preloads its library").to_owned()
}
