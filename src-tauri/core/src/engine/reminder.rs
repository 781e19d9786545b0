//! The keys should be changed from time to time: said when it is due, once a day at most, and not in quiet hours. It
//! must not change any.

use std::{sync::Arc, time::Duration};

use jiff::{Zoned, civil::Time};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::sleep,
};

use super::{attention::Said, board::Board, rotation::Rotation};
use crate::{message::now, rotation::due::DAY, settings::Settings};

/// The first look: at a start there is enough to see.
const FIRST: Duration = Duration::from_mins(2);

/// How often is looked. A computer that sleeps at night is awake at one of these.
const LOOK: Duration = Duration::from_mins(30);

/// Reminds until it is cut off.
pub(super) async fn remind(
    rotation: Rotation,
    settings: watch::Receiver<Settings>,
    board: Arc<Board>,
    said: mpsc::Sender<Said>,
) {
    let mut wait = FIRST;
    loop {
        sleep(wait).await;
        wait = LOOK;
        let paused = board.look().paused_until.is_some();
        if paused || !is_welcome(&settings.borrow(), Zoned::now().time()) {
            continue;
        }
        let ages = rotation.view().ages;
        for kind in rotation.to_tell() {
            let since = ages.iter().find(|age| age.kind == kind).map_or(0, |age| age.since);
            let days = u32::try_from((now() - since) / DAY).unwrap_or_default();
            let (shown, was_shown) = oneshot::channel();
            if said.send(Said::KeyIsDue(kind, days, shown)).await.is_err() {
                return;
            }
            // What was refused, or found no room, is said again at the next look.
            if was_shown.await.is_ok() {
                rotation.told(kind).await;
            }
        }
    }
}

/// Does the person want to be reminded at this time of day?
fn is_welcome(settings: &Settings, at: Time) -> bool {
    settings.reminders.rotate && !settings.notifications.quiet.holds(at)
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn not_in_quiet_hours_and_not_when_turned_off() {
        let mut settings = Settings::default();
        assert!(is_welcome(&settings, time(23, 0, 0, 0)));
        settings.notifications.quiet.on = true;
        assert!(!is_welcome(&settings, time(23, 0, 0, 0)) && is_welcome(&settings, time(12, 0, 0, 0)));
        settings.reminders.rotate = false;
        assert!(!is_welcome(&settings, time(12, 0, 0, 0)));
    }
}
