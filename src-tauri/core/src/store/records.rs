//! How far the record of each channel was read. It must not know how a record is read.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{cursors, fault::StoreError};

/// The server's id of an entry in a record: milliseconds by the server's clock, and which one of these. In the order
/// in which the entries were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryId {
    /// Milliseconds since 1970.
    pub ms: u64,
    /// The how manieth of that millisecond.
    pub nth: u64,
}

/// How far something outside was read, to be written down in the same commit as what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A channel's record, up to and with this entry; only ever forward.
    Record(String, EntryId),
    /// A channel's record is another one than before, and is read from its beginning.
    NewRecord(String),
    /// All records, as they were when this row was the newest one.
    AllRecords(i64),
    /// Small state under a name, as JSON.
    Kept(&'static str, String),
}

/// The newest row at the time at which the records were last read to their end. What came before it can be in no part
/// of them that is still to be read.
pub(super) const ALL_READ: &str = "records_read";

/// How far records were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// Of each channel, in the order asked for; `None` where it never was.
    pub cursors: Vec<Option<EntryId>>,
    /// The newest row there is now.
    pub newest: i64,
}

/// How far the records of these channels were read.
pub(super) fn all(connection: &Connection, channels: &[String]) -> Result<Records, StoreError> {
    let cursors = channels.iter().map(|channel| read(connection, channel)).collect::<Result<_, _>>()?;
    let newest = connection.query_row("SELECT coalesce(max(seq), 0) FROM messages", [], |row| row.get(0))?;
    Ok(Records { cursors, newest })
}

fn read(connection: &Connection, channel: &str) -> Result<Option<EntryId>, StoreError> {
    let found = connection
        .prepare_cached("SELECT ms, nth FROM records WHERE channel = ?1")?
        .query_row([channel], |row| Ok(EntryId { ms: unsigned(row.get(0)?), nth: unsigned(row.get(1)?) }))
        .optional()?;
    Ok(found)
}

/// Writes down how far something was read.
pub(super) fn write(connection: &Connection, reached: &Reached) -> Result<(), StoreError> {
    match reached {
        Reached::Record(channel, id) => {
            connection
                .prepare_cached(
                    "INSERT INTO records (channel, ms, nth) VALUES (?1, ?2, ?3)
                     ON CONFLICT (channel) DO UPDATE SET ms = excluded.ms, nth = excluded.nth
                     WHERE (excluded.ms, excluded.nth) > (ms, nth)",
                )?
                .execute(params![channel, signed(id.ms), signed(id.nth)])?;
        }
        Reached::NewRecord(channel) => {
            connection
                .prepare_cached("INSERT OR REPLACE INTO records (channel, ms, nth) VALUES (?1, 0, 0)")?
                .execute([channel])?;
        }
        Reached::AllRecords(newest) => cursors::advance(connection, ALL_READ, *newest)?,
        Reached::Kept(name, value) => super::kept::write(connection, name, value)?,
    }
    Ok(())
}

// SQLite's numbers are signed; no clock reaches the upper half.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ever_forward_but_for_a_new_record() {
        let folder = tempfile::tempdir().unwrap();
        let connection = super::super::schema::open(&folder.path().join("m.db")).unwrap();
        let at = |ms, nth| Reached::Record("c".into(), EntryId { ms, nth });
        assert_eq!(read(&connection, "c").unwrap(), None);
        for (reached, then) in [
            (at(0, 0), (0, 0)),
            (at(5, 1), (5, 1)),
            (at(5, 0), (5, 1)),
            (at(4, 9), (5, 1)),
            (at(5, 2), (5, 2)),
            (Reached::NewRecord("c".into()), (0, 0)),
            (at(1, 0), (1, 0)),
        ] {
            write(&connection, &reached).unwrap();
            assert_eq!(read(&connection, "c").unwrap(), Some(EntryId { ms: then.0, nth: then.1 }), "{reached:?}");
        }
    }
}
