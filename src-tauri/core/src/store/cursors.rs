//! Small state: how far something has got, the gaps, and when each agent was heard.

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::StoreError;
use crate::message::Millis;

/// Until when we are known to have listened: the beginning of the gap that a start of the program ends.
pub(crate) const LISTENED_UNTIL: &str = "listened_until";

/// Where a cursor stands; 0 where it has never been moved.
pub(crate) fn read(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    let position = connection
        .prepare_cached("SELECT position FROM cursors WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(position.unwrap_or(0))
}

/// Writes down until when we have listened. It goes back where the clock was set back.
pub(crate) fn listened(connection: &Connection, until: Millis) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO cursors (name, position) VALUES (?1, ?2)")?
        .execute(params![LISTENED_UNTIL, until])?;
    Ok(())
}

/// Until when we are known to have listened, at this time: what was written down, or the newest message, which was heard
/// too. What lies ahead comes from a clock that was set back since, and tells nothing. 0 where we never have.
pub(crate) fn listened_until(connection: &Connection, now: Millis) -> Result<Millis, StoreError> {
    let newest: Option<Millis> = connection
        .query_row("SELECT received_at FROM messages ORDER BY seq DESC LIMIT 1", [], |row| row.get(0))
        .optional()?;
    let known = [read(connection, LISTENED_UNTIL)?, newest.unwrap_or(0)];
    let past = known.into_iter().filter(|at| (1..=now).contains(at)).max();
    Ok(past.unwrap_or(if known == [0, 0] { 0 } else { now }))
}

/// Moves a cursor forward; it never goes back.
pub(crate) fn advance(connection: &Connection, name: &str, position: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO cursors (name, position) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET position = max(position, excluded.position)",
        )?
        .execute(params![name, position])?;
    Ok(())
}

/// Writes down a time in which nothing could be heard.
pub(crate) fn add_gap(connection: &Connection, since: Millis, until: Millis, cause: &str) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO gaps (since, until, cause, after_seq)
         VALUES (?1, ?2, ?3, (SELECT coalesce(max(seq), 0) FROM messages))",
        params![since, until, cause],
    )?;
    Ok(())
}

/// An agent as it was last known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAgent {
    /// Its name.
    pub name: String,
    /// When it was last heard.
    pub last_heard: Millis,
    /// The interval of its heartbeats, in seconds.
    pub interval_s: Option<u32>,
}

/// Every agent that was ever heard, the latest first, at most `most`.
pub(crate) fn agents(connection: &Connection, most: u32) -> Result<Vec<KnownAgent>, StoreError> {
    let mut statement =
        connection.prepare("SELECT name, last_heard, interval_s FROM agents ORDER BY last_heard DESC LIMIT ?1")?;
    let rows = statement.query_map([most], |row| {
        Ok(KnownAgent { name: row.get(0)?, last_heard: row.get(1)?, interval_s: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes down when agents were last heard.
pub(crate) fn save_agents(connection: &mut Connection, agents: &[KnownAgent]) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    for agent in agents {
        transaction.execute(
            "INSERT INTO agents (name, last_heard, interval_s) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET last_heard = excluded.last_heard, interval_s = excluded.interval_s",
            params![agent.name, agent.last_heard, agent.interval_s],
        )?;
    }
    transaction.commit()?;
    Ok(())
}
