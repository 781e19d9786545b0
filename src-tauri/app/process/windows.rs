//! Windows.

use std::process::Command;

/// A user's files are private by default here, and there are no core dumps.
pub(crate) fn harden() {}

/// Returns when somebody wants the program to end.
pub(crate) async fn asked_to_stop() -> std::io::Result<()> {
    let mut close = tokio::signal::windows::ctrl_close()?;
    let mut shutdown = tokio::signal::windows::ctrl_shutdown()?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = close.recv() => Ok(()),
        _ = shutdown.recv() => Ok(()),
    }
}

/// Sets a child process apart, so that Ctrl-C in our console does not reach it.
pub(crate) fn apart(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}
