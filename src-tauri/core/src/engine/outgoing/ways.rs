//! The ways out, and how long to wait where none goes on. It must not send anything.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::super::mailbox::is_open;
use crate::{
    link::{LinkState, Status},
    mailbox::MailboxStatus,
};

/// After GitHub did not answer as it should, so long before the next try, and twice as long each further time.
const LATER: Duration = Duration::from_secs(20);
const LATER_AT_MOST: Duration = Duration::from_mins(5);

/// After the service took no more, or the store failed, so long before the next try, and twice as long each further
/// time.
const REST: Duration = Duration::from_secs(1);
const REST_AT_MOST: Duration = Duration::from_secs(30);

/// A channel of which GitHub takes nothing is left alone for so long: each try counts against the hour's hundred.
const ASIDE: Duration = Duration::from_mins(15);

/// Where the ways out stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The link is up.
    pub(super) connected: bool,
    /// Redis is not to be counted on.
    pub(super) away: bool,
    /// There is a mailbox.
    pub(super) open: bool,
    /// Grows with each time that somebody asked the mailbox to try again.
    asked: u64,
}

/// What there is to know of them.
pub(super) struct Ways {
    pub(super) link: watch::Receiver<Status>,
    pub(super) away: watch::Receiver<bool>,
    pub(super) mailbox: watch::Receiver<MailboxStatus>,
}

impl Ways {
    pub(super) fn look(&mut self) -> Standing {
        let mailbox = self.mailbox.borrow_and_update();
        Standing {
            connected: self.link.borrow_and_update().state == LinkState::Connected,
            away: *self.away.borrow_and_update(),
            open: is_open(&mailbox),
            asked: mailbox.asked,
        }
    }

    /// Waits until something of them is another. True where one of their makers is gone. May be dropped and called again.
    pub(super) async fn changed(&mut self) -> bool {
        tokio::select! {
            changed = self.link.changed() => changed.is_err(),
            changed = self.away.changed() => changed.is_err(),
            changed = self.mailbox.changed() => changed.is_err(),
        }
    }

    /// Waits until they stand otherwise. A request that failed is itself seen in what is told of the mailbox, which must
    /// not be what has it tried again.
    pub(super) async fn stand_otherwise(&mut self, than: Standing) -> bool {
        while self.look() == than {
            if self.changed().await {
                return true;
            }
        }
        false
    }
}

/// What holds up the next try.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// Tries over Redis that came to nothing, in a row.
    stuck: u32,
    /// The same with GitHub, and before when it is not tried again, however Redis comes and goes meanwhile.
    unanswered: u32,
    mail_from: Option<Instant>,
    /// Channels of which the mailbox takes nothing as things stand, and until when they are left alone.
    aside: HashMap<String, Instant>,
    asked: u64,
}

impl Waits {
    pub(super) fn look(&mut self, standing: Standing, now: Instant) {
        if self.asked != standing.asked {
            *self = Self { asked: standing.asked, ..Self::default() };
        }
        self.aside.retain(|_, until| *until > now);
        self.mail_from = self.mail_from.filter(|from| *from > now);
    }

    /// The service took no more, or the store failed: when it is tried again.
    pub(super) fn rest(&mut self, now: Instant) -> Instant {
        now + wait(&mut self.stuck, REST, REST_AT_MOST)
    }

    /// Whatever was to go out went.
    pub(super) fn rested(&mut self) {
        self.stuck = 0;
    }

    /// Before then the mailbox is not tried.
    pub(super) fn mail_from(&self) -> Option<Instant> {
        self.mail_from
    }

    /// GitHub did not answer as it should: when it is tried again.
    pub(super) fn later(&mut self, now: Instant) -> Instant {
        let wait = wait(&mut self.unanswered, LATER, LATER_AT_MOST);
        self.not_before(now + wait)
    }

    /// The mailbox is not tried before then.
    pub(super) fn not_before(&mut self, at: Instant) -> Instant {
        *self.mail_from.insert(at)
    }

    /// The mailbox took something.
    pub(super) fn left(&mut self) {
        self.unanswered = 0;
    }

    /// The mailbox takes nothing of that channel.
    pub(super) fn put_aside(&mut self, channel: String, now: Instant) {
        self.aside.insert(channel, now + ASIDE);
    }

    /// What is left alone.
    pub(super) fn aside(&self) -> Vec<String> {
        self.aside.keys().cloned().collect()
    }

    /// When something of it is tried again.
    pub(super) fn aside_until(&self) -> Option<Instant> {
        self.aside.values().min().copied()
    }
}

/// Twice as long each time.
fn wait(failed: &mut u32, first: Duration, longest: Duration) -> Duration {
    let wait = first.saturating_mul(1 << (*failed).min(16)).min(longest);
    *failed = failed.saturating_add(1);
    wait
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDING: Standing = Standing { connected: false, away: true, open: true, asked: 3 };

    #[test]
    fn waits_grow_to_their_ends_and_begin_anew() {
        let now = Instant::now();
        let mut waits = Waits::default();
        let seconds: Vec<_> = (0..6).map(|_| (waits.later(now) - now).as_secs()).collect();
        assert_eq!(seconds, [20, 40, 80, 160, 300, 300]);
        waits.left();
        assert_eq!(waits.later(now), now + LATER);
        let seconds: Vec<_> = (0..7).map(|_| (waits.rest(now) - now).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
        waits.rested();
        assert_eq!(waits.rest(now), now + REST);
    }

    #[test]
    fn github_is_left_alone_until_then_or_until_somebody_asks_whatever_redis_does() {
        let now = Instant::now();
        let mut waits = Waits::default();
        waits.look(STANDING, now);
        let later = waits.later(now);
        for connected in [true, false] {
            waits.look(Standing { connected, ..STANDING }, now);
            assert_eq!(waits.mail_from(), Some(later));
        }
        waits.look(STANDING, later);
        assert_eq!(waits.mail_from(), None);
        waits.later(now);
        waits.look(Standing { asked: 4, ..STANDING }, now);
        assert_eq!((waits.mail_from(), waits.later(now)), (None, now + LATER));
    }

    #[test]
    fn a_channel_is_left_alone_for_a_while_or_until_somebody_asks() {
        let now = Instant::now();
        let mut waits = Waits::default();
        waits.look(STANDING, now);
        waits.put_aside("chad→helios".into(), now);
        waits.look(STANDING, now + ASIDE / 2);
        assert_eq!((waits.aside().len(), waits.aside_until()), (1, Some(now + ASIDE)));
        waits.look(STANDING, now + ASIDE);
        assert_eq!(waits.aside_until(), None);
        waits.put_aside("chad→helios".into(), now);
        waits.look(Standing { asked: 4, ..STANDING }, now);
        assert_eq!(waits.aside(), [""; 0]);
    }
}
