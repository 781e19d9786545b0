//! Which notifications are shown, and what they say. How they are shown is the screen's business.

mod policy;

use std::pin::Pin;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use policy::Policy;

use crate::rotation::KeyKind;

/// For how long notifications are held back. The link stays up and messages keep arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Not at all: shown again from now on.
    Off,
    /// Thirty minutes.
    HalfHour,
    /// One hour.
    Hour,
    /// Until the next 08:00 by the local clock.
    UntilMorning,
}

/// What a notification is about. Showing another one about the same subject replaces it in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A task (or alert), by its row.
    Task(i64),
    /// Several tasks, counted.
    Summary,
    /// A key that is due, or that Helios does not have.
    Key,
    /// Something the program itself has to say.
    Notice,
    /// What it has to say of the database's limits.
    Usage,
}

/// What the person can press on a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The notification itself, or its button *Open*.
    Open,
    /// *Accept*: answer the task without looking at it.
    Accept,
    /// *Rotate now*: change the key.
    Rotate,
    /// *In three days*: say nothing of it before.
    Later,
    /// *Why?*: show what it is about.
    Why,
}

/// A notification as the engine wants it seen. All texts are plain text, cleaned and cut; where a server takes
/// markup, whoever shows it escapes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What it is about.
    pub subject: Subject,
    /// One line.
    pub title: String,
    /// A few lines; may be empty.
    pub body: String,
    /// Stays until it is dealt with.
    pub urgent: bool,
    /// Its buttons, in order. A click beside them is always [`Action::Open`].
    pub actions: Vec<Action>,
}

/// One to see whether it is seen.
pub fn trial() -> Notification {
    Notification {
        subject: Subject::Notice,
        title: "This is how a task will look".into(),
        body: "Heliograph can show notifications on this desktop.".into(),
        urgent: false,
        actions: vec![Action::Open],
    }
}

/// A key is due.
pub fn key_is_due(kind: KeyKind, days: u32) -> Notification {
    let known = format!("It has been in use for {days} days.");
    let (title, body) = match kind {
        KeyKind::Database => ("Time to change the database’s key", format!("{known} One click changes it.")),
        KeyKind::Api => ("Time for a new API key", format!("{known} The page Keys says how it is renewed.")),
        KeyKind::Github => ("Time for a new GitHub token", format!("{known} The page Keys says how it is renewed.")),
        KeyKind::Sealing => ("Time for a new key pair on Helios’s side", format!("{known} The page Keys says how.")),
    };
    let actions = match kind {
        KeyKind::Database => vec![Action::Rotate, Action::Later, Action::Why],
        _ => vec![Action::Why],
    };
    Notification { subject: Subject::Key, title: title.into(), body, urgent: false, actions }
}

/// The key was changed a while ago, and Helios was not heard with the new one.
pub fn helios_behind() -> Notification {
    Notification {
        subject: Subject::Key,
        title: "Helios does not have the new key yet".into(),
        body: "It is cut off until it has. The page Keys says what can be done.".into(),
        urgent: false,
        actions: vec![Action::Open],
    }
}

/// A limit of the plan comes near, or the like.
pub fn usage(title: String, body: String) -> Notification {
    Notification { subject: Subject::Usage, title, body, urgent: false, actions: vec![Action::Open] }
}

/// Why a notification was not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    /// Nothing on this desktop shows notifications.
    #[error("no notification server answers")]
    NoServer,
    /// The server did not answer in time; it may or may not have been shown.
    #[error("the notification server did not answer in time")]
    TimedOut,
    /// The server refused it.
    #[error("the notification server refused: {0}")]
    Refused(String),
}

/// The desktop's notifications, as the engine sees them. Calls come one at a time; each is given three seconds.
pub trait Notifier: Send + Sync + 'static {
    /// Shows it, replacing an earlier one about the same subject. Returns once the server has taken it.
    fn show<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> Pin<Box<dyn Future<Output = Result<(), NotShown>> + Send + 'a>>;

    /// Takes one back, where it is still shown.
    fn withdraw(&self, subject: Subject) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
