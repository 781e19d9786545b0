//! Once a minute: what was counted goes to the store, and what follows from it is done and said.

use std::{sync::Arc, time::Duration};

use jiff::Zoned;
use tokio::{
    sync::oneshot::{self, error::TryRecvError},
    time::{Instant, sleep},
};

use super::{Desk, Kept, Saying, State};
use crate::{
    engine::attention::Said,
    message::{Millis, now},
    usage::{self, Books, DAY, MeterKind, Month, midnight_after},
};

/// What was counted since is lost when the power fails.
const EVERY: Duration = Duration::from_mins(1);
/// How often tasks are counted.
const TASKS_EVERY: Duration = Duration::from_hours(1);
/// Over so many days.
const TASKS_DAYS: u32 = 7;

/// Under which name what was told is kept.
const KEPT: &str = "usage";
/// A forecast from fewer full days than this warns of nothing.
const ENOUGH: u32 = 3;

impl Desk {
    /// Keeps the books until it is cut off.
    pub(super) async fn keep(self: Arc<Self>) {
        let mut settings = self.means.settings.clone();
        let mut tasks_at: Option<Instant> = None;
        let mut written = Instant::now();
        loop {
            self.open().await;
            self.count(now());
            self.slow_down(now());
            if written.elapsed() >= EVERY {
                written = Instant::now();
                if let Err(trouble) = self.write().await {
                    tracing::warn!("what was counted could not be written: {trouble}");
                }
            }
            if tasks_at.is_none_or(|at| at.elapsed() >= TASKS_EVERY) {
                tasks_at = Some(Instant::now());
                self.count_tasks().await;
            }
            self.warn().await;
            self.keep_alive().await;
            tokio::select! {
                () = sleep(rest(now())) => {}
                () = self.news.notified() => {}
                changed = settings.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Takes up what was written before, once that can be read.
    async fn open(&self) {
        if self.look().books.is_open() {
            return;
        }
        let now = now();
        let kept = self.means.store.kept::<Kept>(KEPT).await;
        let days = self.means.store.usage(Books::kept_from(now).to_string()).await;
        let (Ok(kept), Ok(days)) = (kept, days) else { return };
        let idle = Books::idle(&days, now);
        {
            let mut state = self.look();
            state.kept = kept.unwrap_or_default();
            let State { books, kept, .. } = &mut *state;
            books.open(days, &kept.database);
        }
        self.turn().await;
        if let Some(days) = idle {
            self.was_off(days).await;
        }
    }

    async fn count_tasks(&self) {
        let since = now() - Millis::from(TASKS_DAYS) * DAY;
        if let Ok(tasks) = self.means.store.tasks_since(since).await {
            // Where the program is new, the days it was there.
            let known = self.look().books.days().next().map(|(first, _)| first);
            let days = known.map_or(1, |first| (usage::day_of(now()) - first).get_days().max(1)).min(7);
            self.look().tasks = f64::from(u32::try_from(tasks).unwrap_or(u32::MAX)) / f64::from(days);
        }
    }

    /// Says what is due, when a person wants to hear of it. What was told is kept first: should the power fail, it is
    /// rather not told than twice. What was then not shown is said at the next look.
    async fn warn(&self) {
        self.take_back();
        if !self.is_welcome() || !self.look().books.is_open() {
            return;
        }
        let now = now();
        let month = Month::at(now);
        let meters = self.meters(now);
        let due: Vec<_> = {
            let mut state = self.look();
            let ours = state.books.month(month);
            // Each database has a month of its own.
            let this = format!("{} {}", month.name(), state.books.here());
            let mut due = Vec::new();
            for meter in &meters {
                let made = match meter.kind {
                    MeterKind::Storage => None,
                    kind => usage::will_be(&state.books, &meters, kind, now).filter(|made| made.days >= ENOUGH),
                };
                let passes = made.as_ref().zip(meter.limit).is_some_and(|(made, limit)| made.expected > limit);
                let Some(percent) = meter.percent() else { continue };
                if let Some(mark) = usage::due(&mut state.kept.told, &this, meter.kind, percent, passes) {
                    let (shown, answer) = oneshot::channel();
                    state.saying.push(Saying { month: this.clone(), meter: meter.kind, mark, answer });
                    due.push((usage::words(mark, meter, made.as_ref(), &ours, now), shown));
                }
            }
            due
        };
        if due.is_empty() {
            return;
        }
        self.remember().await;
        for ((title, body), shown) in due {
            if self.means.said.send(Said::Usage(title, body, shown)).await.is_err() {
                return;
            }
        }
    }

    /// Warnings are on, and nobody asked for quiet.
    fn is_welcome(&self) -> bool {
        let settings = self.means.settings.borrow();
        let quiet = settings.notifications.quiet.holds(Zoned::now().time());
        settings.usage.warn && !quiet && self.means.board.look().paused_until.is_none()
    }

    /// What was said and not shown was not told.
    fn take_back(&self) {
        let mut state = self.look();
        let State { saying, kept, .. } = &mut *state;
        saying.retain_mut(|saying| match saying.answer.try_recv() {
            Err(TryRecvError::Empty) => true,
            Err(TryRecvError::Closed) => {
                kept.told.take_back(&saying.month, saying.meter, saying.mark);
                false
            }
            Ok(()) => false,
        });
    }

    pub(super) async fn remember(&self) {
        let kept = self.look().kept.clone();
        if let Err(trouble) = self.means.store.keep(KEPT, &kept).await {
            tracing::warn!("what was told of usage could not be kept: {trouble}");
        }
    }
}

/// A minute, or until just before the day turns: what was counted by then belongs to it. And then until it has turned.
fn rest(now: Millis) -> Duration {
    const JUST_BEFORE: u64 = 50;
    let midnight = u64::try_from(midnight_after(now) - now).unwrap_or_default();
    let left = midnight.checked_sub(JUST_BEFORE).filter(|left| *left > 0).unwrap_or(midnight);
    EVERY.min(Duration::from_millis(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_until_just_before_the_day_turns_and_then_until_it_has() {
        assert_eq!(rest(5 * DAY), EVERY);
        assert_eq!(rest(6 * DAY - 1_000), Duration::from_millis(950));
        assert_eq!(rest(6 * DAY - 50), Duration::from_millis(50));
        assert_eq!(rest(6 * DAY - 1), Duration::from_millis(1));
    }
}
