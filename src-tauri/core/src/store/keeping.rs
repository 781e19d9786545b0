//! How long messages are kept. What is older, or beyond the number, is removed in quiet times and in small steps.
//!
//! It must not remove a task that nobody has answered, nor one whose answers have not been heard; and never the
//! newest row: numbers are given from it, and every cursor would stand beyond what comes next.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::{cursors, fault::StoreError, search};
use crate::message::Millis;

/// What is kept; `None` is for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// For so many days.
    pub age_days: Option<u32>,
    /// So many of the newest messages.
    pub most: Option<u32>,
}

impl Retention {
    /// Is everything kept?
    pub fn is_for_ever(self) -> bool {
        self.age_days.is_none() && self.most.is_none()
    }
}

/// How often all rows are looked at.
const EVERY: Duration = Duration::from_hours(1);

/// How many rows are looked at in one step.
const LOOKED_AT: u32 = 500;

/// After so long a step ends, though rows it looked at are left: a large message takes long to remove.
const STEP: Duration = Duration::from_millis(10);

/// After so many removals the search index is merged, which gives the room of what is gone back.
const MERGED_AFTER: u32 = 10_000;

/// So many of its pages are written in one step.
const MERGED_AT_ONCE: i32 = 64;

/// A day.
const DAY: Millis = 24 * 60 * 60 * 1_000;

/// What a step removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Removed {
    /// Messages.
    pub(super) rows: u32,
    /// Those of them that could not be read.
    pub(super) unreadable: u32,
}

/// What is found when some more rows are looked at.
#[derive(Default)]
struct Doomed {
    /// The last of them; `None` where there are no more.
    seen: Option<i64>,
    /// Those that go, and whether each could not be read.
    rows: Vec<(i64, bool)>,
}

/// Where the look at all rows has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Going down from the newest row to the oldest that is kept for its number.
    Counting { below: i64, left: u32 },
    /// Going up through all rows.
    Messages { after: i64 },
    /// The search index is merged; `begun` where it is to be gone on with.
    Merging { begun: bool },
    /// What went out and is about no message.
    Outbox,
    /// Times in which nothing could be heard.
    Gaps,
}

/// The state of keeping things in bounds.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    retention: Retention,
    due: Option<Instant>,
    stage: Option<Stage>,
    /// What is below this row is beyond the number.
    lowest: i64,
    /// How many were removed since the search index was merged.
    unmerged: u32,
}

impl Keeping {
    /// From now on that is kept.
    pub(super) fn set(&mut self, retention: Retention) {
        *self = Self { retention, unmerged: self.unmerged, ..Self::default() };
        self.due = (!retention.is_for_ever()).then(Instant::now);
    }

    /// When it is looked at next; `None` where everything is kept.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Does a step, where one is due. The second is whether more is to be done at once.
    pub(super) fn step(&mut self, connection: &mut Connection, now: Millis) -> Result<(Removed, bool), StoreError> {
        let nothing = (Removed::default(), false);
        if self.due.is_none_or(|due| due > Instant::now()) {
            return Ok(nothing);
        }
        let stage = match self.stage {
            Some(stage) => stage,
            None => self.first(connection)?,
        };
        let (removed, next) = match stage {
            Stage::Counting { below, left } => (Removed::default(), Some(self.count(connection, below, left)?)),
            Stage::Messages { after } => self.messages(connection, after, now)?,
            Stage::Merging { begun } => (Removed::default(), Some(self.merge(connection, begun)?)),
            Stage::Outbox => (Removed::default(), Some(self.outbox(connection, now)?)),
            Stage::Gaps => (Removed::default(), self.gaps(connection, now)?),
        };
        self.stage = next;
        if next.is_none() {
            self.due = Some(Instant::now() + EVERY);
        }
        Ok((removed, next.is_some()))
    }

    /// After an error: all is begun anew at the next time.
    pub(super) fn put_off(&mut self) {
        self.stage = None;
        self.due = self.due.map(|_| Instant::now() + EVERY);
    }

    fn first(&mut self, connection: &Connection) -> Result<Stage, StoreError> {
        self.lowest = i64::MIN;
        // By itself the index would merge in the midst of a removal, for as long as it takes.
        connection.execute("INSERT INTO search (search, rank) VALUES ('deletemerge', 0)", [])?;
        let newest: Option<i64> = connection.query_row("SELECT max(seq) FROM messages", [], |row| row.get(0))?;
        Ok(match (self.retention.most, newest) {
            (Some(most), Some(newest)) => Stage::Counting { below: newest.saturating_add(1), left: most },
            _ => Stage::Messages { after: i64::MIN },
        })
    }

    /// Counts down in steps: at an offset of a million the table would be read in one go.
    fn count(&mut self, connection: &Connection, below: i64, left: u32) -> Result<Stage, StoreError> {
        let some = left.min(LOOKED_AT);
        let lowest = connection
            .prepare_cached("SELECT seq FROM messages WHERE seq < ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2")?
            .query_row(params![below, some.saturating_sub(1)], |row| row.get(0))
            .optional()?;
        Ok(match lowest {
            Some(below) if left > some => Stage::Counting { below, left: left - some },
            lowest => {
                // Fewer than the number: none is beyond it.
                self.lowest = lowest.unwrap_or(i64::MIN);
                Stage::Messages { after: i64::MIN }
            }
        })
    }

    fn oldest(&self, now: Millis) -> Millis {
        self.retention.age_days.map_or(Millis::MIN, |days| now.saturating_sub(Millis::from(days) * DAY))
    }

    fn messages(
        &mut self,
        connection: &mut Connection,
        after: i64,
        now: Millis,
    ) -> Result<(Removed, Option<Stage>), StoreError> {
        let Doomed { seen, rows } = self.doomed(connection, after, now)?;
        let Some(seen) = seen else {
            let merging = self.unmerged >= MERGED_AFTER;
            let next = if merging { Stage::Merging { begun: false } } else { Stage::Outbox };
            return Ok((Removed::default(), Some(next)));
        };
        let mut removed = Removed::default();
        let mut until = seen;
        let began = Instant::now();
        let transaction = connection.transaction()?;
        let indexed = cursors::read(&transaction, search::CURSOR)?;
        for (seq, unreadable) in rows {
            if began.elapsed() > STEP {
                until = seq - 1;
                break;
            }
            if seq <= indexed {
                transaction.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute([seq])?;
            }
            transaction.prepare_cached("DELETE FROM outbox WHERE about = ?1")?.execute([seq])?;
            transaction.prepare_cached("DELETE FROM messages WHERE seq = ?1")?.execute([seq])?;
            removed.rows += 1;
            removed.unreadable += u32::from(unreadable);
        }
        transaction.commit()?;
        self.unmerged += removed.rows;
        Ok((removed, Some(Stage::Messages { after: until })))
    }

    fn doomed(&self, connection: &Connection, after: i64, now: Millis) -> Result<Doomed, StoreError> {
        let seen: Option<i64> = connection
            .prepare_cached("SELECT max(seq) FROM (SELECT seq FROM messages WHERE seq > ?1 ORDER BY seq LIMIT ?2)")?
            .query_row(params![after, LOOKED_AT], |row| row.get(0))?;
        let Some(seen) = seen else { return Ok(Doomed::default()) };
        // A receipt that nobody heard twice is no answer that still waits; a refused answer was not heard.
        let mut statement = connection.prepare_cached(
            "SELECT seq, kind = '' FROM messages m
             WHERE seq > ?1 AND seq <= ?2 AND (seq < ?3 OR received_at < ?4) AND state NOT IN (1, 2)
               AND seq < (SELECT max(seq) FROM messages)
               AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.about = m.seq
                 AND (o.state = 0 OR (o.state = 1 AND o.resent = 0) OR (o.status > 1 AND o.state <> 2)))
             ORDER BY seq",
        )?;
        let rows = statement
            .query_map(params![after, seen, self.lowest, self.oldest(now)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Doomed { seen: Some(seen), rows: rows.collect::<Result<_, _>>()? })
    }

    /// The time before which what is about no message goes: the age, or when the oldest kept for its number came.
    fn horizon(&self, connection: &Connection, now: Millis) -> Result<Millis, StoreError> {
        let came: Option<Millis> = connection
            .prepare_cached("SELECT received_at FROM messages WHERE seq = ?1")?
            .query_row([self.lowest], |row| row.get(0))
            .optional()?;
        Ok(self.oldest(now).max(came.unwrap_or(Millis::MIN)))
    }

    fn merge(&mut self, connection: &Connection, begun: bool) -> Result<Stage, StoreError> {
        // The first, by a number below nought, marks everything as to be merged into one.
        let pages = if begun { MERGED_AT_ONCE } else { -MERGED_AT_ONCE };
        let before = connection.total_changes();
        connection.execute("INSERT INTO search (search, rank) VALUES ('merge', ?1)", [pages])?;
        // Fewer than two changes: there was nothing to merge (sqlite.org/fts5.html, 6.8).
        if connection.total_changes() - before >= 2 {
            return Ok(Stage::Merging { begun: true });
        }
        self.unmerged = 0;
        Ok(Stage::Outbox)
    }

    fn outbox(&self, connection: &Connection, now: Millis) -> Result<Stage, StoreError> {
        let gone = connection
            .prepare_cached(
                "DELETE FROM outbox WHERE seq IN (
                   SELECT seq FROM outbox WHERE about IS NULL AND created_at < ?1
                     AND (state > 1 OR (state = 1 AND resent = 1)) LIMIT ?2)",
            )?
            .execute(params![self.horizon(connection, now)?, LOOKED_AT])?;
        Ok(if gone == LOOKED_AT as usize { Stage::Outbox } else { Stage::Gaps })
    }

    fn gaps(&self, connection: &Connection, now: Millis) -> Result<Option<Stage>, StoreError> {
        let gone = connection
            .prepare_cached("DELETE FROM gaps WHERE seq IN (SELECT seq FROM gaps WHERE until < ?1 LIMIT ?2)")?
            .execute(params![self.horizon(connection, now)?, LOOKED_AT])?;
        Ok((gone == LOOKED_AT as usize).then_some(Stage::Gaps))
    }
}
