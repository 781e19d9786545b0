//! The link against a real Redis server: what it promises of each fault, with the bound in which it must happen.
//!
//! Every wait is for a condition, with a limit; nothing is tried twice.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bench;
mod changeover;
mod faults;
mod flow;
mod refusals;
mod stopping;
mod taker;
