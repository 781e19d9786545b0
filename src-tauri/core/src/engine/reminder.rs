//! Once a month: the key should be changed. It must not change it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use super::attention::Said;
use crate::{
    guide::Guide,
    message::{Millis, now},
    settings::Settings,
    store::Store,
};

/// A month.
const MONTH: Millis = 30 * 24 * 3_600_000;

/// How often is looked. A computer that sleeps at night is awake at one of these.
const LOOK: Duration = Duration::from_hours(1);

/// The name under which the last reminder is kept.
const KEPT: &str = "reminder";

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Reminded {
    at: Millis,
}

/// Reminds until it is cut off.
pub(super) async fn remind(guide: Guide, store: Store, settings: watch::Receiver<Settings>, said: mpsc::Sender<Said>) {
    loop {
        // First in an hour: at a start there is enough to see.
        sleep(LOOK).await;
        if !settings.borrow().reminders.rotate {
            continue;
        }
        let last = store.kept::<Reminded>(KEPT).await.ok().flatten().unwrap_or_default();
        let now = now();
        let Some(days) = due(guide.kept_since(), last.at, now) else { continue };
        if said.send(Said::KeyIsOld(days)).await.is_err() {
            return;
        }
        if let Err(trouble) = store.keep(KEPT, &Reminded { at: now }).await {
            tracing::warn!("that the person was reminded could not be kept: {trouble}");
        }
    }
}

/// The key's age in days, if the person is to be reminded of it now: a month after it was set up, and each month
/// after that.
fn due(since: Option<Millis>, reminded: Millis, now: Millis) -> Option<u32> {
    let since = since?;
    let waits_until = since.max(reminded).checked_add(MONTH)?;
    if now < waits_until {
        return None;
    }
    u32::try_from((now - since) / (MONTH / 30)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = MONTH / 30;

    #[test]
    fn once_a_month_and_not_oftener() {
        assert_eq!(due(None, 0, 100 * DAY), None, "an address of the environment is not ours to watch");
        assert_eq!(due(Some(0), 0, 30 * DAY - 1), None);
        assert_eq!(due(Some(0), 0, 30 * DAY), Some(30));
        assert_eq!(due(Some(0), 30 * DAY, 59 * DAY), None);
        assert_eq!(due(Some(0), 30 * DAY, 61 * DAY), Some(61));
        assert_eq!(due(Some(55 * DAY), 30 * DAY, 61 * DAY), None, "it was changed meanwhile");
        assert_eq!(due(Some(10 * DAY), 0, 0), None, "the clock was set back");
    }
}
