//! From a new key to a connection with it: put beside the old one, proved, put in its place, connected.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Rotation,
    api::{Shown, password},
    run::{Done, Work, seconds},
};
use crate::{
    credentials::{Item, KeychainError},
    guide::{Held, Keep},
    link::{Address, LinkState},
    message::now,
    rotation::{
        Happening, RotationPlan,
        prove::{Proof, compare, logs_in, speaks},
        words,
    },
    trouble::TroubleCode,
};

/// What the two keys showed.
enum Seen {
    Good { old_refused: bool },
    OnlyOld,
    Neither,
    Nothing,
}

/// The key that the API names.
enum Names {
    Old,
    New,
    /// Neither of them.
    Newer(SecretString),
    /// It tells none.
    Untold,
}

impl Rotation {
    pub(super) async fn put_beside(&self, work: &mut Work) -> Done {
        let Some(new) = work.new.clone() else {
            // Lost with a crash, or never there: looked for.
            return self.recover(work).await;
        };
        match self.shared.means.keychain.write(Item::NextAddress, &new).await {
            Ok(()) => Done::well(Happening::Stored, "The new key is beside the old one in the keychain."),
            Err(error) => {
                work.hint = Some(error.trouble());
                Done::warned(Happening::KeychainShut, "The keychain does not take the new key.")
            }
        }
    }

    pub(super) async fn prove(&self, work: &mut Work) -> Done {
        let Some(new) = work.new.clone() else { return self.recover(work).await };
        let address = match Address::parse(&new) {
            Ok(address) => address,
            Err(trouble) => {
                work.hint = Some(trouble);
                return Done::warned(Happening::BothRefused, "The new address cannot be read.");
            }
        };
        let tuning = self.shared.means.tuning.clone();
        let limit = if work.not_taken { Duration::ZERO } else { tuning.prove_limit };
        let until = Instant::now() + limit;
        let seen = loop {
            let seen = self.both(work, &address).await;
            if matches!(seen, Seen::Good { .. }) || Instant::now() >= until {
                break seen;
            }
            self.says("Tries the new key.");
            self.pause().await;
        };
        work.not_taken = false;
        match seen {
            Seen::Good { old_refused: true } => {
                Done::well(Happening::Proved, "The new key works, and the old one is refused.")
            }
            Seen::Good { old_refused: false } => {
                let limit = seconds(tuning.old_limit);
                self.remark(format!("The old key was still accepted {limit} after the change."));
                Done::warned(
                    Happening::Proved,
                    format!("The new key works. The old one was still accepted after {limit}."),
                )
            }
            Seen::OnlyOld => match self.api_names(work, &new).await {
                Names::Old => {
                    self.because("The new key was refused, and the old one works.");
                    Done::failed(Happening::NewRefused, "The new key is refused, and the old one works.")
                }
                Names::Newer(newer) => self.got_newer(work, newer),
                Names::New | Names::Untold => {
                    work.not_taken = true;
                    work.hint = Some(words::not_taken());
                    Done::warned(Happening::NotTaken, "The database does not take the new key yet; the old one works.")
                }
            },
            // Somebody may have changed it once more; then there is a newer one.
            Seen::Neither => match self.api_names(work, &new).await {
                Names::Newer(newer) => self.got_newer(work, newer),
                _ => Done::warned(Happening::BothRefused, "Both keys are refused."),
            },
            Seen::Nothing => Done::warned(Happening::NoNetwork, "Nobody answers."),
        }
    }

    async fn both(&self, work: &mut Work, new: &Address) -> Seen {
        let (authorities, meter) = (&self.shared.means.authorities, &self.shared.means.meter);
        let old = work.old.as_ref().and_then(|held| Address::parse(&held.url).ok());
        let with_old = old.as_ref().map(|old| logs_in(old, authorities.clone(), meter));
        match compare(|| speaks(new, authorities.clone(), meter), with_old).await {
            (Proof::Works, Some(_)) => Seen::Good { old_refused: true },
            (Proof::Works, None) => {
                let old_refused = match old {
                    Some(old) => self.until_refused(&old).await,
                    None => true,
                };
                Seen::Good { old_refused }
            }
            (Proof::Refused, Some(Proof::Works)) => Seen::OnlyOld,
            (Proof::Refused, Some(Proof::Refused) | None) => Seen::Neither,
            (Proof::NoAnswer(trouble), _) | (_, Some(Proof::NoAnswer(trouble))) => {
                work.hint = Some(trouble);
                Seen::Nothing
            }
        }
    }

    /// Waits until the old key is refused; false where it is not within the limit.
    pub(super) async fn until_refused(&self, old: &Address) -> bool {
        let until = Instant::now() + self.shared.means.tuning.old_limit;
        loop {
            if logs_in(old, self.shared.means.authorities.clone(), &self.shared.means.meter).await == Proof::Refused {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            self.pause().await;
        }
    }

    /// Which key the API names, of one that is refused.
    async fn api_names(&self, work: &mut Work, refused: &SecretString) -> Names {
        let _ = self.prepare(work).await;
        let Some(old) = work.old.clone() else { return Names::Untold };
        match self.shown(work, &old).await {
            Shown::New(new) if password(&new).expose_secret() == password(refused).expose_secret() => Names::New,
            Shown::New(newer) => Names::Newer(newer),
            Shown::Ours => Names::Old,
            Shown::Hidden(_) | Shown::Nothing => Names::Untold,
        }
    }

    fn got_newer(&self, work: &mut Work, newer: SecretString) -> Done {
        self.got(work, newer);
        Done::warned(Happening::GotNew, "The key was changed once more meanwhile.")
    }

    pub(super) async fn adopt(&self, work: &mut Work) -> Done {
        match self.put_in_place(work).await {
            Ok(()) => Done::well(Happening::Adopted, "The new key is in the old one’s place."),
            Err(error) => {
                work.hint = Some(error.trouble());
                Done::warned(Happening::KeychainShut, "The keychain does not let the new key into the old one’s place.")
            }
        }
    }

    async fn put_in_place(&self, work: &mut Work) -> Result<(), KeychainError> {
        let keychain = &self.shared.means.keychain;
        if work.new.is_none() {
            work.new = keychain.read(Item::NextAddress).await?;
        }
        let Some(new) = work.new.clone() else {
            // It was put there before the crash, and the copy beside it removed.
            work.new = keychain.read(Item::Address).await?;
            self.note_adopted(work);
            return Ok(());
        };
        // Noted before the link hears of it: it may stand at once.
        self.note_adopted(work);
        let written = keychain.write(Item::Address, &new).await;
        // It is proved, so it is used, also while the keychain takes nothing: there it stands under the other name.
        self.shared.means.adopt.send_replace(Some(Held { url: new, keep: Some(Keep::Keychain) }));
        written?;
        keychain.delete(Item::NextAddress).await
    }

    /// A connection that was made with the new key already counts as well.
    fn note_adopted(&self, work: &Work) {
        let already = work.new.as_ref().is_some_and(|new| self.shared.uses(new));
        if !already {
            self.shared.place();
        }
        self.shared.note(|journal| {
            let since = if already { journal.asked_at.unwrap_or(journal.begun) } else { now() };
            journal.adopted_at.get_or_insert(since);
        });
    }

    pub(super) async fn reconnect(&self, work: &mut Work) -> Done {
        let means = &self.shared.means;
        let placed = self.shared.look().placed;
        let since = placed.map(|placed| placed.at);
        let mut heard = means.board.rotating();
        let mut status = means.link.status();
        let mut nudges = self.shared.nudges();
        let waiting = async {
            loop {
                if self.undo_wanted() {
                    return Some(Err(()));
                }
                if let Some(stood) = means.board.look().rotation.stood_since(since) {
                    return Some(Ok(stood));
                }
                let refused = {
                    let status = status.borrow_and_update();
                    let refused = status.trouble.as_ref().is_some_and(|why| why.code == TroubleCode::PasswordRefused);
                    refused
                        && status.state == LinkState::Stopped
                        && placed.is_none_or(|placed| placed.link != (status.state, status.since))
                };
                // The link may be about to change over.
                if refused && self.still_refused(since).await {
                    return None;
                }
                // A program that ends says nothing of the key.
                tokio::select! {
                    changed = heard.changed() => if changed.is_err() { return std::future::pending().await },
                    changed = status.changed() => if changed.is_err() { return std::future::pending().await },
                    _ = nudges.changed() => {}
                }
            }
        };
        match timeout(means.tuning.reconnect_limit, waiting).await {
            Ok(Some(Err(()))) => self.undone(),
            Ok(Some(Ok(stood))) => {
                self.measure(stood.at, stood.deaf_since);
                let words =
                    if self.goes_well() { "Connected with the new key." } else { "Connected with the old key." };
                Done::well(Happening::Connected, words)
            }
            Ok(None) => Done::warned(Happening::BothRefused, "The key is refused."),
            Err(_) => {
                work.hint.clone_from(&means.link.status().borrow().trouble);
                Done::warned(Happening::NoNetwork, "There is no connection yet.")
            }
        }
    }

    fn goes_well(&self) -> bool {
        self.shared.look().journal.as_ref().is_none_or(|journal| journal.machine.goes_well())
    }

    async fn still_refused(&self, since: Option<Instant>) -> bool {
        sleep(self.shared.means.tuning.follow_after).await;
        let status = self.shared.means.link.status().borrow().clone();
        status.state == LinkState::Stopped && self.shared.means.board.look().rotation.stood_since(since).is_none()
    }

    /// From the first moment that nothing was heard, but not before the key was asked for.
    fn measure(&self, at: crate::message::Millis, deaf_since: Option<crate::message::Millis>) {
        self.shared.note(|journal| {
            let from = match journal.plan {
                RotationPlan::OnePassword => deaf_since.max(journal.asked_at),
                // Both keys are valid: there need be no time without hearing at all.
                RotationPlan::Overlap => {
                    Some(deaf_since.map_or(at, |since| journal.adopted_at.unwrap_or(at).max(since)))
                }
            };
            journal.connected_at = Some(at);
            if journal.outage_ms.is_none() {
                journal.outage_ms = from.map(|from| (at - from).max(0));
            }
        });
    }
}
