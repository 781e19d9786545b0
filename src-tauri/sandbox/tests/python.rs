//! Helios's client in Python, by its own tests, against the programs of this crate.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends by panicking")]

use std::{
    path::Path,
    process::{Command, Output},
};

/// The system's own, where redis-py is installed.
const PYTHON: &str = "/usr/bin/python3";

#[test]
fn heliograph_py_passes_its_own_tests() {
    pass("test_heliograph.py");
}

#[test]
fn heliograph_py_comes_through_a_change_of_the_key() {
    pass("test_rotation.py");
}

fn pass(file: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/python/tests").join(file);
    // Where `cargo xtask test` puts what the system has no package for.
    let libraries = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("python");
    assert!(libraries.join("pyrage").is_dir(), "there is no pyrage; `cargo xtask setup --tests` installs it");
    // They bound every wait, and all of them together.
    let Output { status, stderr, .. } = Command::new(PYTHON)
        .arg(tests.canonicalize().unwrap())
        .env("HELIOGRAPH_SANDBOX", env!("CARGO_BIN_EXE_heliograph-sandbox"))
        .env("PYTHONPATH", libraries)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("there is no Python");
    let words = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{words}");
    // Tests that were not found would pass as well.
    assert!(words.contains("\nOK") && !words.contains("Ran 0 tests"), "{words}");
}
