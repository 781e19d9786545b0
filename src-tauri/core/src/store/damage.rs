//! A damaged file: set aside whole, with the files beside it, and a new one put in its place with what could be saved.
//!
//! Nothing is ever deleted of what was damaged. The new file is made completely before the old one is moved, so that
//! an end of the program at any moment loses nothing: what was begun is finished or begun anew at the next start.

use std::{
    ffi::OsString,
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::{
    fault::StoreError,
    salvage::{self, Saved},
    schema,
};
use crate::trouble::{Trouble, TroubleCode};

/// What SQLite puts beside a file. They are moved before it: a log beside another file would be taken for its own.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// A log begins with one of these, by the byte order of its checksums.
const LOG_BEGINS: [u32; 2] = [0x377f_0682, 0x377f_0683];

/// The size of a log's header.
const LOG_HEADER: usize = 32;

/// Saves what can be read into a new file, sets the old one aside and puts the new one in its place. Returns what a
/// person is told.
pub(super) fn rescue(path: &Path, damage: &StoreError) -> Result<Trouble, StoreError> {
    let saving = named(path, "saving");
    remove_ours(&saving).map_err(StoreError::File)?;
    let mut new = schema::open(&saving)?;
    let saved = salvage::all(path, &mut new)?;
    // Nothing may be left in the log: only the file itself is moved.
    new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    new.close().map_err(|(_, error)| error)?;
    remove_beside(&saving).map_err(StoreError::File)?;
    fs::rename(&saving, named(path, "saved")).map_err(StoreError::File)?;
    let aside = put_in_place(path).map_err(StoreError::File)?;
    Ok(said(path, damage, &saved, &aside))
}

/// Finishes what an end of the program cut short.
pub(super) fn finish(path: &Path) -> Result<(), StoreError> {
    if named(path, "saved").exists() {
        let aside = put_in_place(path).map_err(StoreError::File)?;
        tracing::warn!("a damaged file stands at {}", aside.display());
    }
    Ok(())
}

/// Is the log beside the file one? SQLite takes any other for an empty one, and writes over it.
pub(super) fn look_at_the_log(path: &Path) -> Result<(), StoreError> {
    let Ok(file) = fs::File::open(with_end(path, BESIDE[0])) else { return Ok(()) };
    let mut header = Vec::with_capacity(LOG_HEADER);
    file.take(LOG_HEADER as u64).read_to_end(&mut header).map_err(StoreError::File)?;
    // One that was being made when the power failed may be empty or zeros.
    if header.iter().all(|byte| *byte == 0) || is_log(&header) {
        return Ok(());
    }
    Err(StoreError::Damaged("its log is none".into()))
}

fn is_log(header: &[u8]) -> bool {
    let Some(Ok(first)) = header.get(..4).map(<[u8; 4]>::try_from) else { return false };
    header.len() == LOG_HEADER && LOG_BEGINS.contains(&u32::from_be_bytes(first))
}

/// Moves the old file aside, if it is still there, and the one with what was saved into its place.
fn put_in_place(path: &Path) -> io::Result<PathBuf> {
    let aside = free_name(path);
    for end in BESIDE {
        rename_if_there(&with_end(path, end), &with_end(&aside, end))?;
    }
    rename_if_there(path, &aside)?;
    fs::rename(named(path, "saved"), path)?;
    Ok(aside)
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a file of ours that was not finished.
fn remove_ours(path: &Path) -> io::Result<()> {
    remove_if_there(path)?;
    remove_beside(path)
}

fn remove_beside(path: &Path) -> io::Result<()> {
    BESIDE.into_iter().try_for_each(|end| remove_if_there(&with_end(path, end)))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// `messages-<what>.db` beside `messages.db`.
fn named(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_stem().map_or_else(OsString::new, OsString::from);
    name.push("-");
    name.push(what);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(end);
    whole.into()
}

/// A name that nothing has yet: by the date, and a number where there was one that day.
fn free_name(path: &Path) -> PathBuf {
    let date = jiff::Zoned::now().date();
    let taken = |name: &Path| ["", "-wal", "-shm"].iter().any(|end| with_end(name, end).symlink_metadata().is_ok());
    let first = named(path, &format!("damaged-{date}"));
    let mut others = (2_u32..).map(|number| named(path, &format!("damaged-{date}-{number}")));
    if taken(&first) { others.find(|name| !taken(name)).unwrap_or(first) } else { first }
}

fn said(path: &Path, damage: &StoreError, saved: &Saved, aside: &Path) -> Trouble {
    let messages = match saved.messages {
        0 => "No message could be saved from it".to_owned(),
        1 => "One message was saved from it".to_owned(),
        many => format!("{many} messages were saved from it"),
    };
    let rest = if saved.whole { "all that stood in it" } else { "what could not be read is missing" };
    let why = crate::text::line(&damage.to_string(), 200);
    Trouble::new(
        TroubleCode::StoreDamaged,
        format!("The file with the messages, {}, was damaged ({why}). {messages}: {rest}.", path.display()),
        format!("All goes on in a new file. The damaged one is kept as {}.", aside.display()),
    )
}
