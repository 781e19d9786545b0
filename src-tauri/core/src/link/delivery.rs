//! What the link hands over: messages, and where there was a gap. It must not look into a payload.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::message::Millis;

/// Something the link hands over; in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Messages, oldest first; never empty.
    Messages(Vec<Heard>),
    /// The subscription is confirmed: what is published from here on is heard.
    Connected {
        /// When the confirmation came.
        at: Millis,
        /// The gap that ended; `None` at the first connection of this process, before which the link knows nothing, and
        /// where one connection took over from another without a gap.
        missed: Option<Missed>,
    },
}

/// A message as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// On which channel.
    pub channel: Arc<str>,
    /// Its bytes, whatever they are.
    pub payload: Vec<u8>,
    /// When it was read.
    pub at: Millis,
}

/// A gap: a time in which nothing could be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// From the last moment for which hearing is proved.
    pub since: Millis,
    /// Until the subscription was confirmed again.
    pub until: Millis,
    /// Why.
    pub cause: Cause,
}

/// Why there was a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The connection ended.
    ConnectionLost,
    /// The connection was open and nothing came over it.
    ConnectionSilent,
    /// The computer slept.
    Asleep,
    /// The computer changed its network.
    NetworkChanged,
    /// The service refused to go on (a used-up quota, say).
    Refused,
    /// It was asked for: another address, or disconnected and connected again.
    Restarted,
}

impl Cause {
    /// In words, to follow "because": "the connection was lost".
    pub fn words(self) -> &'static str {
        match self {
            Self::ConnectionLost => "the connection was lost",
            Self::ConnectionSilent => "the connection had gone silent",
            Self::Asleep => "the computer was asleep",
            Self::NetworkChanged => "the network changed",
            Self::Refused => "the service refused to go on",
            Self::Restarted => "the connection was restarted",
        }
    }
}
