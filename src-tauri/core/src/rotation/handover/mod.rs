//! The ways in which a new address goes to Helios. None of them keeps it.

mod command;
mod sealed;

pub(crate) use command::{Ran, run, words};
pub use sealed::{key_fingerprint, recipient, seal};
