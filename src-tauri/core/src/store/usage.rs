//! What the connection cost, by day. Amounts are written as they stand and not added up, so that one that is written
//! twice counts once.

use rusqlite::{Connection, params};

use super::fault::StoreError;
use crate::message::Millis;

/// So many of the newest messages are looked through for tasks.
const LOOKED_THROUGH: u32 = 20_000;

/// One amount of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The day in UTC: `2026-11-25`.
    pub day: String,
    /// Of what.
    pub what: String,
    /// How much.
    pub amount: u64,
}

/// Every amount from that day on.
pub(crate) fn read(connection: &Connection, from: &str) -> Result<Vec<Amount>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT day, what, amount FROM usage WHERE day >= ?1")?;
    let rows = statement.query_map([from], |row| {
        let amount: i64 = row.get(2)?;
        Ok(Amount { day: row.get(0)?, what: row.get(1)?, amount: u64::try_from(amount).unwrap_or_default() })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes amounts in the place of those that stand there, and removes what is older than that day.
pub(crate) fn write(connection: &mut Connection, amounts: &[Amount], forget_before: &str) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO usage (day, what, amount) VALUES (?1, ?2, ?3)
             ON CONFLICT (day, what) DO UPDATE SET amount = excluded.amount",
        )?;
        for Amount { day, what, amount } in amounts {
            statement.execute(params![day, what, i64::try_from(*amount).unwrap_or(i64::MAX)])?;
        }
        transaction.prepare_cached("DELETE FROM usage WHERE day < ?1")?.execute([forget_before])?;
    }
    transaction.commit()?;
    Ok(())
}

/// How many tasks have come since then; of a great many, at least so many.
pub(crate) fn tasks_since(connection: &Connection, since: Millis) -> Result<u64, StoreError> {
    let count: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT state, received_at FROM messages ORDER BY seq DESC LIMIT ?1)
             WHERE state > 0 AND received_at >= ?2",
        )?
        .query_row(params![LOOKED_THROUGH, since], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}
