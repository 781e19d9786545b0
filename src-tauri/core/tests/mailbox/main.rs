//! The mailbox against the sandbox's stand-in for GitHub: what it promises of each fault.
//!
//! Every wait is for a condition, with a limit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bench;
mod day;
mod faults;
mod flow;
mod letters;
mod posts;
mod setup;
mod stopping;
