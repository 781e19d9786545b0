//! What every part of the guide works on: the state behind one lock, the means, and the jobs that run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use super::{AccountView, GuideView, Keep, Means, state::Progress, state::State};
use crate::credentials::Item;

/// The name under which progress is kept.
const PROGRESS: &str = "guide";

pub(super) struct Shared {
    pub(super) means: Means,
    state: Mutex<State>,
    view: watch::Sender<GuideView>,
    jobs: Mutex<JoinSet<()>>,
    /// The test that runs, and the wait for a new database: a new one ends the one before.
    pub(super) test: Mutex<Option<AbortHandle>>,
    pub(super) making: Mutex<Option<AbortHandle>>,
}

impl Shared {
    pub(super) fn new(means: Means) -> Self {
        let state = State::new();
        let view = watch::channel(state.view.clone()).0;
        Self {
            means,
            state: Mutex::new(state),
            view,
            jobs: Mutex::default(),
            test: Mutex::default(),
            making: Mutex::default(),
        }
    }

    /// A look at the state; never held across an await.
    pub(super) fn look(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn view(&self) -> GuideView {
        self.look().view.clone()
    }

    pub(super) fn changes(&self) -> watch::Receiver<GuideView> {
        self.view.subscribe()
    }

    /// Changes the state, and shows it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.look();
        let result = change(&mut state);
        state.conclude();
        self.view.send_if_modified(|view| {
            let news = *view != state.view;
            if news {
                view.clone_from(&state.view);
            }
            news
        });
        result
    }

    /// Starts a job that the guide owns.
    pub(super) fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut jobs = lock(&self.jobs);
        while jobs.try_join_next().is_some() {}
        jobs.spawn(job)
    }

    /// Starts a job in the place of the one before.
    pub(super) fn replace(&self, place: &Mutex<Option<AbortHandle>>, job: impl Future<Output = ()> + Send + 'static) {
        let mut place = lock(place);
        if let Some(before) = place.take() {
            before.abort();
        }
        *place = Some(self.spawn(job));
    }

    /// Ends the job in that place, if there is one.
    pub(super) fn cancel(place: &Mutex<Option<AbortHandle>>) {
        if let Some(job) = lock(place).take() {
            job.abort();
        }
    }

    /// Returns when none of them is at work any more.
    pub(super) async fn stop(&self) {
        let mut jobs = std::mem::take(&mut *lock(&self.jobs));
        jobs.shutdown().await;
    }

    /// Keeps the progress over a restart. Where the store cannot, the set-up goes on all the same.
    pub(super) async fn remember(&self) {
        let progress = self.look().progress();
        if let Err(trouble) = self.means.store.keep(PROGRESS, &progress).await {
            tracing::warn!("how far the set-up is could not be kept: {trouble}");
        }
    }

    /// Takes up the progress that was kept. The keychain is asked only for what was put there.
    pub(super) async fn recall(&self) {
        let progress: Progress = match self.means.store.kept(PROGRESS).await {
            Ok(progress) => progress.unwrap_or_default(),
            Err(trouble) => {
                tracing::warn!("how far the set-up was cannot be read: {trouble}");
                return;
            }
        };
        let wanted = progress.candidate;
        self.change(|state| {
            if let Some(email) = progress.email.clone() {
                state.view.account = Some(AccountView { email, kept: Keep::Keychain });
            }
            state.resume(progress);
        });
        // Last, for it may take its time, and the screen is not to wait for it.
        if wanted {
            let candidate = self.means.keychain.read(Item::NewAddress).await.unwrap_or_else(|error| {
                tracing::warn!("the address that was being set up cannot be read: {error}");
                None
            });
            self.change(|state| state.take_up(candidate));
        }
    }
}

/// A job that panicked while holding a lock leaves values that are each still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
