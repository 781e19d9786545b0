//! What the writer does when nothing comes, in steps so small that an arrival hardly waits for one.
//!
//! In this order: the search index, what is no longer kept, folding the log, a thorough look at the file, and giving
//! back its free pages. What takes long and cannot be cut into steps goes to a thread of its own (`aside`).

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{
    aside::{self, Job},
    fault::StoreError,
    keeping::{Keeping, Removed},
    search, shrink,
};
use crate::message::{Millis, now};

/// How long nothing may have come before the search index goes on.
const QUIET: Duration = Duration::from_millis(250);

/// How many rows the search index takes at once. Between two steps it rests for as long as the first took.
const INDEX_STEP: u32 = 200;

/// How long nothing may have happened before the log is folded into the file.
const CALM: Duration = Duration::from_secs(2);

/// How long nothing may have happened before the file is looked through or made smaller.
const IDLE: Duration = Duration::from_secs(20);

/// What is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spare {
    /// The search index goes on after so long a pause.
    Index(Duration),
    /// What is no longer kept is removed after so long a pause.
    Keep(Duration),
    /// The log is folded into the file.
    Fold,
    /// It is seen whether the file wants to be looked through.
    Check,
    /// It is seen whether many pages are free.
    Measure,
    /// They are given back after so long a pause.
    Shrink(Duration),
    /// This goes to a thread of its own now.
    Hand(Job),
    /// Nothing, until it is time to look at what is kept.
    Rest,
    /// Nothing, until a job on a thread of its own has ended.
    Wait,
}

/// What one step did.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Messages that are gone.
    pub(super) removed: Removed,
    /// The file was found damaged.
    pub(super) damage: Option<StoreError>,
}

impl Spare {
    /// After something has come.
    pub(super) const ALL: Self = Self::Index(QUIET);

    /// After a job on a thread of its own has ended in peace.
    pub(super) const AFTER_A_JOB: Self = Self::Measure;

    /// How long a pause must be before it is begun; `None` where nothing is left.
    pub(super) fn after(self, keeping: &Keeping) -> Option<Duration> {
        match self {
            Self::Index(rest) | Self::Keep(rest) | Self::Shrink(rest) => Some(rest),
            Self::Fold => Some(CALM),
            Self::Check | Self::Measure => Some(IDLE),
            Self::Hand(_) => Some(Duration::ZERO),
            Self::Rest => keeping.due().map(|due| due.saturating_duration_since(Instant::now()).max(QUIET)),
            Self::Wait => None,
        }
    }

    /// Does a step of it, and returns what is left then.
    pub(super) fn step(self, connection: &mut Connection, keeping: &mut Keeping) -> (Self, Done) {
        match self {
            Self::Index(_) => index(connection),
            Self::Keep(_) => keep(connection, keeping, now()),
            Self::Fold => {
                fold(connection);
                (Self::Check, Done::default())
            }
            Self::Check => match aside::check_is_due(connection, now()) {
                Ok(true) => (Self::Hand(Job::Check), Done::default()),
                Ok(false) => shrink(connection, false),
                Err(error) => failed("the file cannot be looked through", error, Self::Rest),
            },
            Self::Measure => shrink(connection, false),
            Self::Shrink(_) => shrink(connection, true),
            Self::Rest => (Self::ALL, Done::default()),
            Self::Hand(_) | Self::Wait => (self, Done::default()),
        }
    }
}

fn index(connection: &mut Connection) -> (Spare, Done) {
    let began = Instant::now();
    match search::index_some(connection, INDEX_STEP) {
        Ok(true) => (Spare::Index(began.elapsed().min(QUIET)), Done::default()),
        Ok(false) => (Spare::Keep(Duration::ZERO), Done::default()),
        // Messages are found row by row meanwhile; the next arrival tries again.
        Err(error) => failed("the search index cannot go on", error, Spare::Fold),
    }
}

fn keep(connection: &mut Connection, keeping: &mut Keeping, now: Millis) -> (Spare, Done) {
    let began = Instant::now();
    match keeping.step(connection, now) {
        Ok((removed, true)) => (Spare::Keep(began.elapsed().min(QUIET)), Done { removed, damage: None }),
        Ok((removed, false)) => (Spare::Fold, Done { removed, damage: None }),
        Err(error) => {
            keeping.put_off();
            failed("what is no longer kept cannot be removed", error, Spare::Fold)
        }
    }
}

/// Folds the log into the file, and gives memory back.
fn fold(connection: &Connection) {
    let result = connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE); PRAGMA shrink_memory;");
    if let Err(error) = result {
        tracing::debug!("the log could not be folded in: {error}");
    }
}

fn shrink(connection: &Connection, begun: bool) -> (Spare, Done) {
    let start = Instant::now();
    match shrink::step(connection, begun) {
        Ok(shrink::Left::Some) => (Spare::Shrink(start.elapsed().min(QUIET)), Done::default()),
        Ok(shrink::Left::Rebuild) => (Spare::Hand(Job::Rebuild), Done::default()),
        Ok(shrink::Left::Nothing) => {
            if begun {
                // The file itself becomes smaller only by this.
                fold(connection);
            }
            (Spare::Rest, Done::default())
        }
        Err(error) => failed("free pages cannot be given back", error, Spare::Rest),
    }
}

fn failed(what: &str, error: StoreError, then: Spare) -> (Spare, Done) {
    tracing::warn!("{what}: {error}");
    (then, Done { removed: Removed::default(), damage: Some(error).filter(StoreError::is_damaged) })
}
