//! When to send a heartbeat, and what its silence means. Pure: times and signs of life come in, decisions go out.
//!
//! It must not kill a connection because its own reader is slow: while messages wait to be taken from us, nothing
//! that comes later can be heard, and the silence proves nothing.

use std::time::Duration;

use tokio::time::Instant;

/// Silent heartbeats in a row after which a connection is dead.
const STRIKES: u32 = 2;

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing before [`Probe::look_at`].
    Nothing,
    /// Publish a heartbeat, and call [`Probe::sent`].
    Beat,
    /// The connection is dead, whatever TCP says.
    Dead,
}

#[derive(Debug)]
struct Waiting {
    payload: Vec<u8>,
    sent: Instant,
    until: Instant,
    /// Bytes that had been received by then: any more are a sign of life.
    total: u64,
}

/// The judge of a connection's life.
#[derive(Debug)]
pub(super) struct Probe {
    every: Duration,
    limit: Duration,
    next: Instant,
    waiting: Option<Waiting>,
    silent: u32,
    /// How many silent ones are tolerated now.
    strikes: u32,
}

impl Probe {
    /// A heartbeat is due at once, and then each `every`; its echo within `limit`.
    pub(super) fn new(every: Duration, limit: Duration, now: Instant) -> Self {
        Self { every, limit, next: now, waiting: None, silent: 0, strikes: STRIKES }
    }

    /// When [`Probe::look`] may have something new to say.
    pub(super) fn look_at(&self) -> Instant {
        self.waiting.as_ref().map_or(self.next, |waiting| waiting.until)
    }

    /// Decides. `total` is the bytes received so far; `held` when it was last seen that no more could be read.
    pub(super) fn look(&mut self, now: Instant, total: u64, held: Option<Instant>) -> Due {
        if let Some(waiting) = &mut self.waiting {
            if now < waiting.until {
                return Due::Nothing;
            }
            if total > waiting.total {
                self.alive(now);
            } else if let Some(held) = held.filter(|held| *held + self.limit > now) {
                waiting.until = held + self.limit;
                return Due::Nothing;
            } else {
                self.waiting = None;
                self.silent += 1;
                if self.silent >= self.strikes {
                    return Due::Dead;
                }
                self.next = now;
            }
        }
        if now >= self.next { Due::Beat } else { Due::Nothing }
    }

    /// From the next heartbeat on they go out each `every`.
    pub(super) fn every(&mut self, every: Duration) {
        self.every = every;
    }

    /// A heartbeat goes out now.
    pub(super) fn sent(&mut self, now: Instant, payload: Vec<u8>, total: u64) {
        self.next = now + self.every;
        self.waiting = Some(Waiting { payload, sent: now, until: now + self.limit, total });
    }

    /// The server took the heartbeat: its echo is due within the limit from now.
    pub(super) fn taken(&mut self, now: Instant) {
        if let Some(waiting) = &mut self.waiting {
            waiting.until = now + self.limit;
        }
    }

    /// A message was heard on the heartbeat's channel: the round trip, if it was the echo awaited.
    pub(super) fn heard(&mut self, payload: &[u8], now: Instant) -> Option<Duration> {
        let trip = self.waiting.as_ref().filter(|w| w.payload == payload).map(|w| now - w.sent)?;
        self.alive(now);
        Some(trip)
    }

    /// The connection may be dead without knowing it: one heartbeat, now, decides.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.strikes = 1;
        if self.waiting.is_none() || self.silent == 0 {
            // One on its way may have been sent before whatever happened; its own answer proves nothing.
            self.waiting = None;
            self.next = now;
        }
    }

    fn alive(&mut self, now: Instant) {
        self.waiting = None;
        self.silent = 0;
        self.strikes = STRIKES;
        self.next = self.next.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_mins(2);
    const LIMIT: Duration = Duration::from_secs(5);

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn an_echo_gives_the_round_trip_and_rest_until_the_next() {
        let t = Instant::now();
        let mut probe = Probe::new(EVERY, LIMIT, t);
        assert_eq!(probe.look(t, 0, None), Due::Beat);
        probe.sent(t, b"a".to_vec(), 0);
        assert_eq!(probe.look(at(t, 1), 9, None), Due::Nothing);
        assert_eq!(probe.heard(b"another's", at(t, 1)), None);
        assert_eq!(probe.heard(b"a", at(t, 2)), Some(Duration::from_secs(2)));
        assert_eq!(probe.look_at(), at(t, 120));
        assert_eq!(probe.look(at(t, 119), 9, None), Due::Nothing);
        assert_eq!(probe.look(at(t, 120), 9, None), Due::Beat);
    }

    #[test]
    fn two_silences_in_a_row_are_death() {
        let t = Instant::now();
        let mut probe = Probe::new(EVERY, LIMIT, t);
        probe.sent(t, b"a".to_vec(), 7);
        assert_eq!(probe.look(at(t, 5), 7, None), Due::Beat);
        probe.sent(at(t, 5), b"b".to_vec(), 7);
        assert_eq!(probe.look(at(t, 9), 7, None), Due::Nothing);
        assert_eq!(probe.look(at(t, 10), 7, None), Due::Dead);
    }

    #[test]
    fn anything_heard_is_life() {
        let t = Instant::now();
        let mut probe = Probe::new(EVERY, LIMIT, t);
        probe.sent(t, b"a".to_vec(), 7);
        assert_eq!(probe.look(at(t, 5), 8, None), Due::Nothing);
        assert_eq!(probe.look_at(), at(t, 120));
    }

    #[test]
    fn silence_behind_a_slow_taker_is_not_judged() {
        let t = Instant::now();
        let mut probe = Probe::new(EVERY, LIMIT, t);
        probe.sent(t, b"a".to_vec(), 7);
        assert_eq!(probe.look(at(t, 5), 7, Some(at(t, 5))), Due::Nothing);
        assert_eq!(probe.look(at(t, 10), 7, Some(at(t, 8))), Due::Nothing);
        assert_eq!(probe.look_at(), at(t, 13));
        assert_eq!(probe.look(at(t, 13), 7, Some(at(t, 8))), Due::Beat);
    }

    #[test]
    fn in_a_hurry_one_silence_is_death() {
        let t = Instant::now();
        let mut probe = Probe::new(EVERY, LIMIT, t);
        probe.sent(t, b"a".to_vec(), 0);
        assert!(probe.heard(b"a", t).is_some());
        probe.hurry(at(t, 50));
        assert_eq!(probe.look_at(), at(t, 50));
        assert_eq!(probe.look(at(t, 50), 9, None), Due::Beat);
        probe.sent(at(t, 50), b"b".to_vec(), 9);
        assert_eq!(probe.look(at(t, 55), 9, None), Due::Dead);
    }

    #[test]
    fn a_hurry_passes_with_its_proof() {
        let t = Instant::now();
        let mut probe = Probe::new(EVERY, LIMIT, t);
        probe.hurry(t);
        probe.sent(t, b"a".to_vec(), 0);
        assert!(probe.heard(b"a", t).is_some());
        probe.sent(at(t, 120), b"b".to_vec(), 9);
        assert_eq!(probe.look(at(t, 125), 9, None), Due::Beat);
    }
}
