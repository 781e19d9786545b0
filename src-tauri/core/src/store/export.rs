//! Writing every message into a file, a line each, while the store goes on.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, params};
use tokio::sync::mpsc;

use super::{
    Store,
    fault::StoreError,
    portable::{self, READ, TOLD},
};
use crate::trouble::{Trouble, TroubleCode};

/// About so many bytes are read at once.
const PORTION: usize = 1024 * 1024;

/// Portions between reading and writing. Full: the reading waits.
const PORTIONS: usize = 2;

impl Store {
    /// Writes every message that is there now into a file, a line of JSON each, and returns how many. The file is for
    /// this user alone; it appears, or takes the place of another, when it is complete.
    ///
    /// Fails where the file cannot be written; then there is none, or the other one still.
    pub async fn export(&self, path: &Path) -> Result<u64, Trouble> {
        // By the writer: its file is open, or it says why not.
        self.note(|_| Ok(())).await?;
        let (portions, to_write) = mpsc::channel(PORTIONS);
        let target = path.to_owned();
        let writing = tokio::task::spawn_blocking(move || write(&target, to_write));
        let read = self.export_into(portions).await;
        let written = writing.await.map_err(|error| not_written(path, &io::Error::other(error)))?;
        // Where the writing failed, the reading only found nobody who takes it.
        let complete = written.map_err(|error| not_written(path, &error))?;
        match read {
            Ok(count) => {
                let target = path.to_owned();
                let placed = tokio::task::spawn_blocking(move || complete.put(&target)).await;
                placed.map_err(io::Error::other).flatten().map_err(|error| not_written(path, &error))?;
                Ok(count)
            }
            Err(trouble) => {
                complete.discard();
                Err(trouble)
            }
        }
    }

    async fn export_into(&self, portions: mpsc::Sender<Vec<u8>>) -> Result<u64, Trouble> {
        let (until, more) = self.read(|connection| Ok((newest(connection)?, others(connection)?))).await?;
        let (mut after, mut count) = (i64::MIN, 0);
        while after < until {
            let more = more.clone();
            let portion = self.read(move |connection| portion(connection, after, until, &more)).await?;
            (after, count) = (portion.last, count + portion.rows);
            if portions.send(portion.text).await.is_err() {
                break;
            }
        }
        Ok(count)
    }
}

struct Portion {
    text: Vec<u8>,
    rows: u64,
    last: i64,
}

fn newest(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT coalesce(max(seq), ?1) FROM messages", [i64::MIN], |row| row.get(0))?)
}

/// Columns that a line has no word for.
fn others(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('messages')")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(names.into_iter().filter(|name| !TOLD.contains(&name.as_str())).collect())
}

fn portion(connection: &Connection, after: i64, until: i64, more: &[String]) -> Result<Portion, StoreError> {
    let columns: Vec<_> = TOLD[..READ].iter().copied().chain(more.iter().map(String::as_str)).collect();
    let sql = format!("SELECT {} FROM messages WHERE seq > ?1 AND seq <= ?2 ORDER BY seq", columns.join(", "));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![after, until])?;
    let mut portion = Portion { text: Vec::with_capacity(PORTION), rows: 0, last: until };
    while let Some(row) = rows.next()? {
        portable::write(row, more, &mut portion.text)?;
        portion.rows += 1;
        if portion.text.len() >= PORTION {
            portion.last = row.get(0)?;
            break;
        }
    }
    Ok(portion)
}

/// A file that is written and not in its place.
struct Complete(PathBuf);

impl Complete {
    fn put(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path).inspect_err(|_| self.discard())
    }

    fn discard(&self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!("an export that was not finished stays at {}: {error}", self.0.display());
        }
    }
}

fn write(path: &Path, mut portions: mpsc::Receiver<Vec<u8>>) -> io::Result<Complete> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.part", uuid::Uuid::now_v7().simple()));
    let complete = Complete(path.with_file_name(name));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&complete.0)?;
    let mut all = || {
        while let Some(portion) = portions.blocking_recv() {
            file.write_all(&portion)?;
        }
        file.sync_all()
    };
    match all() {
        Ok(()) => Ok(complete),
        Err(error) => {
            complete.discard();
            Err(error)
        }
    }
}

fn not_written(path: &Path, error: &io::Error) -> Trouble {
    let full = error.kind() == io::ErrorKind::StorageFull;
    Trouble::new(
        if full { TroubleCode::DiskFull } else { TroubleCode::NotPossible },
        format!("The messages could not be written to {}: {error}.", path.display()),
        if full { "Free some space, or choose another place." } else { "Choose another place." },
    )
}
