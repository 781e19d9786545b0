//! The journal of rotations, and their receipts. What stands in them is not this module's business; it must not be a
//! secret.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{Store, fault::StoreError};
use crate::{
    message::Millis,
    trouble::{Trouble, TroubleCode},
};

impl Store {
    /// Writes down how far a rotation is; it is on the disk when this returns.
    pub(crate) async fn journal<T: Serialize>(&self, id: &str, begun: Millis, journal: &T) -> Result<(), Trouble> {
        let (id, journal) = (id.to_owned(), json(journal)?);
        self.note(move |connection| write(connection, &id, begun, &journal)).await
    }

    /// Writes down how a rotation ended, with its receipt where it has one; it is under way no longer.
    pub(crate) async fn end_rotation<T: Serialize, R: Serialize>(
        &self,
        id: &str,
        ended: Millis,
        journal: &T,
        receipt: Option<&R>,
    ) -> Result<(), Trouble> {
        let (id, journal) = (id.to_owned(), json(journal)?);
        let receipt = receipt.map(json).transpose()?;
        self.note(move |connection| end(connection, &id, ended, &journal, receipt.as_deref())).await
    }

    /// The journal of the last rotation, and whether it is under way.
    pub(crate) async fn last_rotation<T: DeserializeOwned>(&self) -> Result<Option<(T, bool)>, Trouble> {
        // By the writer: its file is open, or it says why not.
        let found = self.note(|connection| last(connection)).await?;
        Ok(found.and_then(|(journal, running)| Some((serde_json::from_str(&journal).ok()?, running))))
    }

    /// The receipts, newest first, at most so many. One that cannot be read is left out.
    pub(crate) async fn rotation_receipts<R: DeserializeOwned>(&self, most: u32) -> Result<Vec<R>, Trouble> {
        let found = self.note(move |connection| receipts(connection, most)).await?;
        Ok(found.iter().filter_map(|receipt| serde_json::from_str(receipt).ok()).collect())
    }
}

fn json(value: &impl Serialize) -> Result<String, Trouble> {
    serde_json::to_string(value)
        .map_err(|error| Trouble::new(TroubleCode::Internal, error.to_string(), "Start Heliograph again."))
}

fn write(connection: &Connection, id: &str, begun: Millis, journal: &str) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO rotations (id, begun, journal) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET journal = excluded.journal WHERE ended IS NULL",
        params![id, begun, journal],
    )?;
    Ok(())
}

fn end(
    connection: &Connection,
    id: &str,
    ended: Millis,
    journal: &str,
    receipt: Option<&str>,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE rotations SET ended = ?2, journal = ?3, receipt = ?4 WHERE id = ?1",
        params![id, ended, journal, receipt],
    )?;
    Ok(())
}

fn last(connection: &Connection) -> Result<Option<(String, bool)>, StoreError> {
    // One under way before any other; ids sort by time.
    let found = connection
        .query_row(
            "SELECT journal, ended IS NULL FROM rotations ORDER BY ended IS NULL DESC, id DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(found)
}

fn receipts(connection: &Connection, most: u32) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare("SELECT receipt FROM rotations WHERE receipt IS NOT NULL ORDER BY id DESC LIMIT ?1")?;
    let found = statement.query_map([most], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_under_way_until_it_ends_and_leaves_a_receipt() {
        let folder = tempfile::tempdir().unwrap();
        let connection = super::super::schema::open(&folder.path().join("m.db")).unwrap();
        assert_eq!(last(&connection).unwrap(), None);
        write(&connection, "1", 10, "a").unwrap();
        write(&connection, "1", 10, "b").unwrap();
        assert_eq!(last(&connection).unwrap(), Some(("b".into(), true)));
        end(&connection, "1", 20, "c", Some("r")).unwrap();
        write(&connection, "1", 10, "late").unwrap();
        assert_eq!(last(&connection).unwrap(), Some(("c".into(), false)), "what has ended stays as it ended");
        write(&connection, "2", 30, "d").unwrap();
        end(&connection, "2", 40, "d", None).unwrap();
        assert_eq!(last(&connection).unwrap(), Some(("d".into(), false)));
        assert_eq!(receipts(&connection, 9).unwrap(), ["r"]);
    }
}
