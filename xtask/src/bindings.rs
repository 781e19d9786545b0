//! `cargo xtask bindings`: the TypeScript types made from the Rust ones.
//!
//! They are made by tests that ts-rs adds to each crate, into a folder of their own, so that types which are gone
//! from Rust go from the window too.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    place,
    program::{cargo, output},
};

/// Files by their name inside the folder.
type Files = BTreeMap<PathBuf, String>;

/// Writes what changed and removes what is gone.
pub(crate) fn write() -> Result<()> {
    let folder = folder();
    let (fresh, committed) = (generate()?, read(&folder)?);
    for (name, text) in &fresh {
        if committed.get(name) != Some(text) {
            println!("writes {}", name.display());
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    for name in committed.keys().filter(|name| !fresh.contains_key(*name)) {
        println!("removes {}", name.display());
        fs::remove_file(folder.join(name))?;
    }
    Ok(())
}

/// The names of the files that are not as they would be written.
pub(crate) fn outdated() -> Result<Vec<String>> {
    let (fresh, committed) = (generate()?, read(&folder())?);
    let names = fresh.keys().chain(committed.keys().filter(|name| !fresh.contains_key(*name)));
    Ok(names.filter(|name| fresh.get(*name) != committed.get(*name)).map(|name| name.display().to_string()).collect())
}

fn folder() -> PathBuf {
    place::ui().join("src/bindings")
}

fn generate() -> Result<Files> {
    let folder = tempfile::tempdir()?;
    let mut tests = cargo(["test", "--quiet", "--lib", "-p", "heliograph-core", "-p", "heliograph-sandbox"]);
    tests.args(["--", "export_bindings"]).env("TS_RS_EXPORT_DIR", folder.path());
    output(&mut tests)?;
    read(folder.path())
}

fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder)?.to_owned(), fs::read_to_string(&path)?);
            }
        }
    }
    Ok(files)
}
