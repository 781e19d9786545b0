//! A desktop without a screen, on the session bus it is started on: a notification server that notes when it was
//! asked, and a place for tray icons, without which the app would open its window.
#![expect(clippy::used_underscore_binding, reason = "zbus hands on every argument, used or not")]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::Result;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use zbus::{connection::Builder, interface, zvariant::OwnedValue};

use crate::{clock, ready, say, spread::Spread, task};

/// Serves until standard input ends. Each line there is answered with how late the notifications since the last
/// one were.
pub(crate) async fn run() -> Result<()> {
    let late = Arc::new(Mutex::new(Vec::new()));
    let notifications = Notifications { late: Arc::clone(&late), next: AtomicU32::new(1) };
    let _connection = Builder::session()?
        .serve_at("/org/freedesktop/Notifications", notifications)?
        .serve_at("/StatusNotifierWatcher", TrayIcons)?
        .name("org.freedesktop.Notifications")?
        .name("org.kde.StatusNotifierWatcher")?
        .build()
        .await?;
    ready()?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await?.is_some() {
        say(&Spread::of(std::mem::take(&mut *late.lock().unwrap_or_else(PoisonError::into_inner))))?;
    }
    Ok(())
}

struct Notifications {
    late: Arc<Mutex<Vec<u64>>>,
    next: AtomicU32,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    fn notify(
        &self,
        _app: &str,
        replaces: u32,
        _icon: &str,
        summary: &str,
        body: &str,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let now = clock::now();
        if let Some(at) = task::made_at(summary).or_else(|| task::made_at(body)) {
            self.late.lock().unwrap_or_else(PoisonError::into_inner).push(now - at);
        }
        if replaces == 0 { self.next.fetch_add(1, Ordering::Relaxed) } else { replaces }
    }

    #[expect(clippy::unused_self, reason = "the interface has no use for a function without it")]
    fn get_capabilities(&self) -> Vec<&'static str> {
        vec!["actions", "body", "body-markup", "persistence"]
    }

    #[expect(clippy::unused_self, reason = "the interface has no use for a function without it")]
    fn get_server_information(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        ("bench", "Heliograph", "1", "1.2")
    }

    #[expect(clippy::unused_self, reason = "the interface has no use for a function without it")]
    fn close_notification(&self, _id: u32) {}
}

struct TrayIcons;

#[expect(clippy::unused_self, reason = "the interface has no use for a function without it")]
#[interface(name = "org.kde.StatusNotifierWatcher")]
impl TrayIcons {
    fn register_status_notifier_item(&self, _service: &str) {}

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        Vec::new()
    }
}
