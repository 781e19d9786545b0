//! What is counted against what a real server has counted, and what the engine does near a limit and beyond it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bench;
mod counting;
mod idle;
mod limits;
mod moving;
mod reading;
