//! What the database costs, kept true: counts go to the store once a minute, the service is asked slowly, and near a
//! limit the program slows itself and says so. How anything is reckoned is for `crate::usage`.

mod alive;
mod follow;
mod keep;
mod read;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::JoinSet,
    time::Instant,
};

use super::{attention::Said, board::Board};
use crate::{
    guide::{Adopted, Guide, Unknown},
    link::{Link, Pace},
    message::{Millis, now},
    settings::Settings,
    store::Store,
    trouble::Trouble,
    usage::{
        self, Books, Facts, Frame, Level, Mark, Meter, MeterKind, Month, Reading, Standing, Told, UsageView, WhatIf,
        WhatIfView,
    },
};

/// What the desk works with.
pub(super) struct Means {
    pub(super) meter: Meter,
    pub(super) pace: Pace,
    pub(super) store: Store,
    pub(super) link: Link,
    pub(super) guide: Guide,
    /// The address in use: whose limits count.
    pub(super) in_use: watch::Receiver<Adopted>,
    pub(super) board: Arc<Board>,
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) saving: watch::Sender<Level>,
    pub(super) said: mpsc::Sender<Said>,
}

/// Where usage is kept; shared by its tasks and whoever asks.
pub(super) struct Desk {
    means: Means,
    /// Never held across an await.
    state: Mutex<State>,
    /// Somebody looks at the page.
    looked: Notify,
    /// Something is to be said before the next minute is over.
    news: Notify,
}

#[derive(Default)]
struct State {
    books: Books,
    reading: Option<Reading>,
    /// Why the service's counters are not known, where they were asked for and are not.
    unread: Option<Unknown>,
    /// Tasks that come a day.
    tasks: f64,
    looked_at: Option<Instant>,
    kept: Kept,
    /// What was said and of which it is not known yet whether it was shown. No more than there are marks in a month.
    saying: Vec<Saying>,
}

/// A warning on its way to the desktop.
struct Saying {
    month: String,
    meter: MeterKind,
    mark: Mark,
    answer: oneshot::Receiver<()>,
}

/// What is kept over a restart beside the days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    told: Told,
    /// The database that was last in use, by its host and port.
    database: String,
    /// When it was last kept from counting as idle.
    alive_at: Option<Millis>,
    /// The last day before an absence of which the person was told.
    off_since: Option<String>,
}

/// Starts the tasks, to be cut off with the others. What was counted is written by [`Desk::write`] at the end.
pub(super) fn start(tasks: &mut JoinSet<()>, means: Means) -> Arc<Desk> {
    let desk = Arc::new(Desk { means, state: Mutex::default(), looked: Notify::new(), news: Notify::new() });
    tasks.spawn(Arc::clone(&desk).follow());
    tasks.spawn(Arc::clone(&desk).keep());
    tasks.spawn(Arc::clone(&desk).read());
    desk
}

impl Desk {
    /// Everything there is to say of this month. Being asked is taken for being looked at.
    pub(super) fn view(&self) -> UsageView {
        let now = now();
        self.count(now);
        self.slow_down(now);
        let settings = self.means.settings.borrow().usage.clone();
        let level = *self.means.saving.borrow();
        let view = {
            let mut state = self.look();
            state.looked_at = Some(Instant::now());
            let (unread, troubles) = unread(&state);
            let State { books, reading, .. } = &*state;
            usage::compose(Facts {
                books,
                reading: reading.as_ref(),
                unread,
                settings: &settings,
                level,
                troubles,
                now,
            })
        };
        self.looked.notify_one();
        view
    }

    /// What a month would cost with other settings.
    pub(super) fn what_if(&self, wanted: WhatIf) -> WhatIfView {
        let now = now();
        let (set, settings) = {
            let settings = self.means.settings.borrow();
            (usage::as_set(&settings), settings.usage.clone())
        };
        let state = self.look();
        let rates = usage::rates(&state.books, state.tasks, now);
        let [commands, ..] = usage::standing(&state.books, state.reading.as_ref(), &settings, now);
        let terms = settings.prices.of(usage::plan_in_use(state.reading.as_ref(), &settings));
        usage::what_if(&rates, wanted, set, Frame { days: Month::at(now).days(), limit: commands.limit, terms })
    }

    /// The days that are kept, as a table for spreadsheets.
    pub(super) fn export(&self) -> String {
        self.count(now());
        usage::csv(&self.look().books.lines())
    }

    fn look(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves values that are each still sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the meter says.
    fn count(&self, now: Millis) {
        let (so_far, by_name) = (self.means.meter.so_far(), self.means.meter.so_far_by_name());
        let books = &mut self.look().books;
        books.count(&so_far, now);
        for (database, so_far) in by_name {
            books.count_by_name(&database, &so_far, now);
        }
    }

    fn meters(&self, now: Millis) -> [Standing; 3] {
        let settings = self.means.settings.borrow().usage.clone();
        let state = self.look();
        usage::standing(&state.books, state.reading.as_ref(), &settings, now)
    }

    /// As sparing as it is to be from now on.
    fn slow_down(&self, now: Millis) {
        let may = self.means.settings.borrow().usage.slow_down;
        let level = if may { usage::level_of(&self.meters(now)) } else { Level::Usual };
        self.means.pace.at_least(level.heartbeat());
        let changed = self.means.saving.send_if_modified(|old| std::mem::replace(old, level) != level);
        if changed {
            tracing::info!(?level, "how sparing the program is with commands");
            self.means.board.change(|inner| inner.saving = level);
            self.news.notify_one();
        }
    }

    /// Writes what was counted. What cannot be written is written the next time.
    pub(super) async fn write(&self) -> Result<(), Trouble> {
        let now = now();
        self.count(now);
        let (amounts, forget) = self.look().books.to_write(now);
        if !amounts.is_empty() {
            self.means.store.set_usage(amounts.clone(), forget).await?;
            self.look().books.written(&amounts, now);
        }
        Ok(())
    }
}

/// Why the service's counters are not known, for a page.
fn unread(state: &State) -> (Option<String>, Vec<Trouble>) {
    match &state.unread {
        None if state.reading.is_some() => (None, Vec::new()),
        None => (Some("The service has not been asked yet: only what this program uses is known.".into()), Vec::new()),
        Some(Unknown::NoKey) => (
            Some(
                "Without an API key only what this program uses is known. With one, Upstash says what everybody uses."
                    .into(),
            ),
            Vec::new(),
        ),
        Some(Unknown::NotOfTheAccount) => (
            Some("The API key is of an account without this database: only what this program uses is known.".into()),
            Vec::new(),
        ),
        Some(Unknown::Failed(trouble)) => {
            (Some("The service’s counters could not be read the last time.".into()), vec![trouble.clone()])
        }
    }
}
