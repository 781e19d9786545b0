//! The engine's side of a rotation: works through the machine's tasks with the keychain, the API, the link and the
//! mailbox, and keeps the view true. It must not decide what follows what; that is `crate::rotation`'s machine's to do.

mod announce;
mod api;
mod follow;
mod handing;
mod heard;
mod keeping;
mod overlap;
mod preflight;
mod reach;
mod run;
mod settle;
mod shared;

use std::{path::Path, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::{sync::watch, time::timeout};

pub(super) use self::{
    heard::{Heard, Notice, Stood},
    shared::Means,
};
use self::{
    preflight::Facts,
    run::Work,
    shared::{Shared, Word},
};
use crate::{
    link::Address,
    message::{new_id, now},
    paste,
    rotation::{
        HandoverTest, Machine, PreflightWeight, RotationAsk, RotationPlan, RotationReason, RotationReceipt,
        RotationView, Task, handover,
        journal::Journal,
        key_fingerprint,
        prove::{Proof, speaks},
        words,
    },
    store::Exported,
    trouble::{Trouble, TroubleCode},
};

/// So many receipts are listed: a hundred years of months.
const RECEIPTS: u32 = 1_200;

/// How long what was kept may take to be known.
const RECALL: Duration = Duration::from_secs(10);

/// What stands in the new address's place when the way to Helios is tried.
const TEST: &str = "heliograph-test: the handover works; this is no key";

/// Changing the database's key; clones are handles on the same one.
#[derive(Clone)]
pub struct Rotation {
    shared: Arc<Shared>,
}

impl Rotation {
    /// Goes on with what was left unfinished. Must be called inside a tokio runtime.
    pub(super) fn start(means: Means) -> Self {
        let rotation = Self { shared: Arc::new(Shared::new(means)) };
        let (resuming, following, keeping) = (rotation.clone(), rotation.clone(), rotation.clone());
        rotation.shared.spawn(async move {
            resuming.recall().await;
            resuming.shared.spawn(async move { following.follow().await });
            keeping.keep().await;
        });
        rotation
    }

    /// Where it stands.
    pub fn view(&self) -> RotationView {
        self.shared.view()
    }

    /// Where it stands, now and from now on.
    pub fn changes(&self) -> watch::Receiver<RotationView> {
        self.shared.changes()
    }

    /// Looks whether everything needed is there. Changes nothing.
    pub async fn check(&self) -> RotationView {
        self.shared.change(|state| state.checking = true);
        let plan = self.shared.next_plan();
        let (findings, facts) = self.look(plan, false).await;
        let offer = self.offer(plan, &facts).await;
        self.shared.change(|state| {
            state.checking = false;
            state.findings = findings;
            state.offer = Some(offer);
        });
        self.view()
    }

    /// Begins. What stands in the way is looked for first, and where there is such a thing nothing is changed.
    ///
    /// Fails where one is under way.
    pub async fn begin(&self, reason: RotationReason) -> Result<RotationView, Trouble> {
        self.begin_by(reason, None).await
    }

    /// Makes each agent a user of its own, with the rights that it needs: from then on the old key and the new one are
    /// valid side by side whenever it is changed.
    ///
    /// Fails where a change is under way.
    pub async fn move_to_users(&self) -> Result<RotationView, Trouble> {
        self.begin_by(RotationReason::Asked, Some(RotationPlan::Overlap)).await
    }

    async fn begin_by(&self, reason: RotationReason, plan: Option<RotationPlan>) -> Result<RotationView, Trouble> {
        // Whether one is unfinished has to be known first.
        let mut recalled = self.shared.recalled.subscribe();
        let known = timeout(RECALL, recalled.wait_for(|recalled| *recalled)).await.is_ok_and(|known| known.is_ok());
        if !known {
            return Err(words::not_known());
        }
        let machine = Machine::new(plan.unwrap_or_else(|| self.shared.next_plan()));
        self.start_one(Journal::new(new_id(), reason, machine, now()), Task::Preflight, Facts::default())?;
        Ok(self.view())
    }

    /// Begins because it is due, unless the person should read something first.
    pub(super) async fn begin_if_clear(&self) -> Result<(), Trouble> {
        let found = self.check().await.findings;
        if found.iter().all(|finding| finding.weight == PreflightWeight::Good) {
            self.begin(RotationReason::Monthly).await?;
        }
        Ok(())
    }

    /// Takes the new address from the person, where it is asked for. It is tried before it is used.
    pub async fn give_address(&self, text: &SecretString) -> Result<RotationView, Trouble> {
        if !self.asks(RotationAsk::Address) {
            return Err(words::not_asked());
        }
        let url = paste::understand(text, false).address()?;
        let address = Address::parse(&url)?;
        if self.overlaps() {
            self.try_default(&address).await?;
            return Ok(self.given(url));
        }
        // What was pasted may be of another database.
        let meter = self.shared.means.meter.of(&address.shown());
        match speaks(&address, self.shared.means.authorities.clone(), &meter).await {
            Proof::Works => {}
            Proof::Refused => {
                return Err(Trouble::new(
                    TroubleCode::PasswordRefused,
                    "The password in this address is refused.",
                    "Copy the address from the console once more; it shows the new password after the page is loaded \
                     again.",
                ));
            }
            Proof::NoAnswer(trouble) => return Err(trouble),
        }
        Ok(self.given(url))
    }

    fn given(&self, url: SecretString) -> RotationView {
        self.shared.look().given = Some(url);
        self.shared.nudge();
        self.view()
    }

    /// Tries now what it waits for.
    pub fn again(&self) -> RotationView {
        self.shared.nudge();
        self.view()
    }

    /// Helios has the new key, says the person: it is waited for no longer.
    ///
    /// Fails where it is not waited for.
    pub fn finish(&self) -> Result<RotationView, Trouble> {
        let waits = self.shared.look().waits_for_helios();
        if !waits {
            return Err(words::not_asked());
        }
        self.shared.look().word = Some(Word::Finish);
        self.shared.nudge();
        Ok(self.view())
    }

    /// Takes a change back, where both keys are still valid.
    ///
    /// Fails where that cannot be: with one password for everybody the old one is gone once it is changed.
    pub fn undo(&self) -> Result<RotationView, Trouble> {
        {
            let mut state = self.shared.look();
            if !(state.running && state.journal.as_ref().is_some_and(|journal| journal.machine.can_undo())) {
                return Err(Trouble::new(
                    TroubleCode::NotPossible,
                    "This change cannot be taken back: the old key is gone.",
                    "Wait until it has ended. Another change of the key is possible then.",
                ));
            }
            state.word = Some(Word::Undo);
        }
        self.shared.nudge();
        Ok(self.view())
    }

    /// The new address, while it is to be given to Helios.
    pub fn address_for_helios(&self) -> Result<SecretString, Trouble> {
        let (waits, peer) = {
            let state = self.shared.look();
            (state.waits_for_helios(), state.peer.clone())
        };
        if self.overlaps() {
            return peer.filter(|_| waits).ok_or_else(words::not_asked);
        }
        let in_use = self.shared.means.in_use.borrow().clone();
        in_use.filter(|_| waits).map(|held| held.url).ok_or_else(words::not_asked)
    }

    /// The receipts, newest first.
    pub async fn receipts(&self) -> Result<Vec<RotationReceipt>, Trouble> {
        self.shared.means.store.rotation_receipts(RECEIPTS).await
    }

    /// Writes the receipts into a file, a line of JSON each.
    pub async fn export_receipts(&self, path: &Path) -> Result<Exported, Trouble> {
        let receipts = self.receipts().await?;
        let text: String = receipts.iter().rev().filter_map(|one| serde_json::to_string(one).ok()).fold(
            String::new(),
            |mut text, line| {
                text.push_str(&line);
                text.push('\n');
                text
            },
        );
        let (target, count) = (path.to_owned(), receipts.len() as u64);
        let written = tokio::task::spawn_blocking(move || keeping::write_private(&target, text.as_bytes())).await;
        written.map_err(std::io::Error::other).flatten().map_err(|error| {
            Trouble::new(
                TroubleCode::StoreUnusable,
                format!("The receipts could not be written: {error}."),
                "See that there is room on the disk, and try again.",
            )
        })?;
        Ok(Exported { messages: count, place: path.display().to_string() })
    }

    /// Goes the way to Helios with a text that is no key.
    pub async fn test_handover(&self) -> RotationView {
        let settings = self.shared.means.settings.borrow().clone();
        let handed = self.hand(&settings, &SecretString::from(TEST), &new_id(), false).await;
        self.shared.change(|state| {
            state.tested = Some(HandoverTest { at: now(), worked: handed.worked, words: handed.words });
        });
        self.see_keys().await;
        self.view()
    }

    /// Puts an offered public key away, or gives it to be used from now on: the person has compared its fingerprint.
    pub(super) async fn decide_on_key(&self, take: bool) -> Result<Option<String>, Trouble> {
        let offered = self.shared.view().handover.offered.ok_or_else(words::not_asked)?;
        self.shared.change(|state| state.put_away = Some(offered.public_key.clone()));
        self.see_keys().await;
        Ok(take.then_some(offered.public_key))
    }

    /// Ends whatever is under way, at once; the journal says where. Whoever ends first what a step looks at would have
    /// it take that for news.
    pub(super) async fn stop(&self) {
        self.shared.stop().await;
    }

    fn asks(&self, what: RotationAsk) -> bool {
        self.shared.look().asks.as_ref().is_some_and(|asks| asks.what == what)
    }

    /// Starts a rotation, unless one is under way.
    fn start_one(&self, journal: Journal, first: Task, facts: Facts) -> Result<(), Trouble> {
        {
            let mut state = self.shared.look();
            if state.running {
                return Err(words::running());
            }
            state.running = true;
            state.word = None;
            state.given = None;
            let before = state.journal.as_ref().map(|journal| journal.id.clone());
            state.earlier_ids.extend(before);
            state.journal = Some(journal);
        }
        self.shared.place();
        self.shared.show();
        let running = self.clone();
        self.shared.spawn(async move { running.run(Work::new(facts), first).await });
        Ok(())
    }

    /// How the key is being changed, or will be.
    fn plan(&self) -> RotationPlan {
        let state = self.shared.look();
        self.shared.plan(&state)
    }

    fn handover_view(&self) -> crate::rotation::HandoverView {
        let plan = self.plan();
        let settings = self.shared.means.settings.borrow().clone();
        let peers = &settings.agents.peers;
        let state = self.shared.look();
        let key = settings.rotation.helios_key.trim();
        let offered = self.shared.means.board.look().rotation.offered_key(peers).and_then(|(from, public_key)| {
            let sound = handover::recipient(public_key).is_some() && public_key != key;
            let away = state.put_away.as_deref() == Some(public_key);
            (sound && !away).then(|| crate::rotation::OfferedKey {
                from: from.to_owned(),
                public_key: public_key.to_owned(),
                fingerprint: key_fingerprint(public_key),
            })
        });
        let (ready, words) = self.way(&settings, plan);
        crate::rotation::HandoverView {
            way: settings.rotation.handover,
            ready,
            words,
            key_fingerprint: (!key.is_empty()).then(|| key_fingerprint(key)),
            offered,
            command: handover::words(&settings.rotation.command),
            tested: state.tested.clone(),
        }
    }
}
