//! Writing what arrived, many messages to a transaction.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{fault::StoreError, state};
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

/// Inserts in one transaction. A message that is there already (same sender and id) is passed over.
pub(super) fn insert(connection: &mut Connection, arrivals: &[Arrival]) -> Result<Committed, StoreError> {
    let transaction = connection.transaction()?;
    let mut committed = Committed::default();
    {
        let mut statement = transaction.prepare_cached(
            "INSERT OR IGNORE INTO messages
             (sender, id, channel, kind, priority, received_at, sent_at, expires_at, reply_to, state, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        let mut latest = None;
        for arrival in arrivals {
            let header = &arrival.header;
            let is_task = header.kind == Kind::Task;
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
                i64::from(is_task),
                arrival.payload,
            ])?;
            if inserted > 0 {
                let seq = transaction.last_insert_rowid();
                committed.count(arrival, seq);
                latest = arrival.notable.then_some((arrival, seq)).or(latest);
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
    transaction.commit()?;
    Ok(committed)
}

impl Arrival {
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
        self.tasks += u32::from(header.kind == Kind::Task);
        self.unreadable += u32::from(header.kind == Kind::Unreadable);
        if !arrival.notable {
            return;
        }
        self.notable += 1;
        self.urgent += u32::from(header.priority == Priority::Urgent || header.kind == Kind::Alert);
        if self.first.len() < DESCRIBED {
            self.first.push(arrival.describe(seq));
        }
    }
}
