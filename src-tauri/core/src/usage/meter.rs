//! Counting what is sent, by kind, where it is sent. Counting must not lock, and must not know a day.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Metered;

/// What a command is for. Each is one that the service bills, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// A sign of life: PUBLISH on the channel `heartbeat`.
    Heartbeat,
    /// PING where no heartbeat may be published, and the weekly write for an idle database.
    KeepAlive,
    /// AUTH and SUBSCRIBE.
    Connect,
    /// PUBLISH of anything else.
    Publish,
    /// PUBLISH of a receipt.
    Receipt,
    /// XADD: the same message once more, in its channel's record.
    Record,
    /// XREAD, XREVRANGE and XINFO: what was missed.
    CatchUp,
    /// The connection test, and asking Helios whether he is there.
    Test,
}

impl CommandKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Heartbeat,
        Self::KeepAlive,
        Self::Connect,
        Self::Publish,
        Self::Receipt,
        Self::Record,
        Self::CatchUp,
        Self::Test,
    ];

    /// As it stands in a table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::KeepAlive => "keep_alive",
            Self::Connect => "connect",
            Self::Publish => "publish",
            Self::Receipt => "receipt",
            Self::Record => "record",
            Self::CatchUp => "catch_up",
            Self::Test => "test",
        }
    }

    /// As a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeats",
            Self::KeepAlive => "keep-alive",
            Self::Connect => "connecting",
            Self::Publish => "messages",
            Self::Receipt => "receipts",
            Self::Record => "the record",
            Self::CatchUp => "catching up",
            Self::Test => "tests",
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Heartbeat => 0,
            Self::KeepAlive => 1,
            Self::Connect => 2,
            Self::Publish => 3,
            Self::Receipt => 4,
            Self::Record => 5,
            Self::CatchUp => 6,
            Self::Test => 7,
        }
    }
}

/// Counts by kind, and bytes as the server sees them. Sums of these are sums of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    commands: [u64; 8],
    /// Bytes that came from the server.
    pub bytes_in: u64,
    /// Bytes that went to it.
    pub bytes_out: u64,
}

impl Tally {
    /// Commands of one kind.
    pub fn of(&self, kind: CommandKind) -> u64 {
        self.commands[kind.place()]
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, kind: CommandKind) -> &mut u64 {
        &mut self.commands[kind.place()]
    }

    /// Commands of every kind.
    pub fn commands(&self) -> u64 {
        self.commands.iter().sum()
    }

    /// Bytes both ways.
    pub fn bytes(&self) -> u64 {
        self.bytes_in + self.bytes_out
    }

    /// Nothing was counted.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what `now` says more than `before`, both of one meter. What was taken back since is taken off again.
    pub fn add_since(&mut self, now: &Self, before: &Self) {
        let moved = |here: &mut u64, now: u64, before: u64| *here = (*here + now).saturating_sub(before);
        for (place, here) in self.commands.iter_mut().enumerate() {
            moved(here, now.commands[place], before.commands[place]);
        }
        moved(&mut self.bytes_in, now.bytes_in, before.bytes_in);
        moved(&mut self.bytes_out, now.bytes_out, before.bytes_out);
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.add_since(other, &Self::default());
        self
    }
}

/// Counts for as long as the program runs. Clones count together; each count is one atomic addition.
///
/// A command is counted when it is handed over to be sent, and taken back when the answer says that the service took
/// none at all (a used-up quota, too many connections): it bills none of these, and no server has carried them out.
/// One that is refused for itself (no right to a channel, a wrong password) counts, as it does there. So does one whose
/// answer was lost with its connection, for it may have arrived: the count errs towards too many, never too few.
///
/// What goes to the database in use is counted by the meter itself, and what goes to one that is named by the one that
/// [`Meter::of`] gives.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    counts: Arc<Counts>,
    named: Arc<Mutex<BTreeMap<String, Arc<Counts>>>>,
}

#[derive(Debug, Default)]
struct Counts {
    commands: [AtomicI64; 8],
    bytes_in: AtomicI64,
    bytes_out: AtomicI64,
}

impl Counts {
    fn so_far(&self) -> Tally {
        let read = |count: &AtomicI64| u64::try_from(count.load(Ordering::Relaxed)).unwrap_or_default();
        let mut tally = Tally { bytes_in: read(&self.bytes_in), bytes_out: read(&self.bytes_out), ..Tally::default() };
        for (here, count) in tally.commands.iter_mut().zip(&self.commands) {
            *here = read(count);
        }
        tally
    }
}

impl Meter {
    /// The meter of what goes to this database, by its host and port, whether or not it is the one in use.
    #[must_use]
    pub fn of(&self, database: &str) -> Self {
        let counts = Arc::clone(self.named().entry(database.to_owned()).or_default());
        Self { counts, named: Arc::clone(&self.named) }
    }

    /// So many of a kind are about to be sent.
    pub fn count(&self, kind: CommandKind, number: usize) {
        self.counts.commands[kind.place()].fetch_add(signed(number), Ordering::Relaxed);
    }

    /// So many that were counted were not taken by the service.
    pub fn take_back(&self, kind: CommandKind, number: usize) {
        self.counts.commands[kind.place()].fetch_sub(signed(number), Ordering::Relaxed);
    }

    /// A stream whose bytes are counted.
    pub fn on<S>(&self, stream: S) -> Metered<S> {
        Metered::new(stream, self.clone())
    }

    /// Everything so far.
    pub fn so_far(&self) -> Tally {
        self.counts.so_far()
    }

    /// Everything so far that was counted by a database's name.
    pub fn so_far_by_name(&self) -> Vec<(String, Tally)> {
        self.named().iter().map(|(database, counts)| (database.clone(), counts.so_far())).collect()
    }

    fn named(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Counts>>> {
        // Nothing is ever half done to it.
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn came(&self, bytes: usize) {
        self.counts.bytes_in.fetch_add(signed(bytes), Ordering::Relaxed);
    }

    pub(super) fn went(&self, bytes: usize) {
        self.counts.bytes_out.fetch_add(signed(bytes), Ordering::Relaxed);
    }
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_together_and_takes_back() {
        let meter = Meter::default();
        let other = meter.clone();
        for kind in CommandKind::ALL {
            meter.count(kind, 2);
            other.count(kind, 1);
        }
        let before = meter.so_far();
        assert_eq!(before.commands(), 24);
        assert!(CommandKind::ALL.iter().all(|kind| before.of(*kind) == 3));
        other.take_back(CommandKind::Publish, 1);
        let mut day = Tally::default();
        day.add_since(&before, &Tally::default());
        day.add_since(&meter.so_far(), &before);
        assert_eq!((day.of(CommandKind::Publish), day.commands()), (2, 23));
    }

    #[test]
    fn what_is_named_counts_apart_and_together_with_its_like() {
        let meter = Meter::default();
        meter.count(CommandKind::Test, 1);
        meter.of("a:1").count(CommandKind::Test, 2);
        meter.clone().of("b:1").of("a:1").count(CommandKind::Test, 3);
        assert_eq!(meter.so_far().commands(), 1);
        let named = meter.so_far_by_name();
        let named: Vec<_> = named.iter().map(|(name, tally)| (name.as_str(), tally.commands())).collect();
        assert_eq!(named, [("a:1", 5), ("b:1", 0)]);
    }

    #[test]
    fn the_words_are_those_of_the_window() {
        for kind in CommandKind::ALL {
            assert_eq!(serde_json::to_value(kind).ok(), Some(kind.word().into()));
        }
    }
}
