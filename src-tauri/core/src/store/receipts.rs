//! The `received` answer to every task, or `expired` where its time had passed when it came. It is not written into
//! the outbox beforehand: the task's own row, and a cursor over the rows, say which are still to be given. One that
//! nobody heard becomes an outbox entry.

use rusqlite::{Connection, params};

use super::{cursors, fault::StoreError, outbox, state};
use crate::message::{Millis, Names, Outgoing, Priority, ReplyStatus, channel, data, receipt_id, reply_data};

/// How far receipts have been given.
pub(crate) const CURSOR: &str = "receipts";

/// A receipt to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The task's row.
    pub about: i64,
    /// Who is to hear it.
    pub peer: String,
    /// What it says.
    pub status: ReplyStatus,
    /// Its id.
    pub id: String,
    /// The channel it goes out on.
    pub channel: String,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// The next receipts to give, and how far the cursor moves once they are given. Without `received`, only those that
/// say a task had expired.
pub(crate) fn due(
    connection: &Connection,
    names: &Names,
    received: bool,
    most: u32,
    now: Millis,
) -> Result<(Vec<Receipt>, i64), StoreError> {
    let from = cursors::read(connection, CURSOR)?;
    let newest: i64 = connection.query_row("SELECT coalesce(max(seq), 0) FROM messages", [], |row| row.get(0))?;
    let mut statement = connection.prepare_cached(
        "SELECT seq, sender, id, channel, payload, state FROM messages
         WHERE seq > ?1 AND (state = 6 OR (?3 AND state > 0)) ORDER BY seq LIMIT ?2",
    )?;
    let rows = statement.query_map(params![from, most, received], |row| {
        let task = Task {
            seq: row.get(0)?,
            sender: row.get(1)?,
            id: row.get(2)?,
            came_on: row.get(3)?,
            payload: row.get(4)?,
            expired: row.get::<_, i64>(5)? == 6,
        };
        Ok(receipt(names, &task, now))
    })?;
    let receipts = rows.collect::<Result<Vec<_>, _>>()?;
    let full = receipts.len() >= most as usize;
    let until = if full { receipts.last().map_or(from, |last| last.about) } else { newest };
    Ok((receipts, until.max(from)))
}

/// A task as its row has it.
struct Task {
    seq: i64,
    sender: String,
    id: Option<String>,
    came_on: String,
    payload: Vec<u8>,
    expired: bool,
}

fn receipt(names: &Names, task: &Task, now: Millis) -> Receipt {
    let peer = outbox::answerable(&task.sender, &task.came_on, names).to_owned();
    let row = || format!("row {}", task.seq);
    let id = receipt_id(&peer, &task.id.clone().unwrap_or_else(row));
    let status = if task.expired { ReplyStatus::Expired } else { ReplyStatus::Received };
    let payload = Outgoing {
        from: &names.me,
        kind: "response",
        data: reply_data(task.id.as_deref(), data(&task.payload), status, ""),
        id: &id,
        at: now,
        reply_to: task.id.as_deref(),
        priority: Priority::Normal,
    }
    .to_bytes();
    Receipt { about: task.seq, channel: channel::between(&names.me, &peer), peer, status, id, payload }
}

/// Writes down which receipts were heard, and moves the cursor. Those that nobody heard wait in the outbox for
/// the peer to be heard from.
pub(crate) fn given(
    connection: &mut Connection,
    receipts: &[(Receipt, outbox::Sent)],
    until: i64,
    now: Millis,
) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    {
        let mut told = transaction
            .prepare_cached("UPDATE messages SET receipt = ?2, receipt_at = ?3 WHERE seq = ?1 AND receipt < ?2")?;
        let mut kept = transaction.prepare_cached(
            "INSERT OR IGNORE INTO outbox (id, channel, peer, kind, about, status, created_at, sent_at, state, payload)
             VALUES (?1, ?2, ?3, 'response', ?4, ?5, ?6, ?6, 1, ?7)",
        )?;
        for (receipt, outcome) in receipts {
            told.execute(params![receipt.about, if *outcome == outbox::Sent::Heard { 2 } else { 1 }, now])?;
            if outcome.may_be_heard() {
                kept.execute(params![
                    receipt.id,
                    receipt.channel,
                    receipt.peer,
                    receipt.about,
                    state::status_to_number(receipt.status),
                    now,
                    receipt.payload
                ])?;
            }
        }
    }
    cursors::advance(&transaction, CURSOR, until)?;
    transaction.commit()?;
    Ok(())
}
