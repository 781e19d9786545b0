//! Writing what arrived, many messages to a transaction, and with them how far something was read.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{
    cursors,
    fault::StoreError,
    records::{self, Reached},
    state,
    view::Way,
};
use crate::message::{Header, Kind, Millis, Priority, Summary, summarise};

/// A message on its way into the store.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The channel it came on.
    pub channel: Arc<str>,
    /// What its envelope says.
    pub header: Header,
    /// What came, byte for byte.
    pub payload: Vec<u8>,
    /// When it came.
    pub at: Millis,
    /// Does it raise a notification?
    pub notable: bool,
    /// Which way it came.
    pub way: Way,
    /// Heard while the records were read, so that it may be there already though it has no id.
    pub held: bool,
    /// Who left it in the mailbox, by the name of that service.
    pub login: Option<String>,
    /// Why it is kept and not taken for a message.
    pub doubt: Option<&'static str>,
}

/// What was fetched from somewhere, and how far that was read then: one commit.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The messages, oldest first.
    pub arrivals: Vec<Arrival>,
    /// How far what they come from was read.
    pub reached: Vec<Reached>,
    /// Were they sent while nobody could be told?
    pub away: bool,
}

/// What one commit brought.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Messages that raise a notification and were not there before.
    pub notable: u32,
    /// How many of them are urgent.
    pub urgent: u32,
    /// The first few of them.
    pub first: Vec<Notable>,
    /// The last of them.
    pub latest: Option<Notable>,
    /// New rows of any kind.
    pub rows: u32,
    /// The newest row.
    pub newest: i64,
    /// New unanswered tasks.
    pub tasks: u32,
    /// New unreadable messages.
    pub unreadable: u32,
    /// They were sent while nobody could be told.
    pub away: bool,
}

/// A message that raises a notification.
#[derive(Clone, Debug)]
pub struct Notable {
    /// Its row.
    pub seq: i64,
    /// Its type.
    pub kind: Kind,
    /// Who says to have sent it.
    pub from: String,
    /// How soon it wants attention.
    pub priority: Priority,
    /// What it says.
    pub summary: Summary,
}

/// How many new tasks of one commit are described one by one; more are only counted.
const DESCRIBED: usize = 4;

/// The state of a task whose time had passed when it came.
const EXPIRED: i64 = 6;

/// Inserts in one transaction. A message that is there already (same sender and id) is passed over; its row says then
/// which ways it came.
pub(super) fn insert(
    connection: &mut Connection,
    arrivals: &[Arrival],
    reached: &[Reached],
) -> Result<Committed, StoreError> {
    let transaction = connection.transaction()?;
    let mut committed = Committed::default();
    {
        let mut statement = transaction.prepare_cached(
            "INSERT OR IGNORE INTO messages
             (sender, id, channel, kind, priority, received_at, sent_at, expires_at, reply_to, state, payload, ways,
              login, doubt)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
        let mut latest = None;
        for arrival in arrivals {
            if arrival.came_before(&transaction)? {
                continue;
            }
            let header = &arrival.header;
            let inserted = statement.execute(params![
                header.from,
                header.id,
                &*arrival.channel,
                super::column_of(&header.kind),
                state::priority_to_number(header.priority),
                arrival.at,
                header.sent_at,
                header.expires_at,
                header.reply_to,
                arrival.state(),
                arrival.payload,
                state::way_to_number(arrival.way),
                arrival.login,
                arrival.doubt,
            ])?;
            if inserted > 0 {
                let seq = transaction.last_insert_rowid();
                committed.count(arrival, seq);
                latest = arrival.is_news().then_some((arrival, seq)).or(latest);
            } else {
                arrival.came_again(&transaction)?;
            }
        }
        // Only the one that was the last in the end: in a flood describing each would cost more than storing it.
        committed.latest = latest.map(|(arrival, seq)| arrival.describe(seq));
    }
    for arrival in arrivals {
        if let Some(id) = &arrival.header.reply_to {
            super::outbox::answered(&transaction, id, arrival.at)?;
        }
    }
    for reached in reached {
        records::write(&transaction, reached)?;
    }
    transaction.commit()?;
    Ok(committed)
}

impl Arrival {
    /// One that was heard as it was published.
    pub fn live(channel: Arc<str>, header: Header, payload: Vec<u8>, at: Millis, notable: bool) -> Self {
        Self { channel, header, payload, at, notable, way: Way::Live, held: false, login: None, doubt: None }
    }

    fn expired(&self) -> bool {
        self.header.kind == Kind::Task && self.header.expires_at.is_some_and(|at| at <= self.at)
    }

    /// A notification of what has lost its point would only take time.
    fn is_news(&self) -> bool {
        self.notable && !self.expired()
    }

    fn state(&self) -> i64 {
        match self.header.kind {
            Kind::Task if self.expired() => EXPIRED,
            Kind::Task => 1,
            _ => 0,
        }
    }

    /// Without an id, what stands in a record and what was heard live are the same message if they are so byte for
    /// byte; each counts once, and only since the records were last read.
    fn came_before(&self, connection: &Connection) -> Result<bool, StoreError> {
        let other = match self.way {
            Way::Record => Way::Live,
            Way::Live if self.held => Way::Record,
            _ => return Ok(false),
        };
        if self.header.id.is_some() {
            return Ok(false);
        }
        let changed = connection
            .prepare_cached(
                "UPDATE messages SET ways = 3 WHERE seq =
                 (SELECT seq FROM messages WHERE id IS NULL AND ways < 3 AND channel = ?1 AND ways = ?2 AND seq > ?3
                  AND payload = ?4 ORDER BY seq LIMIT 1)",
            )?
            .execute(params![
                &*self.channel,
                state::way_to_number(other),
                cursors::read(connection, records::ALL_READ)?,
                self.payload
            ])?;
        Ok(changed > 0)
    }

    fn came_again(&self, connection: &Connection) -> Result<(), StoreError> {
        connection
            .prepare_cached(
                "UPDATE messages SET ways = ways | ?3, login = coalesce(login, ?4)
                 WHERE sender = ?1 AND id = ?2 AND ways & ?3 = 0",
            )?
            .execute(params![self.header.from, self.header.id, state::way_to_number(self.way), self.login])?;
        Ok(())
    }

    fn describe(&self, seq: i64) -> Notable {
        let header = &self.header;
        Notable {
            seq,
            kind: header.kind.clone(),
            from: header.from.clone(),
            priority: header.priority,
            summary: summarise(&header.kind, &self.payload),
        }
    }
}

impl Committed {
    fn count(&mut self, arrival: &Arrival, seq: i64) {
        let header = &arrival.header;
        self.rows += 1;
        self.newest = seq;
        self.tasks += u32::from(arrival.state() == 1);
        self.unreadable += u32::from(header.kind == Kind::Unreadable);
        if !arrival.is_news() {
            return;
        }
        self.notable += 1;
        self.urgent += u32::from(header.priority == Priority::Urgent || header.kind == Kind::Alert);
        if self.first.len() < DESCRIBED {
            self.first.push(arrival.describe(seq));
        }
    }
}
