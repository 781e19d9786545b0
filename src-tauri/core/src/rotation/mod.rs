//! Rotation: giving the database a new key, and everybody who needs it, without ever being without one.
//!
//! It holds the state machine and its journal, what is looked at before, how a key is proved, and the ways in which
//! it goes to Helios. It must not be called twice at once, and asks for a new key at most once in a rotation.

pub(crate) mod due;
pub(crate) mod fingerprint;
pub(crate) mod handover;
pub(crate) mod journal;
pub(crate) mod leak;
mod machine;
pub(crate) mod prove;
pub(crate) mod rights;
pub(crate) mod scrub;
mod tuning;
pub(crate) mod users;
mod view;
pub(crate) mod words;

pub use handover::{key_fingerprint, recipient, seal};
pub use machine::{Event as Happening, Machine, OnePassword, Overlap, Task};
pub use tuning::Tuning;
pub use view::*;
