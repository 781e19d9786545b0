//! Small state under a name, as JSON. It must not hold a secret.

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::StoreError;

/// What stands under a name.
pub(crate) fn read(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let value = connection
        .prepare_cached("SELECT value FROM kept WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(value)
}

/// Puts something else under a name.
pub(crate) fn write(connection: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO kept (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![name, value])?;
    Ok(())
}
