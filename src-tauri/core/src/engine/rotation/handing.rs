//! Giving Helios the new key, and waiting for its word.

use secrecy::SecretString;
use serde_json::json;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use super::{
    Means, Rotation,
    run::{Done, Work},
    shared::Word,
};
use crate::{
    engine::{attention::Said, mailbox::is_open},
    link::PublishFailed,
    mailbox::{Post, PostFailed},
    message::{Outgoing, Priority, channel, now},
    rotation::{Acknowledged, HandedOver, Happening, RotationAsk, RotationPlan, handover, seal, words},
    settings::{Handover, Settings},
    usage::CommandKind,
};

impl Rotation {
    /// Can the way chosen be gone, and what it does or what is missing.
    pub(super) fn way(&self, settings: &Settings, plan: RotationPlan) -> (bool, String) {
        let rotation = &settings.rotation;
        let mailbox = is_open(&self.shared.means.mailroom.mailbox().status().borrow());
        match rotation.handover {
            Handover::Sealed if rotation.helios_key.trim().is_empty() => {
                (false, "Helios’s public key is not known, so nothing can be sealed to it.".into())
            }
            Handover::Sealed if plan == RotationPlan::Overlap => {
                let besides = if mailbox { ", and left in the mailbox as well" } else { "" };
                (true, format!("The new address is sealed to Helios’s public key and sent over Redis{besides}."))
            }
            Handover::Sealed if !mailbox => (false, "There is no mailbox in which a sealed key could be left.".into()),
            Handover::Sealed => {
                (true, "The new address is sealed to Helios’s public key and left in the mailbox.".into())
            }
            Handover::Command if handover::words(&rotation.command).is_empty() => {
                (false, "There is no command that could be given the new address.".into())
            }
            Handover::Command => (true, "Your command gets the new address on its standard input.".into()),
            Handover::ByHand => (false, "You copy the new address to where Helios runs.".into()),
        }
    }

    pub(super) async fn hand_over(&self, work: &mut Work) -> Done {
        // Found again after it was lost here; Helios has it all the time.
        if self.shared.look().journal.as_ref().is_some_and(|journal| journal.acknowledged.is_some()) {
            return Done::well(Happening::Acknowledged, "Helios has it already.");
        }
        let in_use = self.shared.means.in_use.borrow().clone();
        let url = if self.overlaps() {
            self.load_peer(work).await
        } else {
            work.new.clone().or_else(|| in_use.map(|held| held.url))
        };
        let Some(url) = url else {
            return Done::warned(Happening::NotHandedOver, "The new address is not known here.");
        };
        let settings = self.shared.means.settings.borrow().clone();
        let handed = self.hand(&settings, &url, &self.id(), true).await;
        self.shared.note(|journal| journal.handed_over = Some(handed.clone()));
        match (handed.worked, handed.way) {
            (true, _) => Done::well(Happening::HandedOver, handed.words),
            (false, Handover::ByHand) => Done::warned(Happening::NotHandedOver, handed.words),
            (false, _) => {
                work.hint = Some(crate::trouble::Trouble::new(
                    crate::trouble::TroubleCode::NotPossible,
                    handed.words.clone(),
                    "Copy the new address to where Helios runs.",
                ));
                Done::failed(Happening::NotHandedOver, handed.words)
            }
        }
    }

    /// Goes the way chosen with this text. `earnest`: it is a new address, and no test.
    pub(super) async fn hand(&self, settings: &Settings, text: &SecretString, id: &str, earnest: bool) -> HandedOver {
        let way = settings.rotation.handover;
        let plan = self.plan();
        let (ready, words) = self.way(settings, plan);
        let (worked, words) = match way {
            Handover::ByHand if !earnest => (true, "Nothing to be tested: you copy the address yourself.".into()),
            _ if !ready => (false, words),
            Handover::Sealed => self.leave_sealed(settings, text, id, plan).await,
            Handover::Command => {
                let limit = self.shared.means.tuning.command_limit;
                let handover::Ran { worked, words } = handover::run(&settings.rotation.command, text, limit).await;
                (worked, words)
            }
            Handover::ByHand => (false, words),
        };
        HandedOver { way, worked, words }
    }

    async fn leave_sealed(
        &self,
        settings: &Settings,
        text: &SecretString,
        id: &str,
        plan: RotationPlan,
    ) -> (bool, String) {
        let Some(sealed) = seal(text, &settings.rotation.helios_key) else {
            return (false, "Nothing can be sealed to Helios’s public key.".into());
        };
        let names = settings.names();
        let peer = names.peers.first().cloned().unwrap_or_default();
        let on = channel::between(&names.me, &peer);
        // The same for the same rotation, so that a crash in between leaves it once.
        let message_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("rotation.sealed\n{id}").as_bytes()).to_string();
        let message = Outgoing {
            from: &names.me,
            kind: "rotation.sealed",
            data: json!({ "rotation_id": id, "sealed": sealed }),
            id: &message_id,
            at: now(),
            reply_to: None,
            priority: Priority::Urgent,
        };
        let payload = message.to_bytes();
        let mailbox = is_open(&self.shared.means.mailroom.mailbox().status().borrow());
        if plan == RotationPlan::OnePassword {
            return self.leave_in_mailbox(&peer, on, payload, message_id).await;
        }
        let (sent, words) = self.send_sealed(&peer, &on, &payload, settings.recorded()).await;
        if !mailbox {
            return (sent, words);
        }
        let (left, besides) = self.leave_in_mailbox(&peer, on, payload, message_id).await;
        (sent || left, format!("{words} {besides}"))
    }

    /// Over the connection, which has a valid key all the time.
    async fn send_sealed(&self, peer: &str, on: &str, payload: &[u8], record: Option<u32>) -> (bool, String) {
        let link = &self.shared.means.link;
        let until = Instant::now() + self.shared.means.tuning.leave_limit;
        loop {
            let Err(failed) = link.publish_as(CommandKind::Publish, on, payload.to_vec(), record).await else {
                return (true, format!("Sealed to Helios’s key and sent to {peer} over Redis."));
            };
            let passes = matches!(failed, PublishFailed::NotConnected | PublishFailed::Unknown);
            if !passes || Instant::now() >= until {
                return (false, format!("It could not be sent over Redis: {failed}."));
            }
            self.pause().await;
        }
    }

    async fn leave_in_mailbox(&self, peer: &str, on: String, payload: Vec<u8>, id: String) -> (bool, String) {
        let post = Post { channel: on, payload, id, perhaps_posted: true };
        let until = Instant::now() + self.shared.means.tuning.leave_limit;
        loop {
            let Err(failed) = self.shared.means.mailroom.mailbox().post(post.clone()).await else {
                return (true, format!("Sealed to Helios’s key and left in the mailbox for {peer}."));
            };
            let passes =
                matches!(failed, PostFailed::Unreachable(_) | PostFailed::Unknown | PostFailed::Limited { .. });
            if !passes || Instant::now() >= until {
                return (false, format!("It could not be left in the mailbox: {failed}."));
            }
            self.pause().await;
        }
    }

    /// Waits for Helios's word, the person's, or another way.
    pub(super) async fn await_ack(&self, work: &mut Work) -> Done {
        if self.overlaps() {
            self.load_peer(work).await;
        }
        let id = self.id();
        let board = &self.shared.means.board;
        let mut heard = board.rotating();
        let mut nudges = self.shared.nudges();
        self.shared.change(|state| {
            state.behind_since.get_or_insert_with(now);
            let by_hand = state
                .journal
                .as_ref()
                .is_some_and(|journal| journal.handed_over.as_ref().is_none_or(|handed| !handed.worked));
            if by_hand {
                let plan = state.journal.as_ref().map_or_else(RotationPlan::default, |journal| journal.plan);
                state.asks = Some(words::asked(plan, RotationAsk::HandOver, work.hint.as_ref()));
            }
        });
        let mut reminder = Reminder::At(Instant::now() + self.shared.means.tuning.remind_after);
        loop {
            if self.undo_wanted() {
                return self.undone();
            }
            let peers = self.awaited();
            let acknowledged = board.look().rotation.acknowledged(&id, &peers).cloned();
            if let Some(notice) = acknowledged {
                let words = format!("{} uses the new key.", crate::text::capital(&notice.from));
                return self.acknowledged(Some(notice.from), words);
            }
            if self.shared.look().word.take_if(|word| *word == Word::Finish).is_some() {
                return self.acknowledged(None, "You said that Helios has the new key.".into());
            }
            tokio::select! {
                changed = heard.changed() => if changed.is_err() { return std::future::pending().await },
                _ = nudges.changed() => if self.shared.look().word.is_none() {
                    return Done::well(Happening::Again, "It is given to Helios once more.");
                },
                () = reminder.go_on(&self.shared.means) => {}
            }
        }
    }

    /// Whose word is waited for.
    fn awaited(&self) -> Vec<String> {
        let given = self.shared.look().journal.as_ref().and_then(|journal| journal.users.clone());
        match given {
            Some(users) => vec![users.peer],
            None => self.shared.means.settings.borrow().agents.peers.clone(),
        }
    }

    fn acknowledged(&self, by: Option<String>, words: String) -> Done {
        self.shared.change(|state| {
            state.behind_since = None;
            if let Some(journal) = &mut state.journal {
                journal.acknowledged = Some(Acknowledged { by, at: now() });
            }
        });
        Done::well(Happening::Acknowledged, words)
    }
}

/// That Helios is behind is said once, and counts as said once it was shown.
enum Reminder {
    At(Instant),
    Said(oneshot::Receiver<()>),
    Over,
}

impl Reminder {
    /// Takes the next step, when it is time for it. May be cut off and called again.
    async fn go_on(&mut self, means: &Means) {
        *self = match self {
            Self::At(at) => {
                sleep_until(*at).await;
                let (shown, was_shown) = oneshot::channel();
                let _ = means.said.send(Said::HeliosBehind(shown)).await;
                Self::Said(was_shown)
            }
            Self::Said(shown) => match shown.await {
                Ok(()) => Self::Over,
                Err(_) => Self::At(Instant::now() + means.tuning.remind_after),
            },
            Self::Over => return std::future::pending().await,
        };
    }
}
