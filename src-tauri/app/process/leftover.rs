//! What a closed window leaves running: `WebKitGTK` keeps its network process, some thirty megabytes, for as long as
//! the program lives. It makes a new one when a page is shown again, as after a crash of it.
//!
//! Only on Linux; the other systems' web views look after this themselves. It must not be called while there is a
//! window that somebody wants to go on using.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// The process's name as the kernel keeps it, cut to fifteen letters.
const NAME: &str = "WebKitNetworkPr";

/// What the names of all of them begin with.
const FAMILY: &str = "WebKit";

/// How long killed processes may take to be gone, and how often is looked.
const GONE: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(5);

/// Ends our own network process, where there is one.
pub(crate) fn end_network_process() {
    for pid in children().filter(|pid| is_network_process(*pid)) {
        // It may have ended by itself in this moment.
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// Ends every web process of ours and returns when they are gone: until then they write into their folder.
pub(crate) fn end_web_processes() {
    let until = Instant::now() + GONE;
    loop {
        let ours: Vec<_> = children().filter(|pid| lives(*pid)).collect();
        if ours.is_empty() || Instant::now() > until {
            return;
        }
        for pid in ours {
            // It may have ended by itself in this moment.
            let _ = kill_process(pid, Signal::KILL);
        }
        thread::sleep(STEP);
    }
}

/// Is it a web process that has not ended?
fn lives(pid: Pid) -> bool {
    // The name stands in brackets, the state after them.
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    let name = stat.split_once('(').map(|(_, rest)| rest);
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
    name.is_some_and(|name| name.starts_with(FAMILY)) && state.is_some_and(|state| !state.starts_with('Z'))
}

fn children() -> impl Iterator<Item = Pid> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<_> = lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    pids.into_iter().filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
}

fn is_network_process(pid: Pid) -> bool {
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero()));
    name.is_ok_and(|name| name.trim_end() == NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_and_left_alone_unless_it_is_that_one() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(children().any(|known| known.as_raw_nonzero().get() == pid));
        end_network_process();
        end_web_processes();
        assert!(child.try_wait().unwrap().is_none(), "it still runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
