//! What is asked of the writer apart from arrivals, and how long it may wait for the disk.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::arrivals::Page;
use super::keeping::Retention;
use crate::trouble::Trouble;

/// How long a change that may wait does so, unless something else is asked. While messages come, so many commits
/// fewer stand in their way, and what waits for the change is done for several messages at once.
const SOON: Duration = Duration::from_millis(50);

/// Changes of more entries than this are worth a commit of their own at once: after a flood many follow each other.
const FEW: usize = 64;

/// A change: it is given the connection, or why there is none, and returns what went wrong, if anything did.
pub(super) type Change = Box<dyn FnOnce(Result<&mut Connection, Trouble>) -> Option<Trouble> + Send>;

/// What a change may alter of what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touches {
    /// Where tasks stand: everything is counted anew, which takes long where there are a million of them.
    Tasks,
    /// The outbox at the most.
    Outbox,
}

/// When a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// At once.
    Now,
    /// Soon: for what would only be done once more, with the same id, if the power failed meanwhile.
    Soon,
}

impl Haste {
    /// For a change of so many entries that may wait while they are few.
    pub(super) fn of(entries: usize) -> Self {
        if entries > FEW { Self::Now } else { Self::Soon }
    }
}

/// What is asked of the writer, apart from arrivals.
pub(super) enum Order {
    /// Run this with the connection. It answers its asker by itself.
    Change(Haste, Touches, Change),
    /// Commit what was fetched, or say why not; then nothing of it is held.
    Take(Page, oneshot::Sender<Result<(), Trouble>>),
    /// Keep no more than this.
    Keep(Retention),
    /// Whoever reads found the file damaged: which one it was, as the inbox counts them, and how.
    Damaged(u32, String),
    /// Write what is held, close, and end the thread.
    Stop(oneshot::Sender<()>),
}

/// Changes that wait, in the order in which they were asked for. Each has an asker who waits for it, which keeps them
/// few.
#[derive(Default)]
pub(super) struct Waiting {
    changes: Vec<(Touches, Change)>,
    /// Until when the first of them waits.
    until: Option<Instant>,
}

impl Waiting {
    pub(super) fn add(&mut self, touches: Touches, change: Change) {
        self.changes.push((touches, change));
        self.until.get_or_insert_with(|| Instant::now() + SOON);
    }

    /// Until when they wait; `None` where there are none.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// All of them; whoever takes them makes them.
    pub(super) fn take(&mut self) -> Vec<(Touches, Change)> {
        self.until = None;
        std::mem::take(&mut self.changes)
    }
}
