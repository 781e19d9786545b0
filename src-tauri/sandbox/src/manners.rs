//! How a stand-in behaves at present: well, or with a fault, always or some times. It must not know any fault.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Deserializer};

/// The fault of the next answers, and how many of them, where they are counted.
#[derive(Debug)]
pub(crate) struct Manners<F>(Mutex<Option<(F, Option<u32>)>>);

impl<F> Default for Manners<F> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<F: Clone> Manners<F> {
    pub(crate) fn set(&self, fault: F, times: Option<u32>) {
        *self.current() = Some((fault, times));
    }

    pub(crate) fn clear(&self) {
        *self.current() = None;
    }

    /// The fault of the next answer, if it is one that `concerns` it; one of its times is used up then.
    pub(crate) fn next(&self, concerns: impl FnOnce(&F) -> bool) -> Option<F> {
        let mut current = self.current();
        let (fault, times) = current.as_mut()?;
        if !concerns(fault) {
            return None;
        }
        let fault = fault.clone();
        match times {
            Some(0) => {
                *current = None;
                return None;
            }
            Some(times) => *times -= 1,
            None => {}
        }
        Some(fault)
    }

    fn current(&self) -> MutexGuard<'_, Option<(F, Option<u32>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A time given in seconds, for faults that say how long.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(from)?).map_err(serde::de::Error::custom)
}
