//! A program of the session, with all its children, for as long as the value lives.

use std::{
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::wait;

/// A running program in a process group of its own. Dropping it kills the group.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self { child, name }
    }

    /// The same, with what it says written nowhere.
    pub(crate) fn silent(command: &mut Command) -> Self {
        Self::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(pid(self.child.id()), signal).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end, and says how long that took and how it ended.
    pub(crate) async fn ends_within(&mut self, limit: Duration) -> (Duration, ExitStatus) {
        let name = self.name.clone();
        let mut status = None;
        let took = wait::holds(&format!("{name} ended"), limit, async || {
            status = self.ended();
            status.is_some()
        })
        .await;
        (took, status.unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that nobody is left in the group.
        let _ = kill_process_group(pid(self.child.id()), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn pid(number: u32) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("a process id")
}

/// A program in PATH; its absence is the test's failure, not a reason to pass.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; `cargo xtask setup --tests` installs what the tests need"))
}

/// The output of a program that ends by itself; `None` where it failed.
pub(crate) fn said(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Is there a process with that id that has not ended?
pub(crate) fn lives(process: u32) -> bool {
    stat(process).is_ok_and(|(state, _, _)| state != 'Z')
}

/// The ids and names of the living processes below `ancestor`.
pub(crate) fn below(ancestor: u32) -> Vec<(u32, String)> {
    let mut all: Vec<(u32, u32, String)> = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that is gone meanwhile is no longer below anybody.
        if let Ok((state, parent, name)) = stat(process)
            && state != 'Z'
        {
            all.push((process, parent, name));
        }
    }
    let mut found = Vec::new();
    let mut look_below = vec![ancestor];
    while let Some(parent) = look_below.pop() {
        for (process, _, name) in all.iter().filter(|(_, its_parent, _)| *its_parent == parent) {
            found.push((*process, name.clone()));
            look_below.push(*process);
        }
    }
    found
}

/// State, parent and name, from a file that everybody may read.
fn stat(process: u32) -> io::Result<(char, u32, String)> {
    let text = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"))?;
    let read = || {
        // The name stands in brackets and may hold anything, brackets too.
        let (name, rest) = text.split_once('(')?.1.rsplit_once(')')?;
        let mut words = rest.split_whitespace();
        let state = words.next()?.chars().next()?;
        Some((state, words.next()?.parse().ok()?, name.to_owned()))
    };
    read().ok_or_else(|| io::ErrorKind::InvalidData.into())
}
