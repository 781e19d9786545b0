//! The least time between two heartbeats, whatever the plan says. It can change while a connection stands.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// A bound that the link asks before each heartbeat; clones are the same one. None at first.
#[derive(Clone, Debug, Default)]
pub struct Pace(Arc<AtomicU32>);

impl Pace {
    /// From the next heartbeat on, no more than one in so many seconds; 0 for no bound.
    pub fn at_least(&self, seconds: u32) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    /// The time between two heartbeats that are to go out each `every`.
    pub fn apply(&self, every: Duration) -> Duration {
        every.max(Duration::from_secs(self.0.load(Ordering::Relaxed).into()))
    }
}
