//! The desktop's notifications, as the engine asks for them. One file a kind of desktop.
//!
//! Nothing is decided here about what is shown; and a text from the network is never more than text.

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod desktop;
#[cfg(not(target_os = "linux"))]
mod desktop;

use std::{sync::Arc, time::Duration};

use heliograph_core::{
    engine::{Engine, Place},
    notification::{Action, Notifier, Subject},
};
use tokio::sync::mpsc;

/// Presses that wait for the engine. Nobody is quicker than this; if somebody is, the press is logged and lost.
const PRESSES: usize = 16;
/// How long anything may take that a notification server does.
const LIMIT: Duration = Duration::from_secs(3);

/// A person pressed something on a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    /// On one we know.
    Known(Subject, Action),
    /// On one of ours that we have lost track of.
    Unknown,
}

/// Where presses are put.
#[derive(Clone, Debug)]
pub(crate) struct Presses(mpsc::Sender<Press>);

impl Presses {
    fn put(&self, press: Press) {
        if self.0.try_send(press).is_err() {
            tracing::warn!(?press, "a press on a notification could not be handed on");
        }
    }
}

/// The way to the desktop's notifications, and the presses that come back. The engine is not there yet when this
/// is made; [`hand_on`] connects the two.
pub(crate) fn start() -> (Arc<dyn Notifier>, mpsc::Receiver<Press>) {
    let (sender, presses) = mpsc::channel(PRESSES);
    (Arc::new(desktop::Desktop::new(Presses(sender))), presses)
}

/// Hands presses on to the engine, one after the other, until there are no more.
pub(crate) async fn hand_on(mut presses: mpsc::Receiver<Press>, engine: Engine) {
    while let Some(press) = presses.recv().await {
        match press {
            Press::Known(subject, action) => {
                if let Err(trouble) = engine.acted(subject, action).await {
                    tracing::warn!(code = ?trouble.code, "what was pressed on a notification could not be done");
                    engine.report(trouble);
                }
            }
            Press::Unknown => engine.open(Place::default()),
        }
    }
}
