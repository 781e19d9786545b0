//! The file of messages, read beside the program that writes it.

use std::path::PathBuf;

use rusqlite::{Connection, OpenFlags, types::FromSql};

use super::wait::{LIMIT, holds};

/// The program's file of messages.
#[derive(Debug)]
pub(crate) struct Inbox(PathBuf);

impl Inbox {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The one value that a question answers; `None` while there is no file, or no such table.
    pub(crate) fn ask<T: FromSql>(&self, question: &str) -> Option<T> {
        let connection = Connection::open_with_flags(&self.0, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        connection.busy_timeout(LIMIT).unwrap();
        connection.query_row(question, [], |row| row.get(0)).ok()
    }

    /// The first column of every row.
    pub(crate) fn all<T: FromSql>(&self, question: &str) -> Vec<T> {
        let connection = Connection::open_with_flags(&self.0, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        connection.busy_timeout(LIMIT).unwrap();
        let mut statement = connection.prepare(question).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    pub(crate) fn count(&self) -> i64 {
        self.ask("SELECT count(*) FROM messages").unwrap_or(0)
    }

    /// Waits until so many messages are stored.
    pub(crate) async fn holds(&self, count: i64) {
        holds(&format!("{count} messages are stored"), LIMIT, async || self.count() >= count).await;
        assert_eq!(self.count(), count, "and no more than these");
    }
}
