//! Every notification that anybody asks for on the session bus, seen on its way to the server.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use zbus::{MatchRule, Message, MessageStream, message::Type, zvariant::OwnedValue};

use super::{
    desktop::connect,
    wait::{LIMIT, found},
};

const SERVER: &str = "org.freedesktop.Notifications";

/// One call of `Notify`.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    pub(crate) title: String,
    pub(crate) body: String,
    /// The words on its buttons.
    pub(crate) buttons: Vec<String>,
    /// 0 low, 1 normal, 2 critical.
    pub(crate) urgency: u8,
    /// The number of the one it takes the place of; 0 for none.
    pub(crate) replaces: u32,
}

/// All that were asked for so far.
pub(crate) struct Notifications {
    seen: Arc<Mutex<Vec<Notification>>>,
    watcher: JoinHandle<()>,
}

impl Drop for Notifications {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl Notifications {
    pub(super) async fn watch(address: &str) -> Self {
        let monitor = connect(address).await;
        let mut calls = MessageStream::from(&monitor);
        let rule = MatchRule::builder()
            .msg_type(Type::MethodCall)
            .interface(SERVER)
            .unwrap()
            .member("Notify")
            .unwrap()
            .build();
        let monitoring = zbus::fdo::MonitoringProxy::new(&monitor).await.unwrap();
        monitoring.become_monitor(&[rule], 0).await.unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&seen);
        let watcher = tokio::spawn(async move {
            while let Some(Ok(call)) = calls.next().await {
                if let Some(notification) = read(&call) {
                    list.lock().unwrap().push(notification);
                }
            }
        });
        Self { seen, watcher }
    }

    pub(crate) fn all(&self) -> Vec<Notification> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Waits for one whose title holds these words.
    pub(crate) async fn titled(&self, words: &str) -> Notification {
        let what = format!("a notification titled {words:?}");
        found(&what, LIMIT, async || self.all().into_iter().find(|one| one.title.contains(words))).await
    }
}

/// Program, replaced number, icon, title, body, actions, hints, time.
type Body = (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedValue>, i32);

fn read(call: &Message) -> Option<Notification> {
    if call.header().member()?.as_str() != "Notify" {
        return None;
    }
    let (_, replaces, _, title, body, actions, hints, _): Body = call.body().deserialize().ok()?;
    let urgency = hints.get("urgency").and_then(|hint| u8::try_from(hint).ok()).unwrap_or(1);
    let buttons = actions.chunks(2).filter_map(|pair| pair.get(1).cloned()).collect();
    Some(Notification { title, body, buttons, urgency, replaces })
}
