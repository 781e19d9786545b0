//! Waiting for a condition, with a limit; and seeing that something stays as it is.

use std::time::{Duration, Instant};

use tokio::time::sleep;

/// Long enough for a slow machine with much to do; nobody waits this long when all is well.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// How often is looked.
const STEP: Duration = Duration::from_millis(20);

/// Waits until `look` finds something, and says what.
pub(crate) async fn found<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < limit, "within {limit:?} this did not come to pass: {what}");
        sleep(STEP).await;
    }
}

/// Waits until `condition` holds, and says how long that took.
pub(crate) async fn holds(what: &str, limit: Duration, mut condition: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    found(what, limit, async || condition().await.then_some(())).await;
    began.elapsed()
}

/// Sees that `condition` holds during the whole of `time`.
pub(crate) async fn stays(what: &str, time: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while began.elapsed() < time {
        assert!(condition().await, "after {:?} this did not hold any more: {what}", began.elapsed());
        sleep(STEP).await;
    }
}
