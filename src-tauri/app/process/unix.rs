//! Linux and macOS.

use std::process::Command;

use rustix::{fs::Mode, process::umask};
use tokio::signal::unix::{SignalKind, signal};

/// Files are for this user alone, and memory does not end up in a core dump. First thing in the program.
pub(crate) fn harden() {
    umask(Mode::RWXG | Mode::RWXO);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where the system refuses, core dumps stay as it set them up; there is nothing else to be done about it.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Returns when somebody wants the program to end: `kill`, Ctrl-C, the terminal or the session going away.
pub(crate) async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

/// Sets a child process apart, so that Ctrl-C in our terminal does not reach it.
pub(crate) fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}
