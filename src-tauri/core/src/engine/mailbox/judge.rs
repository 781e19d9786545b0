//! Judging whether Redis is away, and telling the mailbox.

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{
    link::{LinkState, Status},
    mailbox::{Fallback, Mailbox},
};

/// Watches the link until it is gone. `away` is true while Redis is not to be counted on.
pub(in crate::engine) async fn judge(mut link: watch::Receiver<Status>, mailbox: Mailbox, away: watch::Sender<bool>) {
    let mut fallback = Fallback::new(Instant::now());
    loop {
        let connected = link.borrow_and_update().state == LinkState::Connected;
        let is_away = !fallback.look(connected, Instant::now());
        mailbox.redis_is_away(is_away);
        away.send_if_modified(|was| std::mem::replace(was, is_away) != is_away);
        let again = fallback.again_at();
        tokio::select! {
            changed = link.changed() => if changed.is_err() { return },
            () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {}
        }
    }
}
