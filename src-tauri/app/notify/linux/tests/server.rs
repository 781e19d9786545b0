//! A notification server that does as a test says.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use tokio::sync::mpsc;
use zbus::{Connection, connection::Builder, message::Header, names::BusName, zvariant::OwnedValue};

use super::soon;

const PATH: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";

/// What a notifier asked for.
pub(super) struct Call {
    pub(super) id: u32,
    pub(super) app: String,
    pub(super) icon: String,
    pub(super) replaces: u32,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) actions: Vec<String>,
    pub(super) urgency: u8,
    pub(super) desktop_entry: String,
    pub(super) expires: i32,
    pub(super) sender: String,
}

pub(super) struct Server {
    connection: Connection,
    calls: mpsc::UnboundedReceiver<Call>,
    closed: mpsc::UnboundedReceiver<u32>,
    hangs: Arc<AtomicBool>,
    senders: Arc<std::sync::Mutex<HashSet<String>>>,
}

struct Fake {
    calls: mpsc::UnboundedSender<Call>,
    closed: mpsc::UnboundedSender<u32>,
    hangs: Arc<AtomicBool>,
    senders: Arc<std::sync::Mutex<HashSet<String>>>,
    last: AtomicU32,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Fake {
    #[expect(clippy::unused_self, reason = "a method of the bus has a self")]
    fn get_capabilities(&self) -> Vec<String> {
        ["body", "body-markup", "actions"].map(String::from).to_vec()
    }

    #[expect(clippy::too_many_arguments, reason = "the protocol's")]
    async fn notify(
        &self,
        #[zbus(header)] header: Header<'_>,
        app: String,
        replaces: u32,
        icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires: i32,
    ) -> u32 {
        let sender = header.sender().unwrap().to_string();
        self.senders.lock().unwrap().insert(sender.clone());
        if self.hangs.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
        let id = if replaces > 0 { replaces } else { self.last.fetch_add(1, Ordering::AcqRel) + 1 };
        let urgency = hints["urgency"].downcast_ref::<u8>().unwrap();
        let desktop_entry = hints["desktop-entry"].downcast_ref::<String>().unwrap();
        let call = Call { id, app, icon, replaces, title, body, actions, urgency, desktop_entry, expires, sender };
        self.calls.send(call).unwrap();
        id
    }

    async fn close_notification(&self, id: u32, #[zbus(connection)] connection: &Connection) {
        connection.emit_signal(None::<BusName<'_>>, PATH, NAME, "NotificationClosed", &(id, 3_u32)).await.unwrap();
        self.closed.send(id).unwrap();
    }
}

impl Server {
    pub(super) async fn start(address: &str) -> Self {
        let (calls_in, calls) = mpsc::unbounded_channel();
        let (closed_in, closed) = mpsc::unbounded_channel();
        let hangs = Arc::new(AtomicBool::new(false));
        let senders = Arc::default();
        let fake = Fake {
            calls: calls_in,
            closed: closed_in,
            hangs: Arc::clone(&hangs),
            senders: Arc::clone(&senders),
            last: AtomicU32::new(40),
        };
        let connection =
            Builder::address(address).unwrap().serve_at(PATH, fake).unwrap().name(NAME).unwrap().build().await.unwrap();
        Self { connection, calls, closed, hangs, senders }
    }

    /// The next notification it was asked for.
    pub(super) async fn call(&mut self) -> Call {
        soon(self.calls.recv()).await.unwrap()
    }

    /// The next one that was closed.
    pub(super) async fn closed(&mut self) -> u32 {
        self.closed.recv().await.unwrap()
    }

    pub(super) fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Release);
    }

    /// How many connections asked for notifications.
    pub(super) fn connections(&self) -> usize {
        self.senders.lock().unwrap().len()
    }

    /// Somebody presses; `to` says whom it tells, or everybody.
    pub(super) async fn press(&self, to: Option<&str>, id: u32, action: &str) {
        let to = to.map(|name| BusName::try_from(name).unwrap());
        self.connection.emit_signal(to, PATH, NAME, "ActionInvoked", &(id, action)).await.unwrap();
    }
}
