//! Where files with messages, receipts and tables go to, and where one that comes in waits: the window hands it over in
//! parts, for a page has no paths.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use heliograph_core::{
    home::{self, Home},
    trouble::{Trouble, TroubleCode},
};

/// So many names are tried; the last one is written over.
const MOST_NAMES: u32 = 1_000;

/// A name for messages that is not taken in the folder for downloads, or else in the home folder.
///
/// Fails where this user has neither.
pub(crate) fn free_place() -> Result<PathBuf, Trouble> {
    free("heliograph-messages", "jsonl")
}

/// The same for the receipts of rotations.
///
/// Fails where this user has neither.
pub(crate) fn place_for_receipts() -> Result<PathBuf, Trouble> {
    free("heliograph-receipts", "jsonl")
}

/// Writes the table of usage there, and says where.
pub(crate) fn write(table: &str) -> Result<String, Trouble> {
    let place = free("heliograph-usage", "csv")?;
    fs::write(&place, table).map_err(|error| {
        Trouble::new(
            TroubleCode::StoreUnusable,
            format!("The file could not be written: {error}."),
            "See that there is room on the disk, and export again.",
        )
    })?;
    Ok(place.display().to_string())
}

fn free(stem: &str, end: &str) -> Result<PathBuf, Trouble> {
    let folder = home::downloads().filter(|folder| fs::create_dir_all(folder).is_ok()).ok_or_else(|| {
        Trouble::new(
            TroubleCode::NotPossible,
            "This user has no folder for downloads.",
            "Make one in the home folder, and export again.",
        )
    })?;
    let taken = |number: u32| folder.join(name(stem, end, number)).exists();
    let free = (1..MOST_NAMES).find(|number| !taken(*number)).unwrap_or(MOST_NAMES);
    Ok(folder.join(name(stem, end, free)))
}

fn name(stem: &str, end: &str, number: u32) -> String {
    if number == 1 { format!("{stem}.{end}") } else { format!("{stem}-{number}.{end}") }
}

/// Adds a part of a file that comes in; the first one begins it anew.
pub(crate) fn receive(home: &Home, bytes: &[u8], first: bool) -> Result<(), Trouble> {
    let written = open(&place(home), first).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| {
        Trouble::new(
            TroubleCode::StoreUnusable,
            format!("The file could not be taken over: {error}."),
            "See that there is room on the disk, and choose it again.",
        )
    })
}

fn open(path: &Path, first: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if first
        && let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    options.open(path)
}

/// The file that came in. Dropping it removes the file.
pub(crate) struct Received(PathBuf);

impl Received {
    pub(crate) fn of(home: &Home) -> Self {
        Self(place(home))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        // What cannot be removed is begun anew by the next one.
        let _ = fs::remove_file(&self.0);
    }
}

fn place(home: &Home) -> PathBuf {
    home.data.join("import.jsonl")
}
