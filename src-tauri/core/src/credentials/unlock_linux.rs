//! Hearing that the Secret Service has become usable: it appeared, or its collection was unlocked.
//!
//! Only listens and looks. It must not ask for anything that makes a prompt appear.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::sleep;
use zbus::{
    Connection, MatchRule, MessageStream,
    fdo::{DBusProxy, PropertiesProxy},
    message::Type,
    names::{BusName, InterfaceName},
};

const SERVICE: &str = "org.freedesktop.secrets";

/// The collection that secrets go to where none is named (Secret Service API, "Aliases").
const COLLECTION: &str = "/org/freedesktop/secrets/aliases/default";

/// How long before the session bus is looked for again, where there is none.
const BUS: Duration = Duration::from_mins(1);

/// Returns once the keychain is there and open; at once, if it is so already. Dropping the call ends the listening.
pub async fn unlocked() {
    loop {
        match listen().await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "whether the keychain is unlocked cannot be heard"),
        }
        sleep(BUS).await;
    }
}

async fn listen() -> zbus::Result<()> {
    let connection = Connection::session().await?;
    // Both before the first look, so that nothing falls between.
    let service = MatchRule::builder().msg_type(Type::Signal).sender(SERVICE)?.build();
    let mut signals = MessageStream::for_match_rule(service, &connection, None).await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, SERVICE)]).await?;
    loop {
        if is_open(&connection, &bus).await {
            return Ok(());
        }
        let ended = tokio::select! {
            signal = signals.next() => signal.is_none(),
            owner = owners.next() => owner.is_none(),
        };
        if ended {
            return Err(zbus::Error::Failure("the session bus is gone".into()));
        }
    }
}

/// Is the collection there and unlocked? A service that does not run is not started for this.
async fn is_open(connection: &Connection, bus: &DBusProxy<'_>) -> bool {
    let Ok(name) = BusName::try_from(SERVICE) else { return false };
    if !bus.name_has_owner(name).await.unwrap_or(false) {
        return false;
    }
    let locked = async {
        let properties = PropertiesProxy::builder(connection).destination(SERVICE)?.path(COLLECTION)?.build().await?;
        let interface = InterfaceName::try_from("org.freedesktop.Secret.Collection")?;
        let locked = properties.get(interface, "Locked").await?;
        bool::try_from(locked).map_err(zbus::Error::from)
    };
    matches!(locked.await, Ok(false))
}
