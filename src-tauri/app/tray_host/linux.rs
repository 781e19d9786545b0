//! The panel on the session bus: `org.kde.StatusNotifierWatcher`, and whether it has a host that draws.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::{sync::watch, time::timeout};
use zbus::{Connection, MatchRule, MessageStream, fdo::DBusProxy, message::Type};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";
/// How long the bus or the watcher may take to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Signals that wait to be looked at. When it is full the bus's own queue fills; nothing is lost.
const SIGNALS: usize = 16;

/// Tells who is there until the bus goes away; without a bus there is nobody.
pub(super) async fn follow(sender: watch::Sender<bool>) {
    let watched = async {
        let connection = timeout(ANSWER, Connection::session()).await.map_err(|_| silent())??;
        watch(&connection, &sender).await
    };
    if let Err(error) = watched.await {
        tracing::info!(%error, "the session bus cannot be asked for a tray");
    }
    sender.send_replace(false);
    std::future::pending::<()>().await;
}

/// What to do about a missing one.
pub(super) fn remedy() -> &'static str {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    if desktop.to_ascii_uppercase().contains("GNOME") {
        "Install the GNOME extension “AppIndicator and KStatusNotifierItem Support” (the package \
         gnome-shell-extension-appindicator) and switch it on. The icon appears by itself then."
    } else {
        "Add a status tray (system tray) to your panel. The icon appears by itself then. Until then, start Heliograph \
         again to get this window back."
    }
}

async fn watch(connection: &Connection, sender: &watch::Sender<bool>) -> zbus::Result<()> {
    let owner = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .interface("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .arg(0, WATCHER)?
        .build();
    let host = MatchRule::builder().msg_type(Type::Signal).interface(WATCHER)?.path(PATH)?.build();
    let owners = MessageStream::for_match_rule(owner, connection, Some(SIGNALS)).await?;
    let hosts = MessageStream::for_match_rule(host, connection, Some(SIGNALS)).await?;
    let mut changes = futures_util::stream::select(owners, hosts);
    loop {
        sender.send_replace(is_there(connection).await);
        match changes.next().await {
            Some(change) => drop(change?),
            None => return Ok(()),
        }
    }
}

/// Is there a watcher with a host? A watcher that does not answer counts as none.
async fn is_there(connection: &Connection) -> bool {
    let ask = async {
        // Asking the watcher itself would start one that no panel belongs to.
        if !DBusProxy::new(connection).await?.name_has_owner(WATCHER.try_into()?).await? {
            return Ok(false);
        }
        let properties = zbus::fdo::PropertiesProxy::new(connection, WATCHER, PATH).await?;
        let value = properties.get(WATCHER.try_into()?, "IsStatusNotifierHostRegistered").await?;
        zbus::Result::Ok(bool::try_from(value).unwrap_or(false))
    };
    match timeout(ANSWER, ask).await {
        Ok(Ok(there)) => there,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the tray's watcher could not be asked");
            false
        }
        Err(_) => false,
    }
}

fn silent() -> zbus::Error {
    zbus::Error::Failure("the session bus does not answer".into())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use zbus::{connection::Builder, names::BusName};

    use super::*;
    use crate::test_bus::TestBus;

    /// A watcher that says what it is told to.
    struct Watcher(AtomicBool);

    #[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
    impl Watcher {
        #[zbus(property)]
        fn is_status_notifier_host_registered(&self) -> bool {
            self.0.load(Ordering::Acquire)
        }
    }

    async fn watcher(bus: &TestBus, has_host: bool) -> Connection {
        let watcher = Watcher(AtomicBool::new(has_host));
        let builder = Builder::address(bus.address()).unwrap().serve_at(PATH, watcher).unwrap();
        builder.name(WATCHER).unwrap().build().await.unwrap()
    }

    async fn soon(host: &mut watch::Receiver<bool>, there: bool) {
        timeout(Duration::from_secs(10), host.wait_for(|now| *now == there)).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn it_sees_a_host_come_and_go() {
        let bus = TestBus::start();
        let connection = Builder::address(bus.address()).unwrap().build().await.unwrap();
        let (sender, mut host) = watch::channel(true);
        let following = tokio::spawn(async move { watch(&connection, &sender).await });
        soon(&mut host, false).await;

        let panel = watcher(&bus, true).await;
        soon(&mut host, true).await;
        drop(panel);
        soon(&mut host, false).await;

        // A watcher whose panel comes later.
        let panel = watcher(&bus, false).await;
        let object = panel.object_server().interface::<_, Watcher>(PATH).await.unwrap();
        object.get().await.0.store(true, Ordering::Release);
        let all = None::<BusName<'_>>;
        panel.emit_signal(all, PATH, WATCHER, "StatusNotifierHostRegistered", &()).await.unwrap();
        soon(&mut host, true).await;

        drop(bus);
        assert!(timeout(Duration::from_secs(10), following).await.is_ok(), "without a bus it ends");
    }
}
