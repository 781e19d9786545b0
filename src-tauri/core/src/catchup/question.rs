//! The commands that read a record. They change nothing at the server.

use redis::Cmd;

use crate::{link::RECORD, store::EntryId};

/// The newest entry of a channel's record.
pub(super) fn newest(channel: &str) -> Cmd {
    let mut command = Cmd::new();
    command.arg("XREVRANGE").arg(key(channel)).arg("+").arg("-").arg("COUNT").arg(1);
    command
}

/// What follows after an entry of each channel's record, all in one command.
pub(super) fn after(records: &[(String, EntryId)], count: usize) -> Cmd {
    let mut command = Cmd::new();
    command.arg("XREAD").arg("COUNT").arg(count).arg("STREAMS");
    for (channel, _) in records {
        command.arg(key(channel));
    }
    for (_, id) in records {
        command.arg(format!("{}-{}", id.ms, id.nth));
    }
    command
}

/// What the server knows of a channel's record as a whole.
pub(super) fn about(channel: &str) -> Cmd {
    let mut command = Cmd::new();
    command.arg("XINFO").arg("STREAM").arg(key(channel));
    command
}

fn key(channel: &str) -> String {
    format!("{RECORD}{channel}")
}
