//! What the writer does when nothing comes, in steps so small that an arrival hardly waits for one.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::search;

/// How long nothing may have come before the search index goes on.
const QUIET: Duration = Duration::from_millis(250);

/// How many rows the search index takes at once. Between two steps it rests for as long as the first took.
const INDEX_STEP: u32 = 200;

/// How long nothing may have happened before the log is folded into the file.
const CALM: Duration = Duration::from_secs(2);

/// What is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spare {
    /// The search index goes on after so long a pause.
    Index(Duration),
    /// The log is folded into the file.
    Fold,
    /// Nothing.
    Nothing,
}

impl Spare {
    /// After something has come.
    pub(super) const ALL: Self = Self::Index(QUIET);

    /// How long a pause must be before it is begun; `None` where nothing is left.
    pub(super) fn after(self) -> Option<Duration> {
        match self {
            Self::Index(rest) => Some(rest),
            Self::Fold => Some(CALM),
            Self::Nothing => None,
        }
    }

    /// Does a step of it, and returns what is left then.
    pub(super) fn step(self, connection: &mut Connection) -> Self {
        match self {
            Self::Index(_) => index(connection),
            Self::Fold => {
                fold(connection);
                Self::Nothing
            }
            Self::Nothing => Self::Nothing,
        }
    }
}

fn index(connection: &mut Connection) -> Spare {
    let began = Instant::now();
    match search::index_some(connection, INDEX_STEP) {
        Ok(true) => Spare::Index(began.elapsed().min(QUIET)),
        Ok(false) => Spare::Fold,
        Err(error) => {
            // Messages are found row by row meanwhile; the next arrival tries again.
            tracing::warn!("the search index cannot go on: {error}");
            Spare::Fold
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
