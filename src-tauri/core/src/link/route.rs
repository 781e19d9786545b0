//! Over which connection commands go out now. It must not send any.

use std::sync::{Arc, Mutex, PoisonError};

use super::session::{Exit, Session};
use crate::message::Millis;

/// A connection for commands, and since when its session stands. Whoever holds one while waiting for an answer keeps
/// it open for so long.
#[derive(Clone)]
pub(super) struct Side {
    pub(super) exit: Exit,
    pub(super) session: Millis,
}

/// The connection to be used from now on.
pub(super) struct Route(Mutex<Side>);

impl Route {
    pub(super) fn new(session: &Session) -> Self {
        Self(Mutex::new(Side::of(session)))
    }

    /// The one to be used now.
    pub(super) fn side(&self) -> Side {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Is this still the one to be used?
    pub(super) fn leads_by(&self, side: &Side) -> bool {
        Arc::ptr_eq(&self.side().exit.driver, &side.exit.driver)
    }

    /// Another one is to be used.
    pub(super) fn lead_by(&self, session: &Session) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Side::of(session);
    }
}

impl Side {
    fn of(session: &Session) -> Self {
        Self { exit: session.exit.clone(), session: session.at }
    }
}
