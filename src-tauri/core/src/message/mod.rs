//! What the agents say to each other: the envelope, the channels, and how both are read and written.
//!
//! Reading is lenient and never fails: what is no JSON object becomes an unreadable message. Writing is strict.
//! This module must not do I/O and knows neither Redis nor the store.

pub mod channel;
mod read;
mod summary;
mod write;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use channel::Names;
pub use read::{Header, data, read};
pub use summary::{Field, Summary, fields, raw_text, summarise};
pub use write::{Outgoing, free_data, new_id, receipt_id, reply_data};

/// Milliseconds since 1970, the one time unit inside the program and towards the window.
pub type Millis = i64;

/// How soon a message wants attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// May wait.
    Low,
    /// The default.
    #[default]
    Normal,
    /// Wants to be seen now.
    Urgent,
}

/// What a reply says of its task (`data.status` on the wire).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum ReplyStatus {
    /// The task stands in the inbox; sent by itself.
    Received,
    /// Somebody works on it.
    Accepted,
    /// It is finished.
    Done,
    /// It was tried and did not work.
    Failed,
    /// It will not be done.
    Declined,
    /// Its time had passed.
    Expired,
}

impl ReplyStatus {
    /// As it stands on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Declined => "declined",
            Self::Expired => "expired",
        }
    }
}

/// A message's type, with a name for those we act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Stands in the inbox until it is answered.
    Task,
    /// Wants to be seen at once.
    Alert,
    /// Wants a `pong`.
    Ping,
    /// A sign of life.
    Heartbeat,
    /// Any other type, as it was written.
    Other(Box<str>),
    /// What is not a JSON object.
    Unreadable,
}

impl Kind {
    /// The type of that name.
    pub fn named(name: &str) -> Self {
        match name {
            "task" => Self::Task,
            "alert" => Self::Alert,
            "ping" => Self::Ping,
            "heartbeat" => Self::Heartbeat,
            _ => Self::Other(name.into()),
        }
    }

    /// Its name; what cannot be read is called `unreadable`.
    pub fn name(&self) -> &str {
        match self {
            Self::Task => "task",
            Self::Alert => "alert",
            Self::Ping => "ping",
            Self::Heartbeat => "heartbeat",
            Self::Other(name) => name,
            Self::Unreadable => "unreadable",
        }
    }
}

/// The wall clock, at the edges where nothing hands a time in.
pub fn now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}
