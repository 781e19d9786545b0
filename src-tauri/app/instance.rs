//! One program at a time for each home: two would subscribe twice and answer twice.
//!
//! A lock on a file decides it, because it works without a session bus and ends with the process however that
//! ends. The plugin only carries the second one's wish to the first.

use std::{
    fmt::Write as _,
    fs::{File, TryLockError},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::Path,
    process,
    sync::mpsc,
    thread,
    time::Duration,
};

use heliograph_core::{engine::Engine, home::Home};
use tauri::{Wry, plugin::TauriPlugin};

use crate::flags;

/// How often, and how long between, a lock that is held is tried: the one before may be about to end.
const TRIES: u32 = 4;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
/// How long the first one may take to hear the second, on a computer with much else to do; as a rule it is a moment.
const HAND_OVER: Duration = Duration::from_secs(3);

/// The right to be the one program of this home, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Instance {
    _lock: File,
}

/// Takes the lock of `home`; `None` where another program holds it.
///
/// Fails where the file can be neither made nor locked.
pub(crate) fn claim(home: &Home) -> io::Result<Option<Instance>> {
    let file = File::options().create(true).truncate(false).write(true).open(home.data.join("instance.lock"))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Instance { _lock: file })),
            Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

/// The program's name among the running ones: another for the sandbox, and for a home of its own.
pub(crate) fn identifier(base: &str, sandbox: bool, own_home: Option<&Path>) -> String {
    let mut name = base.to_owned();
    if sandbox {
        name.push_str(".Sandbox");
    }
    if let Some(home) = own_home {
        let mut hasher = DefaultHasher::new();
        home.hash(&mut hasher);
        // Writing into a string cannot fail.
        let _ = write!(name, ".Home{:016x}", hasher.finish());
    }
    name
}

/// Answers second starts by showing the place they ask for.
pub(crate) fn listen(engine: Engine) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::init(move |_app, argv, _folder| engine.open(flags::place_asked_for(&argv)))
}

/// Tells the running program what we were asked for, and ends this one within its time limit.
pub(crate) fn hand_over(context: tauri::Context<Wry>) -> process::ExitCode {
    let (over, limit) = mpsc::channel::<()>();
    let watchdog = thread::Builder::new().name("hand over".into()).spawn(move || {
        if limit.recv_timeout(HAND_OVER) == Err(mpsc::RecvTimeoutError::Timeout) {
            process::exit(refused());
        }
    });
    // The plugin ends the process by itself once the first one has heard. If it comes back, nobody was there to hear.
    let built = tauri::Builder::default().plugin(tauri_plugin_single_instance::init(|_, _, _| {})).build(context);
    tracing::info!(built = built.is_ok(), "a second start found nobody to hand over to");
    drop(over);
    drop(watchdog);
    u8::try_from(refused()).map_or(process::ExitCode::FAILURE, process::ExitCode::from)
}

/// Says on the terminal why this start came to nothing.
fn refused() -> i32 {
    use io::Write as _;
    // There may be no terminal; then there is nobody to tell.
    let _ = writeln!(io::stderr(), "heliograph: it is already running, and its window could not be raised");
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_the_lock_and_its_end_frees_it() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::under(root.path());
        home.create().unwrap();
        let first = claim(&home).unwrap();
        assert!(first.is_some());
        assert!(claim(&home).unwrap().is_none());
        assert!(claim(&home.sandboxed()).is_err(), "the sandbox's folder is not made yet");
        home.sandboxed().create().unwrap();
        assert!(claim(&home.sandboxed()).unwrap().is_some());
        drop(first);
        assert!(claim(&home).unwrap().is_some());
    }

    #[test]
    fn every_home_has_a_name_of_its_own() {
        let names = [
            identifier("io.github.x", false, None),
            identifier("io.github.x", true, None),
            identifier("io.github.x", false, Some("/a".as_ref())),
            identifier("io.github.x", true, Some("/a".as_ref())),
            identifier("io.github.x", true, Some("/b".as_ref())),
        ];
        let different: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len());
    }
}
