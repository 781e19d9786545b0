//! Where the connection stands, for whoever watches. It must not be decided here.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{message::Millis, trouble::Trouble};

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// There is no address to connect to.
    NoAddress,
    /// Being made.
    Connecting,
    /// Subscribed: what is sent is heard.
    Connected,
    /// Not connected; tried again by itself at `next_try`.
    Waiting,
    /// Not connected and not tried again before somebody mends `trouble`.
    Stopped,
}

/// Everything there is to say about the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where it stands.
    pub state: LinkState,
    /// In that state since.
    pub since: Millis,
    /// Tries since the last good connection.
    pub attempts: u32,
    /// When it is tried again, while waiting.
    pub next_try: Option<Millis>,
    /// What stands in the way. While connected: why the heartbeat may not be published, if it may not.
    pub trouble: Option<Trouble>,
    /// How long the last heartbeat took out and back.
    pub round_trip: Option<Duration>,
    /// Messages wait because they are taken from us more slowly than they arrive.
    pub slow: bool,
}

impl Status {
    /// As it is before there is a plan.
    pub(super) fn new(at: Millis) -> Self {
        Self {
            state: LinkState::NoAddress,
            since: at,
            attempts: 0,
            next_try: None,
            trouble: None,
            round_trip: None,
            slow: false,
        }
    }
}
