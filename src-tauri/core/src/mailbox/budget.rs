//! How many requests the service may be asked in an hour. Pure: the time comes in, a decision comes out.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// The most requests that count in any rolling hour. GitHub allows fifty times as many, but not to us alone.
const MOST: usize = 100;
/// What looks may use in any case, however much is posted: the answer may be what the other side waits to give.
const LOOKS: usize = 20;
/// Beyond this they stand back, so that posts still go.
const MOST_FOR_LOOKS: usize = 80;
/// Beyond this there are no reactions.
const MOST_FOR_REACTIONS: usize = 50;

/// What a request is for, the more important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To leave a message.
    Post,
    /// To look for messages.
    Poll,
    /// To mark what was handled.
    Reaction,
}

/// The requests that count, of the last hour.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    hour: Duration,
    /// When each answer came, or its request was sent while there is none; oldest first.
    counted: VecDeque<(Instant, Purpose)>,
}

impl Budget {
    /// Nothing used. `hour` is how long a request counts.
    pub(super) fn new(hour: Duration) -> Self {
        Self { hour, counted: VecDeque::with_capacity(MOST) }
    }

    /// From when on one more request for this purpose may be sent; `now` or before if at once.
    pub(super) fn free_at(&mut self, purpose: Purpose, now: Instant) -> Instant {
        self.forget(now);
        let must_pass = (0..=self.counted.len()).find(|passed| self.allows(purpose, *passed)).unwrap_or_default();
        match must_pass.checked_sub(1).and_then(|last| self.counted.get(last)) {
            None => now,
            Some((at, _)) => *at + self.hour,
        }
    }

    /// Would there be room if the oldest ones did not count any more?
    fn allows(&self, purpose: Purpose, passed: usize) -> bool {
        let used = self.counted.len() - passed;
        let looks = self.counted.iter().skip(passed).filter(|(_, purpose)| *purpose == Purpose::Poll).count();
        used < MOST
            && match purpose {
                Purpose::Post => used + LOOKS.saturating_sub(looks) < MOST,
                Purpose::Poll => used < MOST_FOR_LOOKS || looks < LOOKS,
                Purpose::Reaction => used < MOST_FOR_REACTIONS,
            }
    }

    /// Counts a request that is about to be sent; false, and not counted, where it must not be.
    pub(super) fn take(&mut self, purpose: Purpose, now: Instant) -> bool {
        let free = self.free_at(purpose, now) <= now;
        if free {
            self.counted.push_back((now, purpose));
        }
        free
    }

    /// The newest one was answered: it counts from now on, as the service may have counted it this late.
    pub(super) fn answered(&mut self, now: Instant) {
        if let Some((newest, _)) = self.counted.back_mut() {
            *newest = now.max(*newest);
        }
    }

    /// The newest one was answered in a way that does not count.
    pub(super) fn give_back(&mut self) {
        self.counted.pop_back();
    }

    /// How many counted in the last hour.
    pub(super) fn used(&mut self, now: Instant) -> u32 {
        self.forget(now);
        u32::try_from(self.counted.len()).unwrap_or(u32::MAX)
    }

    fn forget(&mut self, now: Instant) {
        while self.counted.front().is_some_and(|&(oldest, _)| oldest + self.hour <= now) {
            self.counted.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn purpose() -> impl Strategy<Value = Purpose> {
        prop_oneof![Just(Purpose::Post), Just(Purpose::Poll), Just(Purpose::Reaction)]
    }

    proptest! {
        #[test]
        fn no_hour_has_more_than_a_hundred(
            steps in prop::collection::vec((0u64..200_000, purpose(), 0u64..40_000, prop::bool::weighted(0.3)), 1..900)
        ) {
            let mut now = Instant::now();
            let mut budget = Budget::new(HOUR);
            let mut counted: Vec<(Instant, Instant)> = Vec::new();
            for (pause, purpose, slow, free) in steps {
                now += Duration::from_millis(pause / 10);
                let free_at = budget.free_at(purpose, now);
                let may = budget.take(purpose, now);
                prop_assert_eq!(may, free_at <= now);
                if !may {
                    prop_assert!(free_at <= now + HOUR);
                    continue;
                }
                let sent = now;
                now += Duration::from_millis(slow);
                if free {
                    budget.give_back();
                } else {
                    budget.answered(now);
                    counted.push((sent, now));
                }
            }
            // Wherever between sending and answer the service counts, and wherever the hour begins.
            for (index, &(_, begin)) in counted.iter().enumerate() {
                let within = counted[index..].iter().filter(|(sent, _)| sent.duration_since(begin.min(*sent)) < HOUR);
                prop_assert!(within.count() <= MOST);
            }
        }

        #[test]
        fn what_is_due_may_be_taken_and_not_sooner(
            before in prop::collection::vec((0u64..60, purpose()), 0..200), wanted in purpose()
        ) {
            let mut now = Instant::now();
            let mut budget = Budget::new(HOUR);
            for (pause, purpose) in before {
                now += Duration::from_secs(pause);
                budget.take(purpose, now);
            }
            let at = budget.free_at(wanted, now);
            prop_assert!(at == now || !budget.clone().take(wanted, at - Duration::from_millis(1)));
            prop_assert!(budget.take(wanted, at));
        }
    }

    #[test]
    fn the_less_important_stands_back_first() {
        let now = Instant::now();
        let mut budget = Budget::new(HOUR);
        for (purpose, most) in [(Purpose::Reaction, 50), (Purpose::Poll, 80), (Purpose::Post, 100)] {
            while budget.take(purpose, now) {}
            assert_eq!(budget.used(now), most);
        }
        assert_eq!(budget.free_at(Purpose::Reaction, now), now + HOUR);
        assert_eq!(budget.used(now + HOUR), 0);
    }

    #[test]
    fn a_flood_of_posts_leaves_room_for_looks() {
        let now = Instant::now();
        let mut budget = Budget::new(HOUR);
        while budget.take(Purpose::Post, now) {}
        assert_eq!(budget.used(now), 80);
        let looks = (0..40).filter(|_| budget.take(Purpose::Poll, now)).count();
        assert_eq!(looks, LOOKS);
    }
}
