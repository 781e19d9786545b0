//! The person's settings: compiled-in defaults, and a file that holds only what differs.
//!
//! It must not hold a secret.

mod check;
mod file;
mod in_force;
mod quiet;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    message::{Names, Priority},
    store::Retention,
    usage::{Choice, Prices},
};

pub use file::DEFAULTS;
pub(crate) use in_force::InForce;

/// What can be set; `defaults.toml` says what each is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Names.
    pub agents: Agents,
    /// Signs of life.
    pub heartbeat: Heartbeat,
    /// Answers given by themselves.
    pub replies: Replies,
    /// The record of what we send.
    pub record: Record,
    /// The way round Redis.
    pub mailbox: Mailbox,
    /// What is shown outside the window.
    pub notifications: Notifications,
    /// What the program reminds of.
    pub reminders: Reminders,
    /// How the database's key is changed.
    pub rotation: Rotation,
    /// How long messages are kept.
    pub inbox: Inbox,
    /// What the database costs.
    pub usage: Usage,
}

/// Names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Agents {
    /// The agent on this computer.
    pub me: String,
    /// The agents it talks with.
    pub peers: Vec<String>,
}

/// Signs of life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Seconds between two.
    pub every: u32,
}

/// Answers given by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Replies {
    /// Is `received` sent?
    pub received: bool,
}

/// The record of what we send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Is it written?
    pub write: bool,
    /// About so many messages of each channel are kept in it.
    pub keep: u32,
}

/// The way round Redis: a repository at GitHub.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// Which one, as `owner/name`; empty where there is none.
    pub repository: String,
    /// The accounts whose comments may be messages.
    pub allowed: Vec<String>,
}

/// What is shown outside the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// How many are shown one by one within ten seconds.
    pub one_by_one: usize,
    /// Types of messages that raise one.
    pub types: Vec<String>,
    /// The least priority that raises one.
    pub least: Priority,
    /// Say only that something arrived, and from whom.
    pub hide_contents: bool,
    /// When none but urgent ones are shown.
    pub quiet: Quiet,
}

/// Hours in which only what is urgent is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Are they kept?
    pub on: bool,
    /// From when, local time: `22:00`.
    pub from: String,
    /// Until when; where it is earlier than `from`, on the next day.
    pub until: String,
    /// Are urgent ones shown all the same?
    pub urgent: bool,
}

/// What the program reminds of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// Once a month: rotate the key.
    pub rotate: bool,
    /// After so many days.
    pub rotate_days: u32,
    /// After so many days: renew the keys that only a person can renew.
    pub renew_days: u32,
}

/// How the database's key is changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How the new key goes to Helios.
    pub handover: Handover,
    /// Helios's public key, an age recipient; empty where it is not known.
    pub helios_key: String,
    /// The person's own command; empty where there is none.
    pub command: String,
}

/// How a new key goes to Helios.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    /// Encrypted to Helios's public key, and left in the mailbox.
    Sealed,
    /// A command of the person's own gets it on its standard input.
    Command,
    /// The person copies it.
    #[default]
    ByHand,
}

/// How long messages are kept. A task that nobody has answered is kept whatever these say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// For so many days; 0 for ever.
    pub keep_days: u32,
    /// So many of the newest; 0 for all.
    pub keep_most: u32,
}

/// What the database costs, and what the program does about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Which plan to reckon with.
    pub plan: Choice,
    /// Does the program slow itself near a limit?
    pub slow_down: bool,
    /// Does it say when a limit comes near?
    pub warn: bool,
    /// Does it write something once a week, so that the database does not count as idle?
    pub keep_alive: bool,
    /// Commands a month and no more, whatever the plan says; 0 for the plan's.
    #[ts(type = "number")]
    pub most_commands: u64,
    /// What the plans allow and cost.
    pub prices: Prices,
}

impl Settings {
    /// The names in one.
    pub fn names(&self) -> Names {
        self.agents.names()
    }

    /// How many messages each record is to keep; `None` where none is written.
    pub fn recorded(&self) -> Option<u32> {
        self.record.write.then_some(self.record.keep)
    }

    /// The time between two heartbeats.
    pub fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat.every.into())
    }
}

impl Inbox {
    /// The same as the store takes it.
    pub fn retention(&self) -> Retention {
        let limit = |number: u32| (number > 0).then_some(number);
        Retention { age_days: limit(self.keep_days), most: limit(self.keep_most) }
    }
}

impl Agents {
    /// The names as the channels follow from them.
    pub fn names(&self) -> Names {
        Names { me: self.me.clone(), peers: self.peers.clone() }
    }
}
