//! The whole state, as a screen shows it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::mailbox::MailboxView;
use crate::{link::LinkState, message::Millis, presence::AgentView, store::Counts, trouble::Trouble, usage::Level};

/// The state in one word: the tray's shape and colour follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// No database is known yet.
    SetupNeeded,
    /// The first connection, or one after a loss, is being made.
    Connecting,
    /// Everything works.
    Connected,
    /// The link works; the peer gives no sign, or does not have the new key yet.
    HeliosSilent,
    /// There is no connection, and the mailbox stands in for it.
    ViaGithub,
    /// There is no connection; it is being tried again.
    Offline,
    /// Notifications are paused; the link works.
    Paused,
    /// Only a person can mend this.
    NeedsYou,
}

/// All a screen needs to know, apart from the messages themselves.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Snapshot {
    /// The program's version.
    pub version: String,
    /// Our own agent's name.
    pub me: String,
    /// The agents we talk with.
    pub peers: Vec<String>,
    /// Is the outside world the one on this computer?
    pub sandbox: bool,
    /// The state in one word.
    pub condition: Condition,
    /// The state in words, a few of them: "Connected".
    pub headline: String,
    /// The connection.
    pub link: LinkView,
    /// Every agent heard, peers first.
    pub agents: Vec<AgentView>,
    /// The way round Redis.
    pub mailbox: MailboxView,
    /// How many tasks stand where.
    pub counts: Counts,
    /// What is wrong with the messages' file, if anything is; it stands until it is mended.
    pub store_trouble: Option<Trouble>,
    /// What else is wrong apart from the link; a person may have it put away.
    pub troubles: Vec<Trouble>,
    /// Notifications are paused until then.
    #[ts(type = "number | null")]
    pub paused_until: Option<Millis>,
    /// The newest open tasks, at most three.
    pub recent: Vec<Brief>,
    /// The records hold messages from the hour before the very first start, which can be fetched.
    pub earlier: bool,
    /// How sparing the program is with commands, near a limit of the plan.
    pub saving: Level,
}

/// A task in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Brief {
    /// Its row.
    #[ts(type = "number")]
    pub seq: i64,
    /// One line that names it, safe to show.
    pub title: String,
}

/// The connection as a screen shows it.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct LinkView {
    /// Where it stands.
    pub state: LinkState,
    /// In that state since.
    #[ts(type = "number")]
    pub since: Millis,
    /// Host and port, without user or password.
    pub address: Option<String>,
    /// Is it encrypted?
    pub tls: bool,
    /// Where the address came from.
    pub source: Option<Source>,
    /// The round trip of the last heartbeat, in milliseconds.
    pub round_trip_ms: Option<u32>,
    /// What stands in the way, or stood the last time.
    pub trouble: Option<Trouble>,
    /// When it is tried again, while waiting.
    #[ts(type = "number | null")]
    pub next_try: Option<Millis>,
    /// Tries since the last good connection.
    pub attempts: u32,
    /// What is listened to, and sent on.
    pub channels: Vec<ChannelView>,
    /// Messages of ours that wait to be sent.
    pub waiting_to_send: u32,
}

/// Where the address came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `UPSTASH_REDIS_URL`.
    Environment,
    /// The operating system's keychain.
    Keychain,
    /// Given in this window, and kept in memory until the program ends.
    Session,
    /// The sandbox on this computer.
    Sandbox,
}

/// A channel and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ChannelView {
    /// Its name, with the arrow.
    pub name: String,
    /// In words.
    pub purpose: String,
    /// Are we subscribed to it?
    pub heard: bool,
    /// Do we send on it?
    pub sent: bool,
}
