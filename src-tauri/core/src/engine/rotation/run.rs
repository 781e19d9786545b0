//! Working through a rotation: one task after the other, each written down before it begins.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::sleep;

use super::{Rotation, preflight::Facts, shared::Word};
use crate::{
    guide::Held,
    message::now,
    rotation::{Happening, RotationOutcome, RotationPlan, StepState, Task, words},
    trouble::Trouble,
    upstash::Account,
};

/// What a rotation holds in memory: all that must not be written down.
#[derive(Default)]
pub(super) struct Work {
    /// The address before.
    pub(super) old: Option<Held>,
    /// The address with the new key.
    pub(super) new: Option<SecretString>,
    /// The one that Helios gets, where each agent is a user.
    pub(super) peer: Option<SecretString>,
    /// The address of `default`, where each agent is a user.
    pub(super) default: Option<SecretString>,
    pub(super) account: Option<Account>,
    /// The new key was refused once for as long as is waited for it.
    pub(super) not_taken: bool,
    /// What stands behind what is asked of the person.
    pub(super) hint: Option<Trouble>,
}

/// What a task came to: what happened, and what is said of the step.
pub(super) struct Done {
    pub(super) event: Happening,
    pub(super) state: StepState,
    pub(super) words: String,
}

impl Done {
    pub(super) fn well(event: Happening, words: impl Into<String>) -> Self {
        Self { event, state: StepState::Done, words: words.into() }
    }

    pub(super) fn warned(event: Happening, words: impl Into<String>) -> Self {
        Self { event, state: StepState::Warned, words: words.into() }
    }

    pub(super) fn failed(event: Happening, words: impl Into<String>) -> Self {
        Self { event, state: StepState::Failed, words: words.into() }
    }
}

impl Work {
    pub(super) fn new(facts: Facts) -> Self {
        Self { old: facts.old, new: facts.new, account: facts.account, ..Self::default() }
    }
}

impl Rotation {
    /// Runs until the rotation has ended.
    pub(super) async fn run(&self, mut work: Work, first: Task) {
        let mut task = first;
        // The first step is on the disk before anything is done, also where nothing is changed by it.
        if let Err(trouble) = self.write_down().await {
            tracing::warn!("a rotation's journal could not be begun: {trouble}");
        }
        loop {
            let done = match task {
                Task::End(_) => return self.over().await,
                _ if self.undo_wanted() => self.undone(),
                Task::Wait(ask) => self.wait(&mut work, ask).await,
                Task::Preflight => self.preflight(&mut work).await,
                Task::Announce => self.announce().await,
                Task::Reset => self.reset(&mut work).await,
                Task::Make => self.make(&mut work).await,
                Task::Grant => self.grant(&mut work).await,
                Task::ReadBack => self.read_back(&mut work).await,
                Task::Recover => self.recover(&mut work).await,
                Task::Store if self.overlaps() => self.put_all_beside(&mut work).await,
                Task::Store => self.put_beside(&mut work).await,
                Task::Prove if self.overlaps() => self.prove_users(&mut work).await,
                Task::Prove => self.prove(&mut work).await,
                Task::Adopt if self.overlaps() => self.change_over(&mut work).await,
                Task::Adopt => self.adopt(&mut work).await,
                Task::GoBack => self.go_back(&mut work).await,
                Task::Reconnect | Task::Return => self.reconnect(&mut work).await,
                Task::Revoke => self.revoke(&mut work).await,
                Task::Withdraw => self.withdraw(&mut work).await,
                Task::HandOver => self.hand_over(&mut work).await,
                Task::AwaitAck => self.await_ack(&mut work).await,
                Task::Receipt | Task::CleanUp => self.settle(&mut work, task).await,
            };
            task = self.happened(&mut work, done).await;
        }
    }

    /// What follows; written down before it begins.
    pub(super) async fn happened(&self, work: &mut Work, done: Done) -> Task {
        let Done { event, state, words } = done;
        let before = self.shared.look().journal.clone();
        let (task, asked) = self.shared.change(|all| {
            let Some(journal) = all.journal.as_mut() else { return (Task::End(RotationOutcome::Unchanged), None) };
            let step = journal.machine.step();
            let task = journal.machine.happened(event);
            if let Task::Wait(_) = task {
                journal.stands(StepState::Asks, words);
            } else if step != journal.machine.step() || matches!(task, Task::CleanUp | Task::End(_)) {
                journal.end(state, words, now());
            } else {
                journal.stands(StepState::Running, words);
            }
            if !matches!(task, Task::CleanUp | Task::End(_)) {
                journal.begin(now());
            }
            if task == Task::Reset {
                journal.asked_at = Some(now());
            }
            let ask = journal.machine.ask();
            let plan = journal.plan;
            all.asks = ask.map(|ask| words::asked(plan, ask, work.hint.as_ref()));
            (task, ask)
        });
        if asked.is_none() {
            work.hint = None;
        }
        if matches!(task, Task::End(_)) {
            return task;
        }
        if let Err(trouble) = self.write_down().await {
            tracing::warn!("how far a rotation is could not be written down: {trouble}");
            // Without a journal the new key must not be asked for: a crash would leave nobody who knows of it.
            if before.as_ref().is_some_and(|before| !before.machine.asked_for()) && self.asked_for() {
                self.shared.change(|all| all.journal = before);
                let words = format!("It cannot be written down that it begins. {}", trouble.message);
                self.shared.note(|journal| journal.why = Some(words.clone()));
                return self.barred(words);
            }
        }
        task
    }

    /// Stops at the announcement.
    fn barred(&self, words: String) -> Task {
        self.shared.change(|all| {
            let Some(journal) = all.journal.as_mut() else { return Task::End(RotationOutcome::Unchanged) };
            let task = journal.machine.happened(Happening::Barred);
            journal.end(StepState::Failed, words, now());
            task
        })
    }

    pub(super) async fn write_down(&self) -> Result<(), Trouble> {
        let Some(journal) = self.shared.look().journal.clone() else { return Ok(()) };
        self.shared.means.store.journal(&journal.id, journal.begun, &journal).await
    }

    async fn over(&self) {
        self.shared.change(|state| {
            state.running = false;
            state.asks = None;
            state.given = None;
            state.behind_since = None;
            state.peer = None;
            state.word = None;
        });
        self.see_keys().await;
    }

    /// Why it ends as it does.
    pub(super) fn because(&self, why: impl Into<String>) {
        let why = why.into();
        self.shared.note(|journal| journal.why = Some(why));
    }

    /// Something else to be said in the receipt.
    pub(super) fn remark(&self, note: impl Into<String>) {
        let note = note.into();
        self.shared.note(|journal| {
            if !journal.notes.contains(&note) {
                journal.notes.push(note);
            }
        });
    }

    /// What is being done within a step.
    pub(super) fn says(&self, words: impl Into<String>) {
        let words = words.into();
        self.shared.note(|journal| journal.stands(StepState::Running, words));
    }

    fn asked_for(&self) -> bool {
        self.shared.look().journal.as_ref().is_some_and(|journal| journal.machine.asked_for())
    }

    /// Does it change the users' tokens?
    pub(super) fn overlaps(&self) -> bool {
        self.shared.look().journal.as_ref().is_some_and(|journal| journal.plan == RotationPlan::Overlap)
    }

    /// Does the person want it taken back, and can it be?
    pub(super) fn undo_wanted(&self) -> bool {
        let state = self.shared.look();
        state.word == Some(Word::Undo) && state.journal.as_ref().is_some_and(|journal| journal.machine.can_undo())
    }

    pub(super) fn undone(&self) -> Done {
        self.shared.look().word = None;
        Done::warned(Happening::Undo, "You took it back.")
    }

    pub(super) fn id(&self) -> String {
        self.shared.look().journal.as_ref().map(|journal| journal.id.clone()).unwrap_or_default()
    }

    /// A short rest between two tries.
    pub(super) async fn pause(&self) {
        sleep(self.shared.means.tuning.pause).await;
    }
}

/// The limit in words.
pub(super) fn seconds(limit: Duration) -> String {
    format!("{} seconds", limit.as_secs().max(1))
}
