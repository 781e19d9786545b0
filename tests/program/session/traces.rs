//! What another process, or the next person at this computer, could read.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Session, running::below};

/// `None` for what a living program has removed meanwhile.
pub(crate) fn still_there<T>(looked_at: io::Result<T>) -> Option<T> {
    match looked_at {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        looked_at => Some(looked_at.unwrap()),
    }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in still_there(fs::read_dir(folder)).into_iter().flatten().flatten() {
        let Some(kind) = still_there(entry.file_type()) else { continue };
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

fn holds_any(path: &Path, secrets: &[&str]) -> bool {
    // A process or a file that is gone meanwhile tells nothing.
    let bytes = fs::read(path).unwrap_or_default();
    secrets.iter().any(|secret| {
        assert!(secret.len() > 8, "this would be found everywhere: {secret}");
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    })
}

impl Session {
    /// Sees that these secrets are in no file, on no command line, and in no environment that the program gave to
    /// another. What it was itself started with stays in its own for ever.
    pub(crate) fn no_trace(&self, app: u32, secrets: &[&str], when: &str) {
        let all = files(self.root());
        for needed in ["heliograph.log", "messages.db"] {
            assert!(all.iter().any(|file| file.ends_with(needed)), "there is a {needed} to look through: {all:?}");
        }
        for file in all {
            assert!(!holds_any(&file, secrets), "{when}: a secret stands in {}", file.display());
        }
        let of = |process: u32, file: &str| PathBuf::from(format!("/proc/{process}/{file}"));
        assert!(!holds_any(&of(app, "cmdline"), secrets), "{when}: a secret stands on the command line");
        for (child, name) in below(app) {
            for file in ["cmdline", "environ"] {
                assert!(!holds_any(&of(child, file), secrets), "{when}: {name} has a secret in its {file}");
            }
        }
    }

    /// The same for secrets that the program was not started with: they are not in its own environment either.
    pub(crate) fn no_trace_at_all(&self, app: u32, secrets: &[&str], when: &str) {
        let environment = PathBuf::from(format!("/proc/{app}/environ"));
        assert!(!holds_any(&environment, secrets), "{when}: a secret stands in the program's environment");
        self.no_trace(app, secrets, when);
    }
}
