//! Work on the whole file that takes long: on a thread of its own, which gives way as soon as something comes.
//!
//! The thread has the writer's only connection meanwhile, so that nobody else can write.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use super::{check, cursors, fault::StoreError, shrink};
use crate::message::{Millis, now};

/// When the file was last looked through, in milliseconds since 1970.
const CHECKED: &str = "checked";

/// How often it is: a page that went bad is found while its neighbours are still there to tell.
const EVERY: Millis = 7 * 24 * 60 * 60 * 1_000;

/// An interruption that comes before the work has begun is not heard, so it is said again after so long.
const AGAIN: Duration = Duration::from_millis(2);

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// The whole file is looked through for damage.
    Check,
    /// The file is rebuilt without its free pages.
    Rebuild,
}

/// A job at work.
pub(super) struct Aside {
    interrupt: InterruptHandle,
    thread: JoinHandle<(Connection, Result<(), StoreError>)>,
    ended: oneshot::Receiver<()>,
    ending: mpsc::Receiver<()>,
}

impl Aside {
    /// Starts it.
    pub(super) fn start(job: Job, connection: Connection) -> Self {
        let interrupt = connection.get_interrupt_handle();
        let (end, ended) = oneshot::channel();
        let (end_too, ending) = mpsc::channel();
        let thread = thread::spawn(move || {
            let result = job.run(&connection);
            // Each of the two ends may have been given up.
            let _ = (end.send(()), end_too.send(()));
            (connection, result)
        });
        Self { interrupt, thread, ended, ending }
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.ended).await;
    }

    /// Has it end now, and gives the connection back with what became of the job. `None` where it panicked.
    pub(super) fn end(self) -> Option<(Connection, Result<(), StoreError>)> {
        while self.ending.recv_timeout(AGAIN) == Err(RecvTimeoutError::Timeout) {
            self.interrupt.interrupt();
        }
        self.thread.join().ok()
    }
}

impl Job {
    fn run(self, connection: &Connection) -> Result<(), StoreError> {
        match self {
            Self::Check => {
                check::thorough(connection)?;
                cursors::advance(connection, CHECKED, now())
            }
            Self::Rebuild => shrink::rebuild(connection),
        }
    }
}

/// Has it been long enough since the file was looked through?
pub(super) fn check_is_due(connection: &Connection, now: Millis) -> Result<bool, StoreError> {
    let checked = cursors::read(connection, CHECKED)?;
    // A clock that was ahead does not put it off for ever.
    Ok(checked > now || now - checked >= EVERY)
}
