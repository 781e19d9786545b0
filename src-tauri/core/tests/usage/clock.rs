//! A clock of tokio's that goes on only when it is told to, while the world outside goes on by its own.

use std::{sync::mpsc, time::Duration};

use tokio::{task::JoinHandle, time};

/// Long enough for a slow machine.
const LIMIT: Duration = Duration::from_mins(1);

/// Stops tokio's clock until this is dropped: it goes on by steps alone. A thread of the runtime that is at work is
/// what keeps tokio from going on by itself.
pub(crate) struct Clock {
    _held: mpsc::Sender<()>,
    holding: JoinHandle<()>,
    /// Seconds since.
    pub(crate) at: u64,
}

impl Clock {
    pub(crate) fn stop() -> Self {
        let (held, until) = mpsc::channel::<()>();
        let holding = tokio::task::spawn_blocking(move || while until.recv().is_ok() {});
        time::pause();
        Self { _held: held, holding, at: 0 }
    }

    pub(crate) async fn step(&mut self, seconds: u64) {
        self.at += seconds;
        time::advance(Duration::from_secs(seconds)).await;
    }

    pub(crate) async fn go_on(self) {
        let Self { _held: held, holding, .. } = self;
        time::resume();
        drop(held);
        holding.await.unwrap();
    }
}

/// Waits by the computer's own clock.
pub(crate) async fn soon(what: &str, mut condition: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !condition() {
        assert!(began.elapsed() < LIMIT, "this did not come to pass: {what}");
        tokio::task::yield_now().await;
    }
}
