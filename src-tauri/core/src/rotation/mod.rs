//! Rotation: giving the database a new key, and everybody who needs it, without ever being without one.
//!
//! It holds the state machine and its journal, what is looked at before, how a key is proved, and the ways in which
//! it goes to Helios. It must not be called twice at once, and asks for a new key at most once in a rotation.

mod handover;
mod machine;
mod view;

pub use handover::{key_fingerprint, recipient, seal};
pub use machine::{Event as Happening, Machine, Task};
pub use view::*;
