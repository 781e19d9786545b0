//! Taking up what a crash left unfinished, and following another computer that has changed the key.

use secrecy::SecretString;
use tokio::time::sleep;

use super::{
    Rotation,
    api::{password, told},
    preflight::Facts,
    run::{Done, Work},
};
use crate::{
    credentials::Item,
    link::{LinkState, Status},
    message::{new_id, now},
    rotation::{
        Happening, Machine, RotationReason, Task,
        due::{self, Ages},
        fingerprint::{self, Fingerprints},
        journal::Journal,
        prove::Proof,
    },
    trouble::{Trouble, TroubleCode},
};

/// So many times it is looked whether the API knows another key, for one refusal.
const LOOKS: u32 = 12;

impl Rotation {
    /// Takes up what was kept, and goes on with what is unfinished.
    pub(super) async fn recall(&self) {
        // The file may not be usable yet; it is tried every second.
        let (fingerprints, ages, last, receipts) = loop {
            match self.kept().await {
                Ok(kept) => break kept,
                Err(trouble) => {
                    tracing::warn!("what was kept of rotations cannot be read: {trouble}");
                    sleep(self.shared.means.tuning.long_pause).await;
                }
            }
        };
        let unfinished = self.shared.change(|state| {
            state.fingerprints = fingerprints;
            state.ages = ages;
            state.last = receipts.into_iter().next();
            let (journal, running) = last.unzip();
            let running = running.unwrap_or_default();
            state.journal = journal;
            state.running = running;
            let journal = state.journal.as_mut().filter(|_| running)?;
            Some(journal.machine.resume())
        });
        self.shared.recalled.send_replace(true);
        if let Some(task) = unfinished {
            tracing::info!(?task, "a rotation is taken up where it was left");
            if task == Task::CleanUp {
                self.because("Heliograph ended before it had begun.");
            } else {
                self.remark("Heliograph was started anew in between.");
            }
            let running = self.clone();
            self.shared.spawn(async move {
                let mut work = Work::default();
                let task = running.looked_for(&mut work, task).await;
                running.run(work, task).await;
            });
        }
    }

    /// What a start goes on with where the new key was put in its place already. Where it is not there any more (a
    /// keychain that was put back), it is looked for first: nothing that follows would.
    async fn looked_for(&self, work: &mut Work, task: Task) -> Task {
        let behind = matches!(task, Task::HandOver | Task::AwaitAck | Task::Revoke | Task::Receipt);
        let wanted = self.shared.look().journal.as_ref().and_then(|journal| journal.new.clone());
        let goes_well = self.shared.look().journal.as_ref().is_some_and(|journal| journal.machine.goes_well());
        if !(behind && goes_well && wanted.is_some()) {
            return task;
        }
        let is_it = |url: &SecretString| self.shared.look().fingerprint(&password(url)) == wanted;
        // One that does not answer has forgotten nothing.
        let Ok(kept) = self.shared.means.keychain.read(Item::Address).await else { return task };
        if kept.is_some_and(|url| is_it(&url)) {
            return task;
        }
        self.remark("The new key was not in the keychain any more.");
        self.happened(work, Done::warned(Happening::Lost, "The new key is not in the keychain any more.")).await
    }

    async fn kept(
        &self,
    ) -> Result<(Option<Fingerprints>, Ages, Option<(Journal, bool)>, Vec<crate::rotation::RotationReceipt>), Trouble>
    {
        let store = &self.shared.means.store;
        let mut fingerprints: Option<Fingerprints> = store.kept(fingerprint::KEPT).await?;
        if fingerprints.is_none() {
            fingerprints = Fingerprints::new();
            if let Some(new) = &fingerprints {
                store.keep(fingerprint::KEPT, new).await?;
            }
        }
        let ages = store.kept(due::KEPT).await?.unwrap_or_default();
        Ok((fingerprints, ages, store.last_rotation().await?, store.rotation_receipts(1).await?))
    }

    /// Watches for a refused password, for as long as there is a link.
    pub(super) async fn follow(&self) {
        let mut status = self.shared.means.link.status();
        loop {
            if status.wait_for(is_refused).await.is_err() {
                return;
            }
            self.follow_one().await;
            // Until it is another state, this refusal is dealt with.
            if status.wait_for(|status| !is_refused(status)).await.is_err() {
                return;
            }
        }
    }

    /// The password is refused: looks for a while whether there is another one.
    async fn follow_one(&self) {
        let tuning = &self.shared.means.tuning;
        for _ in 0..LOOKS {
            sleep(tuning.follow_after).await;
            // One of our own that is under way finds out by itself, unless it ends before it has begun.
            if self.shared.changes().wait_for(|view| !view.running).await.is_err()
                || !is_refused(&self.shared.means.link.status().borrow())
            {
                return;
            }
            if let Some(facts) = self.changed_elsewhere().await {
                self.follow_with(facts);
                return;
            }
        }
    }

    fn follow_with(&self, facts: Facts) {
        let mut journal = Journal::new(new_id(), RotationReason::Followed, Machine::following(), now());
        {
            let state = self.shared.look();
            journal.old = facts.old.as_ref().and_then(|held| state.fingerprint(&password(&held.url)));
            journal.new = facts.new.as_ref().and_then(|new| state.fingerprint(&password(new)));
        }
        journal.database.clone_from(&facts.database);
        // One of our own that began meanwhile finds out by itself.
        if self.start_one(journal, Task::Store, facts).is_ok() {
            tracing::info!("another computer has changed the key; this one follows");
        }
    }

    /// What the API knows and we do not, where our own key is refused.
    async fn changed_elsewhere(&self) -> Option<Facts> {
        let held = self.shared.means.in_use.borrow().clone()?;
        // The API knows the password of default alone.
        if self.shared.user().is_some() {
            return None;
        }
        let account = self.account().await.ok()?;
        let id = self.find(&account, &held).await.ok()??.id;
        let database = account.database(&id).await.ok()?;
        let new = told(&database, &held)?;
        // Refused a moment ago, but the keychain may have had another one since.
        let refused = self.old_works(&held).await == Proof::Refused;
        refused.then(|| Facts {
            old: Some(held),
            new: Some(new),
            account: Some(account),
            database: Some(id),
            ..Facts::default()
        })
    }
}

fn is_refused(status: &Status) -> bool {
    let refused = status.trouble.as_ref().is_some_and(|trouble| trouble.code == TroubleCode::PasswordRefused);
    status.state == LinkState::Stopped && refused
}
