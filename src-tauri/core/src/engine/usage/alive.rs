//! Keeping a free database from counting as idle, and saying when it may have.

use jiff::ToSpan as _;
use redis::Cmd;
use tokio::sync::oneshot;

use super::Desk;
use crate::{
    engine::attention::Said,
    link::{AskFailed, LinkState},
    message::{Millis, now},
    trouble::{Trouble, TroubleCode},
    usage::{self, CommandKind, DAY, PlanKind},
};

/// A week: what keeps a database from counting as idle after thirty days.
const ALIVE: Millis = 7 * DAY;
/// What is written for that, and for how many seconds: it goes by itself when this program no longer runs.
const ALIVE_KEY: &str = "heliograph:alive";
const ALIVE_LIFE: u64 = 40 * 86_400;
/// Off for so many days, it is time to say so.
const OFF: u32 = 21;

impl Desk {
    fn is_free(&self) -> bool {
        let settings = self.means.settings.borrow().usage.clone();
        usage::plan_in_use(self.look().reading.as_ref(), &settings) == PlanKind::Free
    }

    /// Says, of a free database, that it was off for so long, where that was long: once, however often it is started
    /// before it can connect again.
    pub(super) async fn was_off(&self, days: u32) {
        let since = usage::day_of(now()).saturating_sub(i64::from(days).days()).to_string();
        if days < OFF || !self.is_free() || self.look().kept.off_since.as_ref() == Some(&since) {
            return;
        }
        self.look().kept.off_since = Some(since);
        self.remember().await;
        let message = format!("Heliograph was off for {days} days.");
        let remedy = "A free database that has nothing to do for 30 days is archived. Should it not answer, bring it \
                      back in the Upstash console, where a backup is kept.";
        self.means.board.report(Trouble::new(TroubleCode::DatabaseIdle, message.clone(), remedy));
        // It stands in the window as well, so whether it is shown does not matter.
        let (shown, _) = oneshot::channel();
        let _ = self.means.said.send(Said::Usage(message, remedy.into(), shown)).await;
    }

    /// Writes a small key once a week. Our messages are traffic too, but whether publishing counts as use of a database
    /// is written nowhere; a write does. A paid one needs none.
    pub(super) async fn keep_alive(&self) {
        let now = now();
        let connected = self.means.link.status().borrow().state == LinkState::Connected;
        if !self.means.settings.borrow().usage.keep_alive || !connected || !self.look().books.is_open() {
            return;
        }
        let last = self.look().kept.alive_at;
        // At the very first start the test of the connection has just written.
        let Some(last) = last else { return self.alive(now).await };
        // A time that is still to come is of a clock that was set back.
        if (last..last + ALIVE).contains(&now) || !self.is_free() {
            return;
        }
        let mut command = Cmd::new();
        command.arg("SET").arg(ALIVE_KEY).arg(now).arg("EX").arg(ALIVE_LIFE);
        match self.means.link.ask(CommandKind::KeepAlive, None, vec![command]).await {
            Ok(_) => self.alive(now).await,
            Err(AskFailed::Refused(trouble)) => {
                tracing::info!("the weekly write was refused: {trouble}");
                self.alive(now).await;
            }
            Err(AskFailed::NotConnected) => {}
        }
    }

    async fn alive(&self, now: Millis) {
        self.look().kept.alive_at = Some(now);
        self.remember().await;
    }
}
