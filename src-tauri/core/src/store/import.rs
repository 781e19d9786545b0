//! Taking messages in from a file of lines (`portable`), without taking any twice.
//!
//! They stand below everything that is there: they came before it, no cursor has to pass them, and so nothing is
//! received, notified or answered once more. What has an id is known by its sender and it; what has none by its
//! channel, its time and its bytes.

mod lines;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    io,
    path::Path,
};

use rusqlite::{Connection, params, params_from_iter, types::Value};
use serde::Serialize;
use tokio::sync::mpsc;
use ts_rs::TS;

use self::lines::Numbered;
use super::{
    Store, cursors,
    fault::StoreError,
    portable::{self, Portable},
    receipts, search, state,
};
use crate::trouble::{Trouble, TroubleCode};

/// Portions between reading the file and writing. Full: the reading waits.
const PORTIONS: usize = 2;

/// So many rows without an id are looked at in one go.
const LOOKED_AT: u32 = 5_000;

/// What became of the lines of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Imported {
    /// Messages that were not there.
    #[ts(type = "number")]
    pub added: u64,
    /// Messages that were there already.
    #[ts(type = "number")]
    pub there_already: u64,
    /// Lines that are no message.
    #[ts(type = "number")]
    pub unreadable_lines: u64,
}

/// Messages that were written into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Exported {
    /// How many.
    #[ts(type = "number")]
    pub messages: u64,
    /// Where the file is.
    pub place: String,
}

/// How often each message without an id is there, by two hashes of it: together they are as good as the message.
struct Nameless {
    hashers: [RandomState; 2],
    count: HashMap<[u64; 2], u32>,
}

/// What is carried from one portion to the next.
struct Importing {
    nameless: Nameless,
    done: Imported,
    /// The number of the first line's row.
    first: Option<i64>,
    lines: i64,
    /// The last message of the file, until it is known whether it must come first.
    last: Option<Numbered>,
    /// The line that did.
    before_its_turn: Option<i64>,
}

impl Store {
    /// Takes in the messages of a file that [`Store::export`] wrote. Those that are there already stay as they are.
    ///
    /// Fails where the file cannot be read or the store cannot be written; what was taken in until then stays, and
    /// another try takes in the rest.
    pub async fn import(&self, path: &Path) -> Result<Imported, Trouble> {
        // By the writer: its file is open, or it says why not.
        self.note(|_| Ok(())).await?;
        let file = path.to_owned();
        let looked = blocking(path, move || lines::look_through(&file)).await?;
        let mut importing = Importing {
            nameless: self.nameless().await?,
            done: Imported { unreadable_lines: looked.unreadable, ..Imported::default() },
            first: None,
            lines: looked.lines,
            last: looked.last,
            before_its_turn: None,
        };
        let (portions, mut to_add) = mpsc::channel(PORTIONS);
        let file = path.to_owned();
        let reading = blocking(path, move || lines::read_portions(&file, &portions));
        let adding = async {
            while let Some(portion) = to_add.recv().await {
                importing = self
                    .note(move |connection| {
                        importing.add(connection, portion)?;
                        Ok(importing)
                    })
                    .await?;
            }
            // Everything is counted once, at the end.
            self.change(move |_| Ok(importing.done)).await
        };
        let (added, read) = tokio::join!(adding, reading);
        let added = added?;
        read.map(|()| added)
    }

    async fn nameless(&self) -> Result<Nameless, Trouble> {
        let mut nameless = Nameless { hashers: [RandomState::new(), RandomState::new()], count: HashMap::new() };
        let mut after = Some(i64::MIN);
        while let Some(from) = after {
            (nameless, after) = self
                .read(move |connection| {
                    let after = nameless.count_some(connection, from)?;
                    Ok((nameless, after))
                })
                .await?;
        }
        Ok(nameless)
    }
}

impl Nameless {
    fn count_some(&mut self, connection: &Connection, after: i64) -> Result<Option<i64>, StoreError> {
        let mut statement = connection.prepare_cached(
            "SELECT seq, id IS NULL, channel, received_at, CASE WHEN id IS NULL THEN payload END
             FROM messages WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut rows = statement.query(params![after, LOOKED_AT])?;
        let (mut last, mut looked_at) = (after, 0);
        while let Some(row) = rows.next()? {
            (last, looked_at) = (row.get(0)?, looked_at + 1);
            if row.get(1)? {
                let (channel, payload) = (row.get_ref(2)?.as_str(), row.get_ref(4)?.as_blob());
                let channel = channel.map_err(rusqlite::Error::from)?;
                let key = self.key(channel, row.get(3)?, payload.map_err(rusqlite::Error::from)?);
                *self.count.entry(key).or_default() += 1;
            }
        }
        Ok((looked_at == LOOKED_AT).then_some(last))
    }

    fn key(&self, channel: &str, received_at: i64, payload: &[u8]) -> [u64; 2] {
        self.hashers.each_ref().map(|hasher| hasher.hash_one((channel, received_at, payload)))
    }

    /// Is it there, and not yet met in the file?
    fn take(&mut self, message: &Portable) -> bool {
        let key = self.key(&message.channel, message.received_at, &message.payload);
        match self.count.get_mut(&key) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

impl Importing {
    fn add(&mut self, connection: &mut Connection, portion: Vec<Numbered>) -> Result<(), StoreError> {
        let transaction = connection.transaction()?;
        let first = match self.first {
            Some(first) => first,
            None => self.begin(&transaction)?,
        };
        self.first = Some(first);
        for (line, message) in portion {
            if self.before_its_turn != Some(line) {
                self.add_one(&transaction, first + line, &message)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Finds the place of the first line. In an empty store that is the beginning, and the last message goes in before
    /// its turn: what arrives meanwhile comes behind it.
    fn begin(&mut self, connection: &Connection) -> Result<i64, StoreError> {
        let lowest: Option<i64> = connection.query_row("SELECT min(seq) FROM messages", [], |row| row.get(0))?;
        let last = self.last.take();
        if let Some(lowest) = lowest {
            // Below nought, too: the receipts' cursor may be there.
            return Ok(lowest.min(0) - self.lines);
        }
        if let Some((line, message)) = last {
            self.before_its_turn = Some(line);
            self.add_one(connection, 1 + line, &message)?;
            for cursor in [receipts::CURSOR, search::CURSOR] {
                cursors::advance(connection, cursor, 1 + line)?;
            }
        }
        Ok(1)
    }

    fn add_one(&mut self, connection: &Connection, seq: i64, message: &Portable) -> Result<(), StoreError> {
        let there = message.header.id.is_none() && self.nameless.take(message);
        if !there && insert(connection, seq, message)? {
            let header = &message.header;
            search::index(connection, seq, &header.from, &header.kind, &message.payload)?;
            self.done.added += 1;
        } else {
            self.done.there_already += 1;
        }
        Ok(())
    }
}

fn insert(connection: &Connection, seq: i64, message: &Portable) -> Result<bool, StoreError> {
    let header = &message.header;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO messages (seq, sender, id, channel, kind, priority, received_at, sent_at, expires_at,
             reply_to, state, seen, receipt, receipt_at, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (sender, id) WHERE id IS NOT NULL DO NOTHING",
        )?
        .execute(params![
            seq,
            header.from,
            header.id,
            message.channel,
            super::column_of(&header.kind),
            state::priority_to_number(header.priority),
            message.received_at,
            header.sent_at,
            header.expires_at,
            header.reply_to,
            message.state,
            message.seen,
            message.receipt,
            message.receipt_at,
            message.payload,
        ])?;
    if inserted > 0 && !message.more.is_empty() {
        set_more(connection, seq, &message.more)?;
    }
    Ok(inserted > 0)
}

/// Columns that the file has words for and this version may not have.
fn set_more(connection: &Connection, seq: i64, more: &[(String, Value)]) -> Result<(), StoreError> {
    let mut known = connection.prepare_cached("SELECT 1 FROM pragma_table_info('messages') WHERE name = ?1")?;
    for (name, value) in more {
        if portable::TOLD.contains(&name.as_str()) || !known.exists([name])? {
            continue;
        }
        let set = connection
            .prepare_cached(&format!("UPDATE messages SET \"{name}\" = ?1 WHERE seq = ?2"))?
            .execute(params_from_iter([value, &Value::Integer(seq)]))
            .map_err(StoreError::from);
        match set {
            // A value that the column cannot hold.
            Err(error) if error.is_of_the_row() => {}
            set => drop(set?),
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Trouble> {
    let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten();
    done.map_err(|error| {
        Trouble::new(
            TroubleCode::NotPossible,
            format!("The messages could not be read from {}: {error}.", path.display()),
            "Choose a file that Heliograph has exported.",
        )
    })
}
