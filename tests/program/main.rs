//! The whole program, as people run it: the real binary in a real desktop session, against a real Redis.
//!
//! Each test has a session of its own: X server, window manager, session bus, notification server, keychain and
//! panel. Nothing sleeps blindly: whatever is waited for is a condition with a limit. Some tests promise times;
//! they run alone.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(clippy::print_stdout, reason = "tests say what they measured")]

mod background;
mod burst;
mod crash;
mod faults;
mod hostile;
mod instance;
mod keychain;
mod keys;
mod mailbox;
mod pages;
mod records;
mod replies;
mod rotation;
mod sandbox;
mod secrets;
mod session;
mod setup;
mod story;
mod tray;
mod window;
