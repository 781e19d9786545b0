//! What can go wrong with the file, and what a person is told of it.

use std::{io, path::Path};

use rusqlite::{Error, ErrorCode};

use crate::trouble::{Trouble, TroubleCode};

/// An error of the store, where it arises.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// SQLite's own.
    #[error(transparent)]
    Sqlite(#[from] Error),
    /// The file cannot be made or opened.
    #[error(transparent)]
    File(io::Error),
    /// The file has a shape this version does not know.
    #[error("{0}")]
    Shape(String),
    /// The file was looked through, and this is wrong with it.
    #[error("{0}")]
    Damaged(String),
    /// What was asked for is not there, or not possible as things stand.
    #[error("{0}")]
    NotPossible(String),
}

impl StoreError {
    /// The same for a person.
    pub(super) fn trouble(&self, path: &Path) -> Trouble {
        let place = path.display();
        match self {
            Self::NotPossible(why) => Trouble::new(TroubleCode::NotPossible, why.clone(), "Nothing was changed."),
            _ if self.is_full() => Trouble::new(
                TroubleCode::DiskFull,
                format!("The disk is full: new messages cannot be stored in {place}."),
                "Free some space. What has arrived is kept in memory meanwhile, and all goes on by itself.",
            ),
            _ if self.is_damaged() => Trouble::new(
                TroubleCode::StoreDamaged,
                format!("The file with the messages is damaged: {place}."),
                "What can be read is saved into a new one, and the damaged one is kept beside it. What has arrived is \
                 kept in memory meanwhile.",
            ),
            Self::Shape(why) => Trouble::new(
                TroubleCode::StoreUnusable,
                format!("The file with the messages was written by another version of Heliograph: {place} ({why})."),
                "Install the newer version, or move the file to another place.",
            ),
            other => Trouble::new(
                TroubleCode::StoreUnusable,
                format!("The file with the messages cannot be used: {place} ({other})."),
                "See that the folder can be written by you. What has arrived is kept in memory meanwhile, \
                 and it is tried again every second.",
            ),
        }
    }

    /// Can the connection be used for the next try, or does the file have to be opened anew?
    pub(super) fn leaves_the_connection_sound(&self) -> bool {
        self.is_full() || matches!(self, Self::NotPossible(_))
    }

    /// Is there no room on the disk?
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(ErrorCode::DiskFull)
                    || error.sqlite_error().is_some_and(|error| error.extended_code == SHM_FULL)
            }
            Self::File(error) => error.kind() == io::ErrorKind::StorageFull,
            _ => false,
        }
    }

    /// Is the file itself at fault?
    pub(super) fn is_damaged(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            }
            _ => false,
        }
    }

    /// Was it ended because something more urgent came?
    pub(super) fn is_interruption(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted))
    }

    /// Could one row not be taken, while others can?
    pub(super) fn is_of_the_row(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        let code = error.sqlite_error_code();
        matches!(code, Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig))
    }
}

/// `SQLITE_IOERR_SHMSIZE`: the shared-memory file beside the log could not grow, which a full disk does first.
const SHM_FULL: i32 = 4874;
