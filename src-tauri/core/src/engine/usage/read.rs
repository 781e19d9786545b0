//! Asking the service for its counters: slowly, and not before the connection stands, so that the keychain has been
//! asked for the address already.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::Desk;
use crate::{
    guide::Unknown,
    link::LinkState,
    message::{Millis, now},
    upstash::{Database, Plan, Stats},
    usage::{Limits, Month, PlanKind, Reading},
};

/// While somebody looks at the page, and otherwise.
const LOOKED_AT: Duration = Duration::from_mins(10);
const OTHERWISE: Duration = Duration::from_hours(1);
/// The page asks again while it is open; one that has not for so long is closed.
const STILL_LOOKING: Duration = Duration::from_mins(1);

impl Desk {
    /// Asks until it is cut off.
    pub(super) async fn read(self: Arc<Self>) {
        let mut link = self.means.link.status();
        loop {
            if link.wait_for(|status| status.state == LinkState::Connected).await.is_err() {
                return;
            }
            // There may be something to be written, now that it can be.
            self.news.notify_one();
            let asked = Instant::now();
            self.ask().await;
            self.rest(asked).await;
        }
    }

    async fn ask(&self) {
        let of = self.look().books.here().to_owned();
        let answer = self.means.guide.counters().await;
        let now = now();
        self.count(now);
        let mut state = self.look();
        if state.books.here() != of {
            // Another database is in use meanwhile.
            return;
        }
        match answer {
            Ok((database, counters)) => {
                let ours = state.books.month(Month::at(now));
                if let Some(commands) = counters.monthly_commands {
                    state.books.everybody(commands, now);
                }
                state.reading = Some(reading(&database, &counters, ours, now));
                state.unread = None;
            }
            Err(why) => {
                if let Unknown::Failed(trouble) = &why {
                    tracing::info!(code = ?trouble.code, "the service's counters could not be read");
                }
                state.unread = Some(why);
            }
        }
        drop(state);
        self.slow_down(now);
    }

    /// Until it may be asked again.
    async fn rest(&self, asked: Instant) {
        if matches!(self.look().unread, Some(Unknown::NoKey)) {
            // Nothing was asked, so nothing is counted from.
            return self.key().await;
        }
        loop {
            let until = asked + if self.is_looked_at() { LOOKED_AT } else { OTHERWISE };
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                // The page may be closed by then: whether anybody looks is asked once more.
                () = sleep_until(until) => {}
                () = self.looked.notified() => if self.is_unasked() { return },
            }
        }
    }

    /// Until there is a key.
    async fn key(&self) {
        let mut changes = self.means.guide.changes();
        while !self.means.guide.has_key() {
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Was nothing asked yet of the database in use?
    fn is_unasked(&self) -> bool {
        let state = self.look();
        state.reading.is_none() && state.unread.is_none()
    }

    fn is_looked_at(&self) -> bool {
        self.look().looked_at.is_some_and(|at| at.elapsed() < STILL_LOOKING)
    }
}

fn reading(database: &Database, stats: &Stats, ours: crate::usage::Tally, now: Millis) -> Reading {
    let plan = match &database.plan {
        Plan::Free => Some(PlanKind::Free),
        Plan::PayAsYouGo => Some(PlanKind::PayAsYouGo),
        Plan::Fixed(_) => Some(PlanKind::Fixed),
        Plan::Unknown => None,
    };
    Reading {
        at: now,
        commands: stats.monthly_commands,
        bandwidth: stats.monthly_bandwidth,
        storage: stats.storage,
        cost: stats.monthly_cost,
        plan: plan.map(|plan| (plan, database.plan.in_words())),
        limits: Limits { commands: database.request_limit, bandwidth: None, storage: database.disk_limit },
        budget: database.budget,
        ours,
    }
}
