//! Where the mailbox stands, for whoever watches. It must not be decided here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{message::Millis, trouble::Trouble};

/// Where the mailbox stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum MailboxState {
    /// None is set up.
    #[default]
    Off,
    /// Looked into now and then.
    Idle,
    /// Looked into often, since Redis is away.
    Watching,
    /// Not looked into before then: the service asked for it or has a fault, or the hour's requests are used up.
    Waiting {
        /// When it is looked into again.
        #[ts(type = "number")]
        until: Millis,
    },
    /// Not looked into any more before somebody mends `trouble`.
    Stopped,
}

/// Everything there is to say about the mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxStatus {
    /// Where it stands.
    pub state: MailboxState,
    /// What stands in the way; also where it only slows things down, or concerns posting alone.
    pub trouble: Option<Trouble>,
    /// When it was last looked into with success.
    pub last_poll: Option<Millis>,
    /// The requests of the last hour that count. Never above 100.
    pub counted_last_hour: u32,
    /// What GitHub says is left of this hour's allowance, to all programs with this account.
    pub left_this_hour: Option<u32>,
    /// Grows with each time that somebody asked to look now, and with each other plan: what was refused before that may
    /// be taken after it.
    pub asked: u64,
}
