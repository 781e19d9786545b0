//! The window's own tools: npm and what it installs.

use std::{fs, io, path::Path, time::SystemTime};

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

/// What the window is built from, in its folder.
const SOURCES: [&str; 8] = [
    "index.html",
    "package.json",
    "node_modules/.installed-lock.json",
    "scripts",
    "src",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// Builds the window: the app contains it, so nothing of the app compiles before.
pub(crate) fn build() -> Result<()> {
    install()?;
    npm(&["run", "build"])
}

/// Builds it where something it is built from was changed since: a new one has the app built anew as well.
pub(crate) fn build_if_changed() -> Result<()> {
    install()?;
    if is_built(&place::ui()).unwrap_or(false) { Ok(()) } else { build() }
}

fn is_built(folder: &Path) -> io::Result<bool> {
    let built = fs::metadata(folder.join("dist/index.html"))?.modified()?;
    for source in SOURCES {
        if newest(&folder.join(source))? >= built {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When this was last changed, or anything in it. A folder changes with what is taken out of it.
fn newest(path: &Path) -> io::Result<SystemTime> {
    let about = fs::metadata(path)?;
    let mut newest = about.modified()?;
    if about.is_dir() {
        for entry in fs::read_dir(path)? {
            newest = newest.max(self::newest(&entry?.path())?);
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{fs::File, time::Duration};

    use super::*;

    #[test]
    fn what_was_changed_since_is_built_again() {
        let folder = tempfile::tempdir().unwrap();
        let at = |place: &str, seconds: u64| {
            let path = folder.path().join(place);
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            File::open(path).unwrap().set_modified(time).unwrap();
        };
        for place in ["src/lib", "scripts", "node_modules", "dist"] {
            fs::create_dir_all(folder.path().join(place)).unwrap();
        }
        let files = SOURCES.iter().filter(|source| !["src", "scripts"].contains(source));
        for file in files.chain(&["src/lib/ipc.ts", "dist/index.html"]) {
            fs::write(folder.path().join(file), "").unwrap();
            at(file, 10);
        }
        for place in ["src", "src/lib", "scripts"] {
            at(place, 10);
        }
        assert!(!is_built(folder.path()).unwrap(), "at the same moment");
        at("dist/index.html", 20);
        assert!(is_built(folder.path()).unwrap());
        at("src/lib/ipc.ts", 30);
        assert!(!is_built(folder.path()).unwrap());
        at("src/lib/ipc.ts", 10);
        fs::remove_file(folder.path().join("src/lib/ipc.ts")).unwrap();
        assert!(!is_built(folder.path()).unwrap(), "something was taken out");
        fs::remove_file(folder.path().join("dist/index.html")).unwrap();
        assert!(is_built(folder.path()).is_err());
    }
}
