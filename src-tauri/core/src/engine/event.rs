//! The one event stream towards a screen.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::snapshot::Snapshot;
use crate::{guide::GuideView, message::Millis, rotation::RotationView};

/// Something a screen may want to know. One tagged type for everything.
#[derive(Clone, Debug, Serialize, TS)]
#[ts(export)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The state changed; this is all of it. At most ten a second.
    State {
        /// The whole state.
        snapshot: Box<Snapshot>,
    },
    /// The inbox changed (something arrived, was answered, was read): what is shown may be out of date.
    /// At most ten a second.
    Inbox {
        /// The newest row's number.
        #[ts(type = "number")]
        newest: i64,
    },
    /// What went over the link since the last one, for watching; may leave some out when there is too much.
    Feed {
        /// Newest last.
        items: Vec<FeedItem>,
    },
    /// The guided set-up went on; this is all of it. At most ten a second.
    Guide {
        /// Where it is.
        guide: Box<GuideView>,
    },
    /// A rotation went on, or what is known of the keys changed; this is all of it. At most ten a second.
    Rotation {
        /// Where it is.
        rotation: Box<RotationView>,
    },
    /// Somebody asked for a page: from the tray, a notification, or a second start.
    Open {
        /// Where to go.
        place: Place,
    },
}

/// A page, and perhaps a task on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Place {
    /// Which page.
    pub page: Page,
    /// The task to show there.
    #[ts(type = "number | null")]
    pub task: Option<i64>,
}

/// A page of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// Tasks and messages.
    #[default]
    Inbox,
    /// The connection.
    Link,
    /// The keys, and changing them.
    Keys,
    /// Settings.
    Settings,
    /// The guided set-up.
    Setup,
    /// What the database costs.
    Usage,
}

impl std::str::FromStr for Page {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "inbox" => Ok(Self::Inbox),
            "link" => Ok(Self::Link),
            "keys" => Ok(Self::Keys),
            "settings" => Ok(Self::Settings),
            "setup" => Ok(Self::Setup),
            "usage" => Ok(Self::Usage),
            _ => Err(format!("there is no page {text:?}; there are: inbox, link, keys, settings, setup, usage")),
        }
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

/// A line of the live feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FeedItem {
    /// When it was heard or sent.
    #[ts(type = "number")]
    pub at: Millis,
    /// Which way.
    pub direction: Direction,
    /// On which channel.
    pub channel: String,
    /// Who says to have sent it; a claim.
    pub from: String,
    /// The message's type.
    pub kind: String,
    /// A line of its content, safe to show.
    pub summary: String,
    /// The inbox row, where it has one.
    #[ts(type = "number | null")]
    pub seq: Option<i64>,
}
