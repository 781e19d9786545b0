//! The program's own clock, which can be set forward and back while it runs: faketime's library stands between it and
//! the system. Only the time of day moves; what counts seconds is left alone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

const HOUR: Millis = 3_600_000;

/// After a change it may take so long until the program sees it.
const SEEN: Millis = 2_000;

/// By the true clock.
pub(crate) fn now() -> Millis {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// The program's clock.
#[derive(Clone)]
pub(crate) struct Clock {
    file: PathBuf,
    library: String,
    /// Since when it has gone wrong by how much.
    changes: Vec<(Millis, Millis)>,
}

impl Clock {
    pub(crate) fn new(folder: &Path) -> Self {
        let clock = Self { file: folder.join("clock"), library: library(), changes: vec![(0, 0)] };
        clock.write(0);
        clock
    }

    /// What the program must find in its environment.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let file = self.file.display().to_string();
        [
            ("LD_PRELOAD", self.library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_CACHE_DURATION", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_DISABLE_SHM", "1"),
            ("NO_FAKE_STAT", "1"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
    }

    /// Sets it wrong by so many hours.
    pub(crate) fn set(&mut self, hours: i64) {
        self.write(hours);
        self.changes.push((now(), hours * HOUR));
    }

    fn write(&self, hours: i64) {
        // In one step: a file that is half written would be another time.
        let beside = self.file.with_extension("new");
        fs::write(&beside, format!("{hours:+}h\n")).unwrap();
        fs::rename(&beside, &self.file).unwrap();
    }

    /// By how much it may have been wrong at some time between these.
    pub(crate) fn wrong(&self, from: Millis, to: Millis) -> Vec<Millis> {
        let before = self.changes.partition_point(|(since, _)| *since <= from - SEEN).saturating_sub(1);
        let until = self.changes.partition_point(|(since, _)| *since <= to);
        self.changes[before..until].iter().map(|(_, wrong)| *wrong).collect()
    }
}

/// The library, where the program `faketime` has it.
fn library() -> String {
    let told = Command::new("faketime").args(["-m", "-f", "+0", "env"]).output();
    let told = told.expect("faketime is not installed; `cargo xtask setup --tests` installs what the tests need");
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines().find_map(|line| line.strip_prefix("LD_PRELOAD=")).expect("faketime preloads its library").to_owned()
}

#[test]
fn around_a_change_it_may_have_been_wrong_or_right() {
    let folder = tempfile::tempdir().unwrap();
    let mut clock = Clock::new(folder.path());
    clock.set(3);
    let changed = clock.changes[1].0;
    assert_eq!(clock.wrong(changed - 1, changed - 1), [0]);
    assert_eq!(clock.wrong(changed + 1, changed + 1), [0, 3 * HOUR]);
    assert_eq!(clock.wrong(changed - 9, changed + 9), [0, 3 * HOUR]);
    assert_eq!(clock.wrong(changed + SEEN, changed + SEEN), [3 * HOUR]);
}
