//! One connection to the notification server: what it can do, what it is asked, what it tells us.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use futures_util::StreamExt as _;
use heliograph_core::notification::{Action, Notification};
use tokio::task::JoinHandle;
use zbus::{
    Connection, MatchRule, Message, MessageStream,
    connection::Builder,
    fdo::DBusProxy,
    message::Type,
    names::{BusName, UniqueName},
    zvariant::Value,
};

use super::{Bus, Inner};
use crate::notify::Press;

const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";
/// The name of the installed desktop file, and of the icon it names.
const DESKTOP_ENTRY: &str = "Heliograph";
const ICON: &str = "heliograph";
/// Signals that wait to be looked at. When it is full the bus's own queue fills; nothing is lost.
const SIGNALS: usize = 64;
/// `NotificationClosed` with this reason: its time was up.
const EXPIRED: u32 = 1;

/// Why a call came to nothing.
pub(super) enum Failure {
    /// Nobody is there, or the connection broke.
    NoServer,
    /// The server is there and does not want this one.
    Refused(String),
}

/// A connection that worked when it was last used. Dropping it ends it and its listener.
pub(super) struct Session {
    connection: Connection,
    can: Abilities,
    listener: JoinHandle<()>,
}

/// What the server can do.
#[derive(Clone, Copy, Debug, Default)]
struct Abilities {
    markup: bool,
    actions: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Connects, listens, asks what the server can do. Starts the server where the desktop starts it on demand.
pub(super) async fn connect(inner: &Arc<Inner>) -> Result<Arc<Session>, Failure> {
    let connection = open(&inner.bus).await.map_err(|error| {
        tracing::debug!(%error, "no session bus");
        Failure::NoServer
    })?;
    let signals = listen(&connection).await.map_err(|_| Failure::NoServer)?;
    let answer = call(&connection, "GetCapabilities", &()).await?;
    let words: Vec<String> = answer.body().deserialize().unwrap_or_default();
    let has = |word: &str| words.iter().any(|one| one == word);
    let can = Abilities { markup: has("body-markup"), actions: has("actions") };
    tracing::debug!(?can, "a notification server answers");
    let server = owner(&connection).await;
    inner.shown().served_by(server);
    Ok(Arc::new_cyclic(|session| {
        let heard = Listener { inner: Arc::downgrade(inner), session: session.clone(), connection: connection.clone() };
        let listener = tokio::spawn(heard.run(signals));
        Session { connection, can, listener }
    }))
}

async fn open(bus: &Bus) -> zbus::Result<Connection> {
    match bus {
        Bus::Session => Builder::session()?,
        #[cfg(test)]
        Bus::At(address) => Builder::address(address.as_str())?,
    }
    .build()
    .await
}

/// All signals that matter, as one stream. It also carries the answers to our calls, which are passed over.
async fn listen(connection: &Connection) -> zbus::Result<MessageStream> {
    let signals = MatchRule::builder().msg_type(Type::Signal).interface(SERVER)?.path(PATH)?.build();
    let owner = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS)?
        .interface(BUS)?
        .member("NameOwnerChanged")?
        .arg(0, SERVER)?
        .build();
    let bus = DBusProxy::new(connection).await?;
    let mut stream = MessageStream::from(connection);
    stream.set_max_queued(SIGNALS);
    bus.add_match_rule(signals).await?;
    bus.add_match_rule(owner).await?;
    Ok(stream)
}

/// The server's own name on the bus.
async fn owner(connection: &Connection) -> Option<String> {
    let bus = DBusProxy::new(connection).await.ok()?;
    let owner = bus.get_name_owner(BusName::try_from(SERVER).ok()?).await.ok()?;
    Some(owner.to_string())
}

async fn call<B>(connection: &Connection, method: &str, body: &B) -> Result<Message, Failure>
where
    B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
{
    match connection.call_method(Some(SERVER), PATH, Some(SERVER), method, body).await {
        Ok(answer) => Ok(answer),
        Err(zbus::Error::MethodError(name, text, _)) if !is_absence(&name) => {
            Err(Failure::Refused(text.unwrap_or_else(|| name.to_string())))
        }
        Err(error) => {
            tracing::debug!(%error, method, "the notification server could not be called");
            Err(Failure::NoServer)
        }
    }
}

/// Does this error of the bus say that there is no server?
fn is_absence(name: &str) -> bool {
    name.strip_prefix("org.freedesktop.DBus.Error.").is_some_and(|error| {
        error.starts_with("Spawn.") || ["ServiceUnknown", "NameHasNoOwner", "NoReply", "Disconnected"].contains(&error)
    })
}

impl Session {
    /// Shows it in the place of `replaces`; says its number.
    pub(super) async fn notify(&self, notification: &Notification, replaces: Option<u32>) -> Result<u32, Failure> {
        let title = clean(&notification.title);
        let body = clean(&notification.body);
        let body = if self.can.markup { escape(&body) } else { body };
        let actions = if self.can.actions { buttons(&notification.actions) } else { Vec::new() };
        let urgency: u8 = if notification.urgent { 2 } else { 1 };
        let hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("urgency", Value::from(urgency)),
            ("desktop-entry", Value::from(DESKTOP_ENTRY)),
            ("category", Value::from("im.received")),
        ]);
        // -1: the server knows how long people here want to see one.
        let body = (crate::NAME, replaces.unwrap_or(0), ICON, title, body, actions, hints, -1_i32);
        let answer = call(&self.connection, "Notify", &body).await?;
        answer.body().deserialize().map_err(|error| Failure::Refused(error.to_string()))
    }

    /// Takes it from the screen.
    pub(super) async fn close(&self, id: u32) -> Result<(), Failure> {
        call(&self.connection, "CloseNotification", &id).await.map(|_| ())
    }
}

/// `default` is a click beside the buttons; what it says is shown by servers that list it.
fn buttons(actions: &[Action]) -> Vec<&'static str> {
    let mut words = vec!["default", "Open"];
    for action in actions {
        words.extend(match action {
            Action::Open => ["open", "Open"],
            Action::Accept => ["accept", "Accept"],
            Action::Rotate => ["rotate", "Rotate now"],
            Action::Later => ["later", "In three days"],
            Action::Why => ["why", "Why?"],
        });
    }
    words
}

/// The engine cleans texts; this is the last place to keep a NUL, which costs the connection, or a control
/// character from the bus.
fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control() || *character == '\n').collect()
}

/// Text for a server that reads markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Hears what the server says, for as long as its session lives.
struct Listener {
    inner: Weak<Inner>,
    session: Weak<Session>,
    connection: Connection,
}

impl Listener {
    async fn run(self, mut signals: MessageStream) {
        while let Some(Ok(message)) = signals.next().await {
            if message.message_type() == Type::Signal && self.hear(&message).is_none() {
                break;
            }
        }
        // The connection is broken, or the server gone: the next notification begins anew.
        if let Some((inner, session)) = self.inner.upgrade().zip(self.session.upgrade()) {
            inner.drop_session(&session);
        }
    }

    /// `None` once this session is of no more use.
    fn hear(&self, message: &Message) -> Option<()> {
        let inner = self.inner.upgrade()?;
        let header = message.header();
        match header.member().map_or("", |member| member.as_str()) {
            "ActionInvoked" => {
                if let Ok((id, action)) = message.body().deserialize::<(u32, &str)>() {
                    self.pressed(&inner, header.destination(), id, action);
                }
            }
            "NotificationClosed" => {
                if let Ok((id, reason)) = message.body().deserialize::<(u32, u32)>() {
                    inner.shown().closed(id, reason != EXPIRED);
                }
            }
            "NameOwnerChanged" => {
                let (name, old, _new) = message.body().deserialize::<(String, String, String)>().ok()?;
                if name == SERVER && !old.is_empty() {
                    inner.shown().served_by(None);
                    return None;
                }
            }
            _ => {}
        }
        Some(())
    }

    fn pressed(&self, inner: &Inner, destination: Option<&BusName<'_>>, id: u32, action: &str) {
        let action = match action {
            "default" | "open" => Action::Open,
            "accept" => Action::Accept,
            "rotate" => Action::Rotate,
            "later" => Action::Later,
            "why" => Action::Why,
            _ => return,
        };
        let subject = inner.shown().subject_of(id);
        match subject {
            Some(subject) => inner.presses.put(Press::Known(subject, action)),
            // Some servers tell everybody of every press: one we do not know is ours only if it is addressed to us.
            None if destination.is_some_and(|name| self.is_me(name)) => inner.presses.put(Press::Unknown),
            None => {}
        }
    }

    fn is_me(&self, name: &BusName<'_>) -> bool {
        let me: Option<&UniqueName<'_>> = self.connection.unique_name().map(|name| &**name);
        me.is_some_and(|me| name.as_str() == me.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("<b>a & b</b>"), "&lt;b&gt;a &amp; b&lt;/b&gt;");
        assert_eq!(clean("a\0b\u{1b}[31m\nc\u{7}"), "ab[31m\nc");
    }

    #[test]
    fn the_button_texts_are_ours() {
        assert_eq!(buttons(&[]), ["default", "Open"]);
        assert_eq!(buttons(&[Action::Open, Action::Accept]), ["default", "Open", "open", "Open", "accept", "Accept"]);
    }
}
