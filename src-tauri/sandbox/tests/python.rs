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
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/python/tests/test_heliograph.py");
    // They bound every wait, and all of them together.
    let Output { status, stderr, .. } = Command::new(PYTHON)
        .arg(tests.canonicalize().unwrap())
        .env("HELIOGRAPH_SANDBOX", env!("CARGO_BIN_EXE_heliograph-sandbox"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("there is no Python");
    let words = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{words}");
    // Tests that were not found would pass as well.
    assert!(words.contains("\nOK") && !words.contains("Ran 0 tests"), "{words}");
}
