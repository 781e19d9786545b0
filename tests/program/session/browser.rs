//! A browser that only notes which pages it was to show.

use std::{fs, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;

use super::{
    Environment,
    wait::{LIMIT, found},
};

/// The browser. Its notes are outside the session's folder, for what it is shown may be a secret.
pub(crate) struct Browser(TempDir);

impl Browser {
    /// The program that opens pages, before any other of its name.
    pub(super) fn first_in_path(environment: &mut Environment) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("xdg-open");
        let notes = folder.path().join("pages");
        fs::write(&program, format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", notes.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let first = std::iter::once(folder.path().to_owned());
        environment.set("PATH", std::env::join_paths(first.chain(std::env::split_paths(&others))).unwrap());
        Self(folder)
    }

    /// The last page, as soon as one was asked for.
    pub(crate) async fn page(&self) -> String {
        let notes = self.0.path().join("pages");
        found("a page is opened in the browser", LIMIT, async || {
            fs::read_to_string(&notes).ok()?.lines().last().map(str::to_owned)
        })
        .await
    }

    /// What it was shown so far no longer counts.
    pub(crate) fn forget(&self) {
        fs::remove_file(self.0.path().join("pages")).unwrap();
    }
}
