//! Telling the other agents, and finding out whether another computer was first.

use serde_json::json;
use tokio::time::timeout;

use super::{
    Rotation,
    heard::{BEGINS, OVER_CANCELLED, OVER_DONE},
    run::Done,
};
use crate::{
    link::LinkState,
    message::{Outgoing, Priority, channel, new_id, now},
    rotation::Happening,
    trouble::{Trouble, TroubleCode},
    usage::CommandKind,
};

/// The name under which it is kept that somebody knows how to be ready.
const ANSWERS: &str = "rotation_ready_seen";

impl Rotation {
    pub(super) async fn announce(&self) -> Done {
        let id = self.id();
        if self.shared.means.link.status().borrow().state != LinkState::Connected {
            return Done::warned(Happening::Announced, "There is no connection over which anybody could be told.");
        }
        if !self.tell(BEGINS).await {
            return Done::warned(Happening::Announced, "The other agents could not be told.");
        }
        self.shared.note(|journal| journal.announced = true);
        let tuning = &self.shared.means.tuning;
        let mut heard = self.shared.means.board.rotating();
        let echo = async {
            while !self.shared.means.board.look().rotation.echoed(&id) {
                if heard.changed().await.is_err() {
                    return;
                }
            }
        };
        let echoed = timeout(tuning.echo_limit, echo).await.is_ok();
        // The newest of our ids is the one just announced.
        let ours = self.own_ids();
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        let first = self.shared.means.board.look().rotation.before_us(&ours, now()).map(|notice| notice.from.clone());
        if let Some(other) = first {
            let words = format!("{} has begun to change the key and goes first.", crate::text::capital(&other));
            self.because(words.clone());
            return Done::warned(Happening::Yielded, words);
        }
        let ready = self.wait_until_ready(&id).await;
        match (echoed, ready) {
            (_, true) => Done::well(Happening::Announced, "Helios is ready for a new key."),
            (true, false) => Done::well(Happening::Announced, "The other agents were told."),
            (false, false) => Done::warned(Happening::Announced, "The other agents were told, as far as that is seen."),
        }
    }

    /// Waits for somebody who knows how to say that he is ready; for nobody where nobody ever did.
    async fn wait_until_ready(&self, id: &str) -> bool {
        let board = &self.shared.means.board;
        let answers: Option<bool> = self.shared.means.store.kept(ANSWERS).await.ok().flatten();
        if answers != Some(true) && !board.look().rotation.ready(None) {
            return false;
        }
        let mut heard = board.rotating();
        let waiting = async {
            while !board.look().rotation.ready(Some(id)) {
                if heard.changed().await.is_err() {
                    return;
                }
            }
        };
        timeout(self.shared.means.tuning.ready_limit, waiting).await.is_ok() && board.look().rotation.ready(Some(id))
    }

    /// Somebody knows how to be ready: he is waited for from now on.
    pub(super) async fn note_readiness(&self) {
        if self.shared.means.board.look().rotation.ready(None)
            && let Err(trouble) = self.shared.means.store.keep(ANSWERS, &true).await
        {
            tracing::warn!("that Helios knows of rotations could not be kept: {trouble}");
        }
    }

    /// It is over; whoever was told that it begins is told so. Nothing depends on it.
    pub(super) async fn tell_end(&self, well: bool) {
        let announced = self.shared.look().journal.as_ref().is_some_and(|journal| journal.announced);
        if announced && self.shared.means.link.status().borrow().state == LinkState::Connected {
            self.tell(if well { OVER_DONE } else { OVER_CANCELLED }).await;
        }
    }

    /// Asks Helios for its public key; it comes as an offer, if Helios knows how. Fails where there is no connection.
    pub async fn ask_for_key(&self) -> Result<(), Trouble> {
        let (names, record) = {
            let settings = self.shared.means.settings.borrow();
            (settings.names(), settings.recorded())
        };
        let on = channel::between(&names.me, names.peers.first().map_or("", String::as_str));
        let (id, at, data) = (new_id(), now(), json!({}));
        let (from, kind, priority) = (&names.me, "rotation.key.ask", Priority::Normal);
        let message = Outgoing { from, kind, data, id: &id, at, reply_to: None, priority };
        let asked = self.shared.means.link.publish_as(CommandKind::Publish, &on, message.to_bytes(), record).await;
        asked.map(|_| ()).map_err(|failed| {
            Trouble::new(
                TroubleCode::NotPossible,
                format!("Helios could not be asked: {failed}."),
                "Paste the public key that heliograph.py shows.",
            )
        })
    }

    /// Says to all where the rotation is; true where at least the announcement to all went out.
    async fn tell(&self, phase: &str) -> bool {
        let (names, record) = {
            let settings = self.shared.means.settings.borrow();
            (settings.names(), settings.recorded())
        };
        let data = json!({ "phase": phase, "rotation_id": self.id() });
        let mut told = false;
        let to = names.peers.iter().map(|peer| channel::between(&names.me, peer));
        for on in to.chain([channel::BROADCAST.to_owned()]) {
            let (id, at) = (new_id(), now());
            let from = &names.me;
            let message = Outgoing {
                from,
                kind: "rotation",
                data: data.clone(),
                id: &id,
                at,
                reply_to: None,
                priority: Priority::Normal,
            };
            match self.shared.means.link.publish_as(CommandKind::Publish, &on, message.to_bytes(), record).await {
                Ok(_) => told = told || on == channel::BROADCAST,
                Err(failed) => tracing::info!("a rotation could not be told: {failed}"),
            }
        }
        told
    }
}
