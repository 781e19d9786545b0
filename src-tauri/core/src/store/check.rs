//! Is the file sound? A short look when it is opened, a thorough one when nothing has happened for a while.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use rusqlite::Connection;

use super::fault::StoreError;

/// The look at the start takes no longer than this, and says nothing of what it has not come to. A million messages
/// are looked at in about that time.
const AT_START: Duration = Duration::from_millis(300);

/// Looks at the file for a short while.
pub(super) fn short(connection: &Connection) -> Result<(), StoreError> {
    let interrupt = connection.get_interrupt_handle();
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut wait = AT_START;
            // Said again until it is heard: the look may not have begun.
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                interrupt.interrupt();
                wait = Duration::from_millis(2);
            }
        });
        let result = look(connection, "quick_check");
        drop(end);
        result
    })
    .or_else(|error| if error.is_interruption() { Ok(()) } else { Err(error) })
}

/// Looks at all of it, every index included.
pub(super) fn thorough(connection: &Connection) -> Result<(), StoreError> {
    look(connection, "integrity_check")
}

fn look(connection: &Connection, how: &str) -> Result<(), StoreError> {
    let verdict: String = connection.query_row(&format!("PRAGMA {how}(1)"), [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
}
