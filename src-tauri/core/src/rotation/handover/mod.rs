//! The ways in which a new address goes to Helios. None of them keeps it.

mod sealed;

pub use sealed::{key_fingerprint, recipient, seal};
