//! What is counted against what a real server has counted, and what the engine does near a limit and beyond it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bench;
#[cfg(target_os = "linux")]
mod calendar;
mod clock;
mod counting;
mod idle;
mod limits;
mod moving;
mod reading;
#[cfg(target_os = "linux")]
#[path = "../credentials/session.rs"]
#[allow(dead_code, reason = "the keychain's own tests do more with it")]
mod session;
mod slowly;
#[cfg(target_os = "linux")]
mod warned;
#[cfg(target_os = "linux")]
mod whole;
#[cfg(target_os = "linux")]
#[path = "../rotation/world.rs"]
#[allow(dead_code, reason = "the tests of rotation do more with it")]
mod world;
