//! Reading the file, line by line.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use tokio::sync::mpsc;

use crate::store::portable::{self, Portable};

/// So many messages go into one commit, or so many bytes: what arrives meanwhile waits for one at most.
const ROWS: usize = 200;
const BYTES: usize = 1024 * 1024;

/// A longer line is none of ours.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// A line that is a message, and which one of the file it is.
pub(super) type Numbered = (i64, Portable);

/// What is known of a file before any of it is taken in.
pub(super) struct Looked {
    pub(super) lines: i64,
    pub(super) unreadable: u64,
    pub(super) last: Option<Numbered>,
}

pub(super) fn look_through(path: &Path) -> io::Result<Looked> {
    let mut looked = Looked { lines: 0, unreadable: 0, last: None };
    each_line(path, |line, message| {
        looked.lines = line + 1;
        match message {
            Some(message) => looked.last = Some((line, message)),
            None => looked.unreadable += 1,
        }
        true
    })?;
    Ok(looked)
}

pub(super) fn read_portions(path: &Path, portions: &mpsc::Sender<Vec<Numbered>>) -> io::Result<()> {
    let (mut portion, mut bytes) = (Vec::new(), 0);
    each_line(path, |line, message| {
        let Some(message) = message else { return true };
        bytes += message.payload.len();
        portion.push((line, message));
        if portion.len() < ROWS && bytes < BYTES {
            return true;
        }
        bytes = 0;
        // Nobody takes it where the store has failed.
        portions.blocking_send(std::mem::take(&mut portion)).is_ok()
    })?;
    if !portion.is_empty() {
        let _ = portions.blocking_send(portion);
    }
    Ok(())
}

/// Reads line by line, empty ones apart, for as long as `take` says so.
fn each_line(path: &Path, mut take: impl FnMut(i64, Option<Portable>) -> bool) -> io::Result<()> {
    let mut file = BufReader::with_capacity(64 * 1024, File::open(path)?);
    let mut text = Vec::new();
    let mut line = 0;
    loop {
        text.clear();
        if file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)? == 0 {
            return Ok(());
        }
        let whole = text.ends_with(b"\n") || (text.len() as u64) < LONGEST_LINE;
        if !whole {
            file.skip_until(b'\n')?;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        if !take(line, portable::parse(&text).filter(|_| whole)) {
            return Ok(());
        }
        line += 1;
    }
}
