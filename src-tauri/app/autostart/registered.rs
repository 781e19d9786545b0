//! Where the system itself keeps what is started: there is no file of ours to read back.

/// Where the entry is, in words.
pub(crate) fn place() -> Option<String> {
    Some("the system’s list of programs started at login".into())
}

#[expect(clippy::unnecessary_wraps, reason = "one signature on all systems")]
pub(super) fn is_wanted() -> std::io::Result<bool> {
    Ok(true)
}

#[expect(clippy::unnecessary_wraps, reason = "one signature on all systems; the plugin writes the path anew each time")]
pub(super) fn mend() -> std::io::Result<bool> {
    Ok(false)
}
