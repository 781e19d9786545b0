//! The inbox in numbers: counted once when the file is opened, and kept up with every commit.

use rusqlite::Connection;

use super::{arrivals::Committed, fault::StoreError, outbox, view::Counts};

/// What the inbox looks like from outside; changes with every commit that matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxState {
    /// Counts how often the file was opened; 0 before it is, when the rest means nothing.
    pub file: u32,
    /// Counts the changes.
    pub revision: u64,
    /// The newest row.
    pub newest: i64,
    /// How many tasks stand where.
    pub counts: Counts,
    /// Messages in the outbox that wait to be sent.
    pub waiting_to_send: u32,
}

impl InboxState {
    pub(super) fn add(&mut self, committed: &Committed) -> bool {
        if committed.rows == 0 {
            return false;
        }
        self.revision += 1;
        self.newest = committed.newest;
        self.counts.open += committed.tasks;
        self.counts.unread += committed.tasks;
        self.counts.unreadable += committed.unreadable;
        true
    }

    /// Every change counts: what is shown of a message may differ even where the counts do not.
    pub(super) fn replace(&mut self, new: Self) -> bool {
        *self = Self { revision: self.revision + 1, file: self.file, ..new };
        true
    }
}

/// Counts everything, which takes long where there are a million tasks.
pub(super) fn read(connection: &Connection) -> Result<InboxState, StoreError> {
    let (open, unread) = connection.query_row(
        "SELECT count(*), coalesce(sum(seen = 0), 0) FROM messages WHERE state IN (1, 2)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let one = |sql| connection.query_row(sql, [], |row| row.get(0));
    let unreadable = one("SELECT count(*) FROM messages WHERE kind = ''")?;
    let newest = connection.query_row("SELECT coalesce(max(seq), 0) FROM messages", [], |row| row.get(0))?;
    Ok(InboxState {
        file: 0,
        revision: 0,
        newest,
        counts: Counts { open, unread, unreadable },
        waiting_to_send: outbox::waiting_count(connection)?,
    })
}
