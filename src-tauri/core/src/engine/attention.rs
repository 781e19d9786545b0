//! Notifications: the policy decides, the desktop shows. Neither may hold up the store: what the desktop takes too
//! slowly is counted instead.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{sleep, timeout},
};

use super::board::Board;
use crate::{
    message::now,
    notification::{self, NotShown, Notification, Notifier, Pause, Policy, Subject},
    rotation::KeyKind,
    settings::Settings,
    store::Committed,
    trouble::{Trouble, TroubleCode},
};

/// How long the desktop may take to accept a notification.
const LIMIT: Duration = Duration::from_secs(3);

/// Notifications on their way to the desktop. Full: the next ones are counted in one.
pub(super) const QUEUE: usize = 100;

/// Fires once a notification was shown; dropped where it was not. Where this desktop has nothing that shows any, that
/// stands in the window together with what was to be said, and counts as shown.
pub(super) type Shown = oneshot::Sender<()>;

/// What a person did that concerns notifications.
#[derive(Debug)]
pub(super) enum Said {
    /// Hold back, or no longer.
    Pause(Pause),
    /// The inbox was looked at.
    Seen,
    /// Show one to see whether it is seen.
    Trial,
    /// A key has been in use for so many days and is due.
    KeyIsDue(KeyKind, u32, Shown),
    /// Helios does not have the new key.
    HeliosBehind(Shown),
    /// What is to be said of the month's usage: title and body.
    Usage(String, String, Shown),
    /// That task was dealt with.
    DealtWith(i64),
}

/// What the desktop is asked to do.
#[derive(Debug)]
pub(super) enum Showing {
    Show(Notification, Option<Shown>),
    Withdraw(Subject),
}

/// Decides what is shown, until nobody commits any more.
pub(super) async fn decide(
    mut policy: Policy,
    board: Arc<Board>,
    mut settings: watch::Receiver<Settings>,
    mut committed: mpsc::Receiver<Committed>,
    mut said: mpsc::Receiver<Said>,
    desktop: mpsc::Sender<Showing>,
) {
    loop {
        let at = now();
        let next = policy.next_tick(at).map(|next| Duration::from_millis(u64::try_from(next - at).unwrap_or(0)));
        let mut shown = None;
        let show = tokio::select! {
            Some(said) = said.recv() => obey(&mut policy, said, &desktop, &mut shown),
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
                policy.set(settings.borrow_and_update().notifications.clone(), now());
                continue;
            }
            committed = committed.recv() => match committed {
                None => return,
                Some(committed) if committed.notable == 0 => continue,
                Some(committed) => policy.arrived(&committed, now()),
            },
            () = sleep(next.unwrap_or_default()), if next.is_some() => policy.tick(now()).into_iter().collect(),
        };
        for notification in show {
            if desktop.try_send(Showing::Show(notification, shown.take())).is_err() {
                policy.overflowed(now());
            }
        }
        let paused = policy.paused_until();
        if board.look().paused_until != paused {
            board.change(|inner| inner.paused_until = paused);
        }
    }
}

fn obey(
    policy: &mut Policy,
    said: Said,
    desktop: &mpsc::Sender<Showing>,
    shown: &mut Option<Shown>,
) -> Vec<Notification> {
    match said {
        Said::Pause(pause) => policy.pause(pause, now()).into_iter().collect(),
        Said::Seen => {
            policy.seen();
            Vec::new()
        }
        Said::Trial => vec![notification::trial()],
        Said::KeyIsDue(kind, days, told) => {
            *shown = Some(told);
            vec![notification::key_is_due(kind, days)]
        }
        Said::HeliosBehind(told) => {
            *shown = Some(told);
            vec![notification::helios_behind()]
        }
        Said::Usage(title, body, told) => {
            *shown = Some(told);
            vec![notification::usage(title, body)]
        }
        Said::DealtWith(seq) => {
            // A notification that stays up for want of room here is only out of date: its buttons still answer.
            let _ = desktop.try_send(Showing::Withdraw(Subject::Task(seq)));
            Vec::new()
        }
    }
}

/// Hands over to the desktop, one at a time, and says once what came of it.
pub(super) async fn show(notifier: Arc<dyn Notifier>, board: Arc<Board>, mut showing: mpsc::Receiver<Showing>) {
    while let Some(next) = showing.recv().await {
        match next {
            Showing::Withdraw(subject) => {
                // Whether it was still there does not matter.
                let _ = timeout(LIMIT, notifier.withdraw(subject)).await;
            }
            Showing::Show(notification, told) => {
                let shown = timeout(LIMIT, notifier.show(&notification)).await.unwrap_or(Err(NotShown::TimedOut));
                if let (Some(told), Ok(()) | Err(NotShown::NoServer)) = (told, &shown) {
                    // Whoever wanted to know may be gone.
                    let _ = told.send(());
                }
                match shown {
                    Ok(()) => {
                        board.mended(TroubleCode::NoNotificationServer);
                        board.mended(TroubleCode::NotificationFailed);
                    }
                    Err(why) => say(&board, &why),
                }
            }
        }
    }
}

fn say(board: &Board, why: &NotShown) {
    tracing::warn!("a notification was not shown: {why}");
    let trouble = match why {
        NotShown::NoServer => Trouble::new(
            TroubleCode::NoNotificationServer,
            "Nothing on this desktop shows notifications.",
            "Install a notification server, such as dunst or mako. Tasks are in the inbox all the same.",
        ),
        NotShown::TimedOut => Trouble::new(
            TroubleCode::NotificationFailed,
            "The desktop’s notification server does not answer.",
            "Notifications go on by themselves once it does. Tasks are in the inbox all the same.",
        ),
        NotShown::Refused(why) => Trouble::new(
            TroubleCode::NotificationFailed,
            format!("The desktop’s notification server refused a notification: {}", crate::text::line(why, 200)),
            "The task is in the inbox all the same.",
        ),
    };
    let known = board.look().troubles.contains(&trouble);
    if !known {
        board.report(trouble);
    }
}
