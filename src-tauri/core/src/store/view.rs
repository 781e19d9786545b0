//! What a screen reads from the store.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::message::{Field, Millis, Priority, ReplyStatus};

/// Which rows a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Tasks without a final answer.
    #[default]
    Open,
    /// Tasks with one.
    Answered,
    /// Everything in the inbox.
    All,
    /// What is no task: announcements, status, logs, alerts, unreadable messages.
    Feed,
}

/// Where a task stands. `None` for messages that are no task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Nobody has answered it.
    New,
    /// Somebody works on it.
    Accepted,
    /// Finished.
    Done,
    /// Tried without success.
    Failed,
    /// Not to be done.
    Declined,
    /// Its time passed.
    Expired,
}

/// The way a message came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// As it was published.
    Live,
    /// From the record beside its channel, after a time in which it could not be heard.
    Record,
    /// By GitHub.
    Mailbox,
}

/// How many tasks there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Counts {
    /// Tasks without a final answer.
    pub open: u32,
    /// Tasks nobody has looked at.
    pub unread: u32,
    /// Messages that could not be read, since ever.
    pub unreadable: u32,
}

/// A part of the list, newest first. Rows are counted from the newest one at or below `anchor`, so that new
/// arrivals do not move what is being looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ListRequest {
    /// Which rows.
    pub filter: Filter,
    /// Words to find; empty for all.
    pub search: String,
    /// The newest row to count from; none for the newest there is.
    #[ts(type = "number | null")]
    pub anchor: Option<i64>,
    /// How many rows to pass over.
    pub offset: u32,
    /// How many to return, at most 500.
    pub limit: u32,
}

/// The answer to a [`ListRequest`].
#[derive(Clone, Debug, Serialize, TS)]
#[ts(export)]
pub struct ListPage {
    /// What the rows were counted from; hand it back to stay in the same list.
    #[ts(type = "number")]
    pub anchor: i64,
    /// How many rows there are at or below the anchor.
    pub total: u32,
    /// How many rows have come since, above the anchor.
    pub newer: u32,
    /// The first row's place in the list.
    pub offset: u32,
    /// Newest first.
    pub rows: Vec<Row>,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Row {
    /// Its number, in order of arrival.
    #[ts(type = "number")]
    pub seq: i64,
    /// Who says to have sent it; a claim.
    pub from: String,
    /// The channel it came on.
    pub channel: String,
    /// The message's type; `unreadable` where it had none that could be read.
    pub kind: String,
    /// One line that names it, safe to show.
    pub title: String,
    /// One more line of it, safe to show.
    pub preview: String,
    /// How soon it wants attention.
    pub priority: Priority,
    /// When it arrived here.
    #[ts(type = "number")]
    pub received_at: Millis,
    /// When it loses its point.
    #[ts(type = "number | null")]
    pub expires_at: Option<Millis>,
    /// Where the task stands; none if it is no task.
    pub state: Option<TaskState>,
    /// Has nobody looked at it?
    pub unread: bool,
    /// Has the sender heard our last answer? None where there was none.
    pub heard: Option<bool>,
    /// The text of our last answer, safe to show.
    pub answer: Option<String>,
    /// Which ways it came.
    pub ways: Vec<Way>,
    /// Times in which nothing could be heard, between this row and the next newer one; newest first.
    pub gaps_after: Vec<Gap>,
}

/// A time in which nothing could be heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Gap {
    /// From when.
    #[ts(type = "number")]
    pub from: Millis,
    /// Until when.
    #[ts(type = "number")]
    pub until: Millis,
    /// Why, in a few words: "asleep", "connection lost".
    pub cause: String,
}

/// A message with everything known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Detail {
    /// Its line of the list.
    pub row: Row,
    /// Its id, where it carried one.
    pub id: Option<String>,
    /// The id it answers.
    pub reply_to: Option<String>,
    /// Who left it in the mailbox: the name at GitHub, which unlike the sender's is proved.
    pub login: Option<String>,
    /// Why it is kept and not taken for a message.
    pub doubt: Option<String>,
    /// When the sender says to have sent it.
    #[ts(type = "number | null")]
    pub sent_at: Option<Millis>,
    /// `data`, field by field, safe to show.
    pub fields: Vec<Field>,
    /// Fields of the envelope that have no meaning here.
    pub extra: Vec<Field>,
    /// What came, as it came: indented where it is JSON, with bytes that are no text replaced.
    pub raw: String,
    /// Was `raw` cut?
    pub raw_cut: bool,
    /// The size of what came, in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// What happened to it, oldest first.
    pub timeline: Vec<Moment>,
    /// The answers that can be given now.
    pub actions: Vec<ReplyStatus>,
}

/// A point in a message's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Moment {
    /// When.
    #[ts(type = "number")]
    pub at: Millis,
    /// What, for the mark beside it.
    pub kind: MomentKind,
    /// What, in words.
    pub text: String,
}

/// What kind of point in a message's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum MomentKind {
    /// It came.
    Arrived,
    /// Somebody answered it.
    Answered,
    /// An answer waits to be sent.
    Waiting,
    /// An answer went out and nobody was listening.
    Unheard,
    /// An answer was heard.
    Heard,
    /// An answer could not be sent and will not be tried again.
    Refused,
}
