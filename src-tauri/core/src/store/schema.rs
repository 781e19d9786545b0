//! Opening the file: permissions, settings of the connection, and the steps from any older shape to today's.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use rusqlite_migration::{M, Migrations};

use super::{check, fault::StoreError};

/// The shape of the tables. A step that has been shipped is never changed; a new shape is a new step.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("schema.sql")),
    M::up(include_str!("schema_2.sql")),
    M::up(include_str!("schema_3.sql")),
    M::up(include_str!("schema_4.sql")),
    M::up(include_str!("schema_5.sql")),
];

/// The size of a page; every file of ours has pages of it.
pub(super) const PAGE: u16 = 8_192;

/// Opens the file for writing, making it where there is none, brings it to today's shape and looks whether it is sound.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    private_file(path).map_err(StoreError::File)?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )?;
    leave_as_it_is(&connection, true)?;
    // Before anything is written, or they have no effect: pages that hold twenty messages and not ten, which makes a flood
    // a tenth faster; and a map of them, so that free ones can be given back in steps.
    // FULL: a commit is on the disk before anybody is told of it. 2000: the log stays below its size limit, so that it
    // is written over in place, and a commit does not wait for the file system to note a new size.
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 2000;
         PRAGMA journal_size_limit = 16777216;
         PRAGMA cache_size = -8192;
         PRAGMA foreign_keys = ON;",
    )?;
    Migrations::from_slice(STEPS).to_latest(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::Sqlite(err),
        other => StoreError::Shape(other.to_string()),
    })?;
    check::short(&connection)?;
    leave_as_it_is(&connection, false)?;
    Ok(connection)
}

/// Is the file left as it is when the connection is closed, with its log beside it? So it must be where it is damaged.
pub(super) fn leave_as_it_is(connection: &Connection, leave: bool) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave)?;
    Ok(())
}

/// Opens the file for reading beside the writer.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -2048;")?;
    Ok(connection)
}

/// Makes the file for this user alone, before SQLite makes it for everybody. The files beside it (`-wal`, `-shm`)
/// get the same permissions from SQLite.
#[cfg(unix)]
fn private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> std::io::Result<()> {
    std::fs::OpenOptions::new().create(true).append(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_make_a_sound_database() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn every_file_is_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.db");
        let connection = open(&path).unwrap();
        connection.execute("INSERT INTO cursors VALUES ('x', 1)", []).unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()).collect();
        assert!(files.len() >= 2, "a write-ahead log stands beside the database");
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        }
    }

    #[test]
    fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("m.db")).unwrap();
        let full: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!((full, mode.as_str()), (2, "wal"));
    }
}
