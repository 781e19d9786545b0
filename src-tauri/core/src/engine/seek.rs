//! Finding the database's address, and setting the link on it.

use std::{pin::Pin, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::{
    board::{Board, Known},
    snapshot::Source,
};
use crate::{
    credentials::{self, Item, Keychain},
    guide::{Adopted, Held, Keep},
    link::{Address, Heartbeat, Link, LinkState, Pace, Plan, Status},
    message::{Names, Outgoing, Priority, channel, new_id, now},
    settings::{self, Agents, Settings},
    trouble::{Trouble, TroubleCode},
};

/// How long a keychain is left alone that was open and did not give the address.
const AGAIN: Duration = Duration::from_secs(30);

pub(super) struct Seek {
    /// From the environment or the sandbox, at the start.
    pub(super) given: Option<(SecretString, Source)>,
    /// From the set-up; the newest counts, and before what was given.
    pub(super) adopted: watch::Receiver<Adopted>,
    /// The address that is in use, for whoever tests it.
    pub(super) in_use: watch::Sender<Adopted>,
    pub(super) keychain: Keychain,
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) version: String,
    pub(super) link: Link,
    pub(super) board: Arc<Board>,
    /// A person asked to look again.
    pub(super) again: Arc<Notify>,
    /// How seldom heartbeats are to be, which they say themselves.
    pub(super) pace: Pace,
}

impl Seek {
    pub(super) async fn run(mut self) {
        let mut status = self.link.status();
        let mut used = None;
        let mut unlocked: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(credentials::unlocked());
        let mut planned = Planned::of(&self.settings.borrow());
        self.settings.mark_unchanged();
        self.look(&mut used).await;
        loop {
            tokio::select! {
                () = self.again.notified() => self.asked(&mut used).await,
                adopted = self.adopted.changed() => {
                    if adopted.is_err() {
                        return;
                    }
                    self.look(&mut used).await;
                }
                settings = self.settings.changed() => {
                    if settings.is_err() {
                        return;
                    }
                    let now = Planned::of(&self.settings.borrow_and_update());
                    if std::mem::replace(&mut planned, now) != planned {
                        self.connect(used.as_ref());
                    }
                }
                () = &mut unlocked, if self.keychain_failed() => {
                    self.look(&mut used).await;
                    // Should it be open and refuse all the same, it is not asked again and again.
                    unlocked = Box::pin(async { sleep(AGAIN).await; credentials::unlocked().await });
                }
                refused = password_refused(&mut status) => match refused {
                    // It may have been changed in the keychain by somebody else: looked at once, not again and again.
                    Ok(()) if self.in_keychain() => {
                        self.look(&mut used).await;
                    }
                    Ok(()) => {}
                    Err(_) => return,
                },
            }
        }
    }

    /// The address, where it is known without asking the keychain.
    fn known(&self) -> Option<(SecretString, Source)> {
        let adopted = self.adopted.borrow().clone().map(|adopted| (adopted.url, source(adopted.keep)));
        adopted.or_else(|| self.given.clone())
    }

    /// Is an address missing because the keychain did not give it, which may pass?
    fn keychain_failed(&self) -> bool {
        use TroubleCode::{KeychainLocked, KeychainMissing, KeychainSilent};
        let inner = self.board.look();
        let code = inner.address_trouble.as_ref().map(|trouble| trouble.code);
        matches!(code, Some(KeychainLocked | KeychainMissing | KeychainSilent))
    }

    /// Does the address come from the keychain, where somebody else may have changed it?
    fn in_keychain(&self) -> bool {
        self.known().is_none_or(|(_, source)| source == Source::Keychain)
    }

    /// A person wants it to be tried now. The keychain is asked only where that may help: it may prompt.
    async fn asked(&self, used: &mut Option<SecretString>) {
        let state = self.link.status().borrow().state;
        let stuck = matches!(state, LinkState::NoAddress | LinkState::Stopped);
        if !(stuck && self.look(used).await) {
            self.link.reconnect_now();
        }
    }

    /// Looks for the address, and sets the link on it where it is another one than before. Says whether it was.
    async fn look(&self, used: &mut Option<SecretString>) -> bool {
        let stale = |url: &SecretString| used.as_ref().is_some_and(|used| used.expose_secret() == url.expose_secret());
        let found = match self.known() {
            // One that was put into the keychain may have been changed there since it was last used.
            Some((url, source)) if source != Source::Keychain || !stale(&url) => Ok(Some((url, source))),
            _ => self.keychain.read(Item::Address).await.map(|found| found.map(|url| (url, Source::Keychain))),
        };
        let (url, source) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return self.none(None),
            Err(error) => return self.none(Some(error.trouble())),
        };
        if stale(&url) {
            return false;
        }
        let address = match Address::parse(&url) {
            Ok(address) => address,
            Err(trouble) => return self.none(Some(trouble)),
        };
        let known = Known { shown: address.shown(), tls: address.tls, source };
        self.board.change(|inner| {
            inner.address = Some(known);
            inner.address_trouble = None;
        });
        self.link.connect(self.plan(address));
        *used = Some(url.clone());
        self.in_use.send_replace(Some(Held { url, keep: keep(source) }));
        true
    }

    /// Nothing was found: said, unless there is an address that was found before.
    fn none(&self, trouble: Option<Trouble>) -> bool {
        self.board.change(|inner| inner.address_trouble = trouble);
        false
    }

    /// Connects anew with the address in use, after the names or the heartbeat were changed.
    fn connect(&self, used: Option<&SecretString>) {
        if let Some(Ok(address)) = used.map(Address::parse) {
            self.link.connect(self.plan(address));
        }
    }

    fn plan(&self, address: Address) -> Plan {
        let (names, every) = {
            let settings = self.settings.borrow();
            (settings.names(), settings.heartbeat())
        };
        Plan {
            address,
            channels: names.heard(),
            heartbeat: Heartbeat {
                channel: channel::HEARTBEAT.into(),
                every,
                payload: heartbeat(names, every, self.pace.clone(), self.version.clone()),
            },
        }
    }
}

/// Where an address of the set-up's counts as coming from.
const fn source(keep: Option<Keep>) -> Source {
    match keep {
        Some(Keep::Keychain) => Source::Keychain,
        Some(Keep::Session) | None => Source::Session,
    }
}

/// Where an address is kept, by where it came from.
const fn keep(source: Source) -> Option<Keep> {
    match source {
        Source::Keychain => Some(Keep::Keychain),
        Source::Session => Some(Keep::Session),
        Source::Environment | Source::Sandbox => None,
    }
}

/// The settings that a connection is made with.
#[derive(PartialEq)]
struct Planned {
    agents: Agents,
    heartbeat: settings::Heartbeat,
}

impl Planned {
    fn of(settings: &Settings) -> Self {
        Self { agents: settings.agents.clone(), heartbeat: settings.heartbeat.clone() }
    }
}

fn heartbeat(names: Names, every: Duration, pace: Pace, version: String) -> Arc<dyn Fn() -> Vec<u8> + Send + Sync> {
    Arc::new(move || {
        Outgoing {
            from: &names.me,
            kind: "heartbeat",
            data: json!({
                "status": "online",
                "interval": pace.apply(every).as_secs(),
                "program": format!("heliograph {version}"),
            }),
            id: &new_id(),
            at: now(),
            reply_to: None,
            priority: Priority::Normal,
        }
        .to_bytes()
    })
}

/// Returns each time the link has stopped for a refused password; fails when the link is gone.
async fn password_refused(status: &mut watch::Receiver<Status>) -> Result<(), watch::error::RecvError> {
    loop {
        status.changed().await?;
        let now = status.borrow_and_update();
        let refused = now.trouble.as_ref().is_some_and(|trouble| trouble.code == TroubleCode::PasswordRefused);
        if now.state == LinkState::Stopped && refused {
            return Ok(());
        }
    }
}
