//! The window's own tools: npm and what it installs.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    place,
    program::{program, run},
};

/// Runs `npm` with these arguments in the window's folder.
pub(crate) fn npm(arguments: &[&str]) -> Result<()> {
    run(program("npm", arguments).current_dir(place::ui()))
}

/// Installs what the lock file names, if that has not been done since it changed.
pub(crate) fn install() -> Result<()> {
    let lock = place::ui().join("package-lock.json");
    let lock = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    // It stands among what was installed, and so goes when that goes.
    let stamp = place::ui().join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Builds the window: the app contains it, so nothing of the app compiles before.
pub(crate) fn build() -> Result<()> {
    install()?;
    npm(&["run", "build"])
}
