//! Ends a server that a killed run left behind.
//!
//! A process id alone proves nothing, since ids are used again: only a process whose command line names our
//! configuration file is ended.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use super::config::Paths;

const LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn end(paths: &Paths) -> Result<()> {
    let pid = fs::read_to_string(&paths.pid).ok().and_then(|text| Pid::from_raw(text.trim().parse().ok()?));
    let Some(pid) = pid else { return Ok(()) };
    let until = Instant::now() + LIMIT;
    while is_ours(pid, paths) {
        if Instant::now() > until {
            bail!("a Redis server of an earlier sandbox (process {pid}) cannot be ended");
        }
        // It can be frozen, and may end between the look and the signal; both are met by looking again.
        let _ = kill_process(pid, Signal::KILL);
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

fn is_ours(pid: Pid, paths: &Paths) -> bool {
    let arguments = command_line(pid);
    let config = paths.config.to_string_lossy();
    arguments.split(['\0', '\n']).any(|argument| argument.trim_end().ends_with(&*config))
}

#[cfg(target_os = "linux")]
fn command_line(pid: Pid) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(not(target_os = "linux"))]
fn command_line(pid: Pid) -> String {
    let output = std::process::Command::new("ps").args(["-ww", "-o", "args=", "-p"]).arg(pid.to_string()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}
