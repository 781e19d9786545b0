//! The guided set-up: how far it is, what was found on this computer, and the address that is being tried.
//!
//! It decides what a step does and what follows it; how it looks is the screen's. The address being tried is with the
//! guide alone until it is adopted. It must not know a screen, and hands out a secret only where its name says so.

mod account;
mod address;
mod counters;
mod kit;
mod making;
mod names;
mod ping;
mod shared;
mod state;
mod trial;
mod view;

use std::{path::PathBuf, sync::Arc};

use secrecy::SecretString;
use tokio::sync::{broadcast, watch};
use url::Url;

pub(crate) use counters::Unknown;
pub use view::*;

use self::shared::Shared;
use crate::{
    credentials::Keychain, discover::Surroundings, link::Link, message::Millis, settings::Settings, store::Store,
    trouble::Trouble, usage::Meter,
};

/// An address with its secret, and where that is kept; `None` for what is kept elsewhere (the environment).
#[derive(Clone, Debug)]
pub struct Held {
    /// The address, in one line.
    pub url: SecretString,
    /// Where it is kept.
    pub keep: Option<Keep>,
}

/// The address that was set up, once there is one.
pub type Adopted = Option<Held>;

/// What the guide works with.
pub struct Means {
    /// Where secrets are kept.
    pub keychain: Keychain,
    /// Where progress is kept.
    pub store: Store,
    /// The settings in force.
    pub settings: watch::Receiver<Settings>,
    /// What was found in the environment at the start.
    pub surroundings: Surroundings,
    /// Where the Developer API is; `None` for Upstash's own.
    pub api: Option<Url>,
    /// Certificate authorities to trust beside the usual ones.
    pub authorities: Option<PathBuf>,
    /// The connection, for asking Helios.
    pub link: Link,
    /// The ids of pings that are answered.
    pub answers: broadcast::Sender<String>,
    /// The address in use.
    pub in_use: watch::Receiver<Adopted>,
    /// Where an address goes that is to be used from now on.
    pub adopt: watch::Sender<Adopted>,
    /// What counts everything that is sent to a database.
    pub meter: Meter,
}

/// A handle on the guided set-up; clones are handles on the same one.
#[derive(Clone)]
pub struct Guide {
    shared: Arc<Shared>,
}

impl Guide {
    /// Begins where it was left. Must be called inside a tokio runtime.
    pub(crate) fn start(means: Means) -> Self {
        let guide = Self { shared: Arc::new(Shared::new(means)) };
        let restoring = guide.clone();
        guide.shared.spawn(async move { restoring.restore().await });
        let following = guide.clone();
        guide.shared.spawn(async move { following.follow().await });
        guide
    }

    /// How far it is.
    pub fn view(&self) -> GuideView {
        self.shared.view()
    }

    /// How far it is, now and from now on.
    pub fn changes(&self) -> watch::Receiver<GuideView> {
        self.shared.changes()
    }

    /// Since when the address in use is kept, where it was set up here.
    pub fn kept_since(&self) -> Option<Millis> {
        self.shared.look().kept_since
    }

    /// Leaves for another step.
    pub async fn go(&self, step: Step) -> GuideView {
        self.shared.change(|state| state.view.step = step);
        self.shared.remember().await;
        self.view()
    }

    /// Chooses where the database comes from, and goes on to its address.
    pub async fn choose(&self, door: Door) -> GuideView {
        self.shared.change(|state| {
            state.view.door = Some(door);
            state.done(Step::Where);
            state.view.step = Step::Address;
        });
        self.shared.remember().await;
        self.view()
    }

    /// The end of the set-up.
    pub async fn finish(&self) -> GuideView {
        self.shared.change(|state| {
            state.done(Step::Computer);
            state.view.finished = true;
        });
        self.shared.remember().await;
        self.view()
    }

    /// Ends whatever is being tried.
    pub(crate) async fn stop(&self) {
        self.shared.stop().await;
    }

    /// Takes up what was kept, and looks at what can be offered.
    async fn restore(&self) {
        self.shared.recall().await;
        self.find();
    }

    /// Keeps the view true while the address in use changes.
    async fn follow(&self) {
        let mut in_use = self.shared.means.in_use.clone();
        loop {
            let held = in_use.borrow_and_update().clone();
            self.shared.change(|state| state.use_now(held));
            if in_use.changed().await.is_err() {
                return;
            }
        }
    }
}

/// A person asked for something that needs what is not there.
fn not_possible(message: &str, remedy: &str) -> Trouble {
    Trouble::new(crate::trouble::TroubleCode::NotPossible, message, remedy)
}
