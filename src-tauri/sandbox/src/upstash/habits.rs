//! What the published documents leave open about the service, to be chosen for a test of both.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

/// How the service is, where its documents allow either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// `endpoint` is a bare name such as `calm-owl-12345`. Otherwise it is host and port.
    pub bare_endpoint: bool,
    /// The account protects its credentials: looking at a database never shows them, as with `credentials=hide`. Only
    /// making one and resetting its password do.
    pub protected_credentials: bool,
    /// Connections that stand are ended when their password is reset. Otherwise they are left alone, as Redis does.
    pub cuts_connections: bool,
}

/// The present ones.
#[derive(Debug, Default)]
pub(super) struct Present(Mutex<Habits>);

impl Present {
    pub(super) fn set(&self, habits: Habits) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = habits;
    }

    pub(super) fn get(&self) -> Habits {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
