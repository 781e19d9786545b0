//! What every part of a rotation works on: the state behind one lock, the means, and the jobs that run.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};

use super::api::password;
use crate::{
    credentials::Keychain,
    discover::Surroundings,
    engine::{attention::Said, board::Board, mailbox::Mailroom},
    guide::{Adopted, Guide},
    home::Home,
    link::{Address, Link, LinkState},
    message::{Millis, now},
    rotation::{
        HandoverTest, HandoverView, PreflightFinding, RotationAsked, RotationDue, RotationPlan, RotationReceipt,
        RotationStep, RotationView, Tuning, due::Ages, fingerprint::Fingerprints, journal::Journal, users::DEFAULT,
        words,
    },
    settings::{Handover, Settings},
    store::Store,
    usage::Meter,
};

/// What a rotation works with.
pub(in crate::engine) struct Means {
    pub(in crate::engine) keychain: Keychain,
    pub(in crate::engine) store: Store,
    pub(in crate::engine) home: Home,
    pub(in crate::engine) settings: watch::Receiver<Settings>,
    pub(in crate::engine) surroundings: Surroundings,
    pub(in crate::engine) authorities: Option<PathBuf>,
    pub(in crate::engine) meter: Meter,
    pub(in crate::engine) guide: Guide,
    pub(in crate::engine) link: Link,
    pub(in crate::engine) board: Arc<Board>,
    pub(in crate::engine) mailroom: Arc<Mailroom>,
    /// The address in use.
    pub(in crate::engine) in_use: watch::Receiver<Adopted>,
    /// Where an address goes that is to be used from now on.
    pub(in crate::engine) adopt: watch::Sender<Adopted>,
    pub(in crate::engine) said: mpsc::Sender<Said>,
    pub(in crate::engine) tuning: Tuning,
}

pub(super) struct Shared {
    pub(super) means: Means,
    state: Mutex<State>,
    view: watch::Sender<RotationView>,
    jobs: Mutex<Option<JoinSet<()>>>,
    /// Grows each time that the person did something that may help.
    nudges: watch::Sender<u64>,
    /// What was kept is known.
    pub(super) recalled: watch::Sender<bool>,
}

/// What the person may say of a rotation under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Helios is waited for no longer.
    Finish,
    /// It is to be taken back.
    Undo,
}

/// Another address came into use. Not by the clock on the wall: that may be set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) at: Instant,
    /// How the link stood then, and since when: it has not heard of the address before it is otherwise.
    pub(super) link: (LinkState, Millis),
}

/// What is known.
#[derive(Default)]
pub(super) struct State {
    pub(super) running: bool,
    /// The rotation under way, or the last one.
    pub(super) journal: Option<Journal>,
    /// Those before that, as far as this run knows them; each is begun by a person or by another computer.
    pub(super) earlier_ids: Vec<String>,
    pub(super) asks: Option<RotationAsked>,
    pub(super) checking: bool,
    pub(super) findings: Vec<PreflightFinding>,
    pub(super) behind_since: Option<Millis>,
    pub(super) last: Option<RotationReceipt>,
    pub(super) ages: Ages,
    pub(super) fingerprints: Option<Fingerprints>,
    pub(super) tested: Option<HandoverTest>,
    /// The offered key that the person has decided on.
    pub(super) put_away: Option<String>,
    /// The address that the person gave.
    pub(super) given: Option<SecretString>,
    /// The way to Helios, as it was last looked at.
    pub(super) handover: Option<HandoverView>,
    /// Helios's new address, while it is to be given to it.
    pub(super) peer: Option<SecretString>,
    /// What the person said last, until it is heeded.
    pub(super) word: Option<Word>,
    /// Since when the address in use is there; nothing where a run before this one put it there.
    pub(super) placed: Option<Placed>,
    /// Can each agent become a user, and why or why not.
    pub(super) offer: Option<(bool, String)>,
}

impl State {
    pub(super) fn waits_for_helios(&self) -> bool {
        let step = self.journal.as_ref().map(|journal| journal.machine.step());
        self.running && matches!(step, Some(RotationStep::HandOver | RotationStep::AwaitAck))
    }

    /// The fingerprint of a secret; nothing before the key of all fingerprints is known.
    pub(super) fn fingerprint(&self, secret: &SecretString) -> Option<String> {
        self.fingerprints.as_ref().map(|all| all.of(secret))
    }
}

impl Shared {
    pub(super) fn new(means: Means) -> Self {
        let view = watch::channel(empty()).0;
        Self {
            means,
            state: Mutex::default(),
            view,
            jobs: Mutex::new(Some(JoinSet::new())),
            nudges: watch::channel(0).0,
            recalled: watch::channel(false).0,
        }
    }

    /// A look at the state; never held across an await.
    pub(super) fn look(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn view(&self) -> RotationView {
        self.view.borrow().clone()
    }

    pub(super) fn changes(&self) -> watch::Receiver<RotationView> {
        self.view.subscribe()
    }

    /// Changes the state, and shows it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.look());
        self.show();
        result
    }

    /// Changes the journal of the rotation under way, and shows it.
    pub(super) fn note(&self, change: impl FnOnce(&mut Journal)) {
        self.change(|state| state.journal.as_mut().map(change));
    }

    /// Shows the state.
    pub(super) fn show(&self) {
        let (rotate, renew) = {
            let settings = self.means.settings.borrow();
            (settings.reminders.rotate_days, settings.reminders.renew_days)
        };
        // With the state held: of two who show it, the later one has the newer.
        let state = self.look();
        let new = compose(&state, self.plan(&state), rotate, renew);
        self.view.send_if_modified(|old| {
            let news = *old != new;
            if news {
                *old = new;
            }
            news
        });
        let behind = state.behind_since.is_some();
        drop(state);
        if self.means.board.look().behind != behind {
            self.means.board.change(|inner| inner.behind = behind);
        }
    }

    /// How the key is being changed, or will be.
    pub(super) fn plan(&self, state: &State) -> RotationPlan {
        match &state.journal {
            Some(journal) if state.running => journal.plan,
            _ => self.next_plan(),
        }
    }

    /// How the key will be changed the next time: by whether this computer logs in as its agent's own user.
    pub(super) fn next_plan(&self) -> RotationPlan {
        match self.user() {
            Some(user) if user == self.means.settings.borrow().agents.me => RotationPlan::Overlap,
            _ => RotationPlan::OnePassword,
        }
    }

    /// Is this the key in use? Where a start after a crash found it in the keychain, it is before it is put there.
    pub(super) fn uses(&self, url: &SecretString) -> bool {
        let in_use = self.means.in_use.borrow().clone();
        in_use.is_some_and(|held| password(&held.url).expose_secret() == password(url).expose_secret())
    }

    /// The user that this computer logs in as; nothing for `default`.
    pub(super) fn user(&self) -> Option<String> {
        let in_use = self.means.in_use.borrow().clone();
        let address = in_use.and_then(|held| Address::parse(&held.url).ok());
        address.and_then(|address| address.user).filter(|user| user != DEFAULT)
    }

    /// What the link comes to from here on counts.
    pub(super) fn place(&self) {
        let link = {
            let status = self.means.link.status();
            let status = status.borrow();
            (status.state, status.since)
        };
        self.look().placed = Some(Placed { at: Instant::now(), link });
    }

    /// The person did something that may help.
    pub(super) fn nudge(&self) {
        self.nudges.send_modify(|count| *count += 1);
    }

    /// Changes each time that the person does something from now on.
    pub(super) fn nudges(&self) -> watch::Receiver<u64> {
        self.nudges.subscribe()
    }

    /// Starts a job that the rotation owns; none after it was stopped.
    pub(super) fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        if let Some(jobs) = lock(&self.jobs).as_mut() {
            while jobs.try_join_next().is_some() {}
            jobs.spawn(job);
        }
    }

    /// Returns when none of them is at work any more.
    pub(super) async fn stop(&self) {
        let jobs = lock(&self.jobs).take();
        if let Some(mut jobs) = jobs {
            jobs.shutdown().await;
        }
    }
}

fn compose(state: &State, plan: RotationPlan, rotate: u32, renew: u32) -> RotationView {
    let now = now();
    let journal = state.journal.as_ref();
    let outcome = journal.and_then(|journal| journal.machine.end()).filter(|_| !state.running);
    let said = match (journal, outcome) {
        (Some(journal), Some(outcome)) => {
            let ended = words::ended(journal.plan, journal.moved(), outcome);
            journal.why.clone().map_or_else(|| ended.into(), |why| format!("{why} {ended}"))
        }
        (Some(journal), None) => words::of(journal.plan, journal.machine.step()).into(),
        _ => "The key was never changed here.".into(),
    };
    let (offered, users_words) = state.offer.clone().unwrap_or_default();
    RotationView {
        running: state.running,
        id: journal.map(|journal| journal.id.clone()),
        reason: journal.map(|journal| journal.reason),
        plan,
        steps: journal.map(Journal::views).unwrap_or_default(),
        outcome,
        words: said,
        asks: state.asks.clone(),
        can_undo: state.running && journal.is_some_and(|journal| journal.machine.can_undo()),
        offers_users: plan == RotationPlan::OnePassword && offered,
        users_words,
        checking: state.checking,
        findings: state.findings.clone(),
        helios_behind_since: state.behind_since,
        due: state.ages.due(rotate, now),
        last: state.last.clone(),
        ages: state.ages.view(rotate, renew, now),
        handover: state.handover.clone().unwrap_or_else(no_way),
    }
}

fn empty() -> RotationView {
    let mut view = compose(&State::default(), RotationPlan::default(), 0, 0);
    view.due = RotationDue::default();
    view
}

fn no_way() -> HandoverView {
    HandoverView {
        way: Handover::ByHand,
        ready: false,
        words: String::new(),
        key_fingerprint: None,
        offered: None,
        command: Vec::new(),
        tested: None,
    }
}

/// A job that panicked while holding a lock leaves values that are each still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
