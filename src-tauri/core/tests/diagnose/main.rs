//! The connection test against real servers, and against some that are made to misbehave: each failure is found at its
//! step, with its cause and a way on; what it costs is what it says; and nothing is left behind.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bench;
mod certificates;
mod hostile;
mod network;
mod refusals;
mod rights;
mod success;
