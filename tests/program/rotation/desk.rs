//! A desktop that shows notifications to a test, which presses their buttons.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use zbus::{Connection, interface, names::BusName, zvariant::OwnedValue};

use crate::session::{Session, found};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A notification that is shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    id: u32,
    title: String,
    pub(crate) body: String,
    /// Each button's name and its word.
    pub(crate) buttons: Vec<(String, String)>,
}

struct Server(Arc<Mutex<Vec<Shown>>>);

#[interface(name = "org.freedesktop.Notifications")]
#[expect(
    clippy::unused_self,
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "the interface wants them so"
)]
impl Server {
    fn get_capabilities(&self) -> Vec<String> {
        ["body", "actions"].map(String::from).to_vec()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let [name, vendor, version, spec] = ["desk", "a test", "1", "1.2"].map(String::from);
        (name, vendor, version, spec)
    }

    fn notify(
        &self,
        app: String,
        replaces: u32,
        icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires: i32,
    ) -> u32 {
        let _ = (app, icon, hints, expires);
        let mut shown = self.0.lock().unwrap();
        let id = if replaces > 0 { replaces } else { shown.last().map_or(1, |last| last.id + 1) };
        let buttons = actions.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        shown.push(Shown { id, title, body, buttons });
        id
    }

    fn close_notification(&self, id: u32) {
        self.0.lock().unwrap().retain(|shown| shown.id != id);
    }
}

/// The desktop. It is on the session's bus until that ends.
pub(crate) struct Desk {
    bus: Connection,
    shown: Arc<Mutex<Vec<Shown>>>,
}

impl Desk {
    /// In a session that has no notification server.
    pub(crate) async fn start(session: &Session) -> Self {
        let shown = Arc::<Mutex<Vec<Shown>>>::default();
        session.bus.object_server().at(PATH, Server(Arc::clone(&shown))).await.unwrap();
        session.bus.request_name(NAME).await.unwrap();
        Self { bus: session.bus.clone(), shown }
    }

    /// Waits for one whose title holds these words.
    pub(crate) async fn titled(&self, words: &str, limit: Duration) -> Shown {
        found(&format!("a notification titled {words:?}"), limit, async || {
            self.shown.lock().unwrap().iter().find(|shown| shown.title.contains(words)).cloned()
        })
        .await
    }

    /// Presses the button with this word on it.
    pub(crate) async fn press(&self, shown: &Shown, word: &str) {
        let (name, _) = shown.buttons.iter().find(|(_, one)| one == word).expect("there is such a button");
        let press = (shown.id, name);
        self.bus.emit_signal(None::<BusName<'_>>, PATH, NAME, "ActionInvoked", &press).await.unwrap();
    }
}
