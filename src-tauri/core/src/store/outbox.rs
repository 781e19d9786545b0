//! What goes out: written here first, then sent, then heard.

use rusqlite::{Connection, OptionalExtension, params};

use super::{fault::StoreError, state};
use crate::message::{Millis, Names, Outgoing, Priority, ReplyStatus, channel, data, new_id, reply_data};

/// A message of ours that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the outbox.
    pub seq: i64,
    /// The channel it goes out on.
    pub channel: String,
    /// Its type.
    pub kind: String,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// A message of ours that waits, as the mailbox takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailing {
    /// What waits.
    pub waiting: Waiting,
    /// Its id.
    pub id: String,
    /// It was tried before, and how that came out is not known.
    pub perhaps_left: bool,
}

/// What became of an attempt to leave a message in the mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mailed {
    /// It is about to be tried.
    Begun,
    /// It stands there.
    Left,
    /// It does not fit, for this reason; it waits for Redis.
    Cannot(String),
}

/// The column `mailbox`.
pub(super) const PERHAPS_MAILED: i64 = 1;
pub(super) const CANNOT_BE_MAILED: i64 = 2;
pub(super) const MAILED: i64 = 3;

/// What became of an attempt to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Somebody listened.
    Heard,
    /// Nobody listened.
    Unheard,
    /// The server did not take it, for a reason that may pass.
    Failed(String),
    /// It will never be taken, for this reason.
    Refused(String),
}

impl Sent {
    /// Does it go out once more when its peer is heard?
    pub(crate) fn may_be_heard(&self) -> bool {
        matches!(self, Self::Unheard | Self::Failed(_))
    }
}

/// A message to be written into the outbox.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The channel it goes out on.
    pub channel: String,
    /// Its type.
    pub kind: String,
    /// Its content.
    pub data: serde_json::Value,
    /// The id it answers.
    pub reply_to: Option<String>,
    /// How soon it wants attention.
    pub priority: Priority,
}

/// Puts a message into the outbox.
pub(crate) fn add(connection: &Connection, names: &Names, letter: Letter, now: Millis) -> Result<(), StoreError> {
    let id = new_id();
    let payload = Outgoing {
        from: &names.me,
        kind: &letter.kind,
        data: letter.data,
        id: &id,
        at: now,
        reply_to: letter.reply_to.as_deref(),
        priority: letter.priority,
    }
    .to_bytes();
    connection.execute(
        "INSERT INTO outbox (id, channel, peer, kind, created_at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, letter.channel, names.receiver(&letter.channel), letter.kind, now, payload],
    )?;
    Ok(())
}

/// Answers a task: the reply goes into the outbox and the task into its new state.
pub(crate) fn reply(
    connection: &mut Connection,
    names: &Names,
    seq: i64,
    status: ReplyStatus,
    text: &str,
    now: Millis,
) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    let task = transaction
        .query_row("SELECT sender, id, channel, state, payload FROM messages WHERE seq = ?1", [seq], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, Vec<u8>>(4)?,
            ))
        })
        .optional()?;
    let Some((sender, task_id, came_on, task_state, payload)) = task else {
        return Err(StoreError::NotPossible("That message is not in the inbox.".into()));
    };
    if !state::actions(state::task_from_number(task_state)).contains(&status) {
        return Err(StoreError::NotPossible("That task is answered already.".into()));
    }
    let peer = answerable(&sender, &came_on, names);
    let id = new_id();
    let bytes = Outgoing {
        from: &names.me,
        kind: "response",
        data: reply_data(task_id.as_deref(), data(&payload), status, text),
        id: &id,
        at: now,
        reply_to: task_id.as_deref(),
        priority: Priority::Normal,
    }
    .to_bytes();
    let number = state::status_to_number(status);
    transaction.execute(
        "INSERT INTO outbox (id, channel, peer, kind, about, status, note, created_at, payload)
         VALUES (?1, ?2, ?3, 'response', ?4, ?5, ?6, ?7, ?8)",
        params![id, channel::between(&names.me, peer), peer, seq, number, text.trim(), now, bytes],
    )?;
    transaction.execute("UPDATE messages SET state = ?2, seen = 1 WHERE seq = ?1", params![seq, number])?;
    transaction.commit()?;
    Ok(())
}

/// Who an answer goes to: the sender, or where it gave no name, the agent whose channel it used.
pub(super) fn answerable<'a>(sender: &'a str, came_on: &'a str, names: &'a Names) -> &'a str {
    if !sender.is_empty() {
        return sender;
    }
    channel::sender(came_on).or(names.peers.first().map(String::as_str)).unwrap_or("helios")
}

/// What waits to be sent, oldest first; with `only_needed`, tasks, replies and alerts alone.
pub(crate) fn waiting(connection: &Connection, most: u32, only_needed: bool) -> Result<Vec<Waiting>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, channel, kind, payload FROM outbox
         WHERE state = 0 AND (NOT ?2 OR kind IN ('task', 'response', 'alert')) ORDER BY seq LIMIT ?1",
    )?;
    let rows = statement.query_map(params![most, only_needed], |row| {
        Ok(Waiting { seq: row.get(0)?, channel: row.get(1)?, kind: row.get(2)?, payload: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The next message that waits and can go by the mailbox, on another channel than those `aside`. Neither receipts nor answers to pings can: handled comments are
/// marked there, and nobody waits for a ping's answer that long.
pub(crate) fn to_mail(connection: &Connection, aside: &[String]) -> Result<Option<Mailing>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT seq, channel, kind, payload, id, mailbox FROM outbox
             WHERE state = 0 AND mailbox <= ?1 AND coalesce(status, 0) <> 1 AND kind <> 'pong'
             AND channel NOT IN (SELECT value FROM json_each(?2)) ORDER BY seq LIMIT 1",
        )?
        .query_row(params![PERHAPS_MAILED, serde_json::json!(aside).to_string()], |row| {
            Ok(Mailing {
                waiting: Waiting { seq: row.get(0)?, channel: row.get(1)?, kind: row.get(2)?, payload: row.get(3)? },
                id: row.get(4)?,
                perhaps_left: row.get::<_, i64>(5)? == PERHAPS_MAILED,
            })
        })
        .optional()?;
    Ok(found)
}

/// Writes down what became of an attempt to leave a message in the mailbox. One that stands there counts as not heard:
/// it goes out once more when its peer is heard again, for whoever does not look there.
pub(crate) fn mailed(connection: &Connection, seq: i64, outcome: &Mailed, now: Millis) -> Result<(), StoreError> {
    match outcome {
        Mailed::Begun => {
            connection.execute("UPDATE outbox SET mailbox = ?2 WHERE seq = ?1", [seq, PERHAPS_MAILED])?;
        }
        Mailed::Left => {
            connection.execute(
                "UPDATE outbox SET mailbox = ?2, state = max(state, 1), sent_at = ?3 WHERE seq = ?1",
                params![seq, MAILED, now],
            )?;
        }
        Mailed::Cannot(why) => {
            connection.execute(
                "UPDATE outbox SET mailbox = ?2, refusal = ?3 WHERE seq = ?1",
                params![seq, CANNOT_BE_MAILED, why],
            )?;
        }
    }
    Ok(())
}

/// Writes down what became of attempts to send.
pub(crate) fn sent(connection: &mut Connection, outcomes: &[(i64, Sent)], now: Millis) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    for (seq, outcome) in outcomes {
        let (state, refusal) = match outcome {
            Sent::Unheard => (1, None),
            Sent::Failed(why) => (1, Some(why)),
            Sent::Heard => (2, None),
            Sent::Refused(why) => (3, Some(why)),
        };
        // An answer may have come before the server's count: what is heard stays heard.
        transaction.execute(
            "UPDATE outbox SET state = max(state, ?2), refusal = ?3, sent_at = ?4 WHERE seq = ?1",
            params![seq, state, refusal, now],
        )?;
        if *outcome == Sent::Heard {
            receipt_heard(&transaction, *seq, now)?;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Where that was a receipt sent once more, its task's row says so, too.
fn receipt_heard(connection: &Connection, seq: i64, now: Millis) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE messages SET receipt = 2, receipt_at = ?2
             WHERE seq = (SELECT about FROM outbox WHERE seq = ?1 AND status = 1)",
        )?
        .execute(params![seq, now])?;
    Ok(())
}

/// An answer to a message of ours has come: it was heard.
pub(super) fn answered(connection: &Connection, id: &str, _at: Millis) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE outbox SET state = 2 WHERE id = ?1 AND state < 2")?.execute([id])?;
    Ok(())
}

/// A peer is heard again: what it did not hear goes out once more, and only once. Returns how many.
pub(crate) fn revive(connection: &Connection, peer: &str) -> Result<usize, StoreError> {
    Ok(connection
        .execute("UPDATE outbox SET state = 0, resent = 1 WHERE state = 1 AND resent = 0 AND peer = ?1", [peer])?)
}

/// Peers that have not heard something they may still hear.
pub(crate) fn unheard_peers(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT peer FROM outbox WHERE state = 1 AND resent = 0 AND peer IS NOT NULL")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many messages wait to be sent.
pub(super) fn waiting_count(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM outbox WHERE state = 0", [], |row| row.get(0))?)
}
