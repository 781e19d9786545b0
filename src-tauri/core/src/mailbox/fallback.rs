//! Is Redis usable? Pure: what the link says and the time come in, a decision comes out.

use std::time::Duration;

use tokio::time::Instant;

/// Connected for so long in one piece, Redis counts as usable again.
const STABLE: Duration = Duration::from_secs(10);
/// Without that for so long, it counts as away.
const PATIENCE: Duration = Duration::from_secs(30);

/// Judges a link that comes and goes, slowly enough that a flapping one does not flap.
#[derive(Clone, Debug)]
pub struct Fallback {
    usable: bool,
    connected_since: Option<Instant>,
    /// The last moment of a stable connection; at first, when we began to look.
    stable_until: Instant,
}

impl Fallback {
    /// Takes Redis for usable until the contrary is seen.
    pub fn new(now: Instant) -> Self {
        Self { usable: true, connected_since: None, stable_until: now }
    }

    /// What the link says now. True while Redis is usable.
    ///
    /// To be called whenever that changes, and when [`Fallback::again_at`] has come.
    pub fn look(&mut self, connected: bool, now: Instant) -> bool {
        self.judge(now);
        match (connected, self.connected_since) {
            (true, None) => self.connected_since = Some(now),
            (false, Some(_)) => self.connected_since = None,
            _ => {}
        }
        self.judge(now);
        self.usable
    }

    /// When the answer changes if the link says nothing new.
    pub fn again_at(&self) -> Option<Instant> {
        let stable = self.connected_since.map(|since| since + STABLE);
        let away = self.stable_until + PATIENCE;
        match (self.usable, stable) {
            (true, Some(stable)) if stable <= away => None,
            (true, _) => Some(away),
            (false, stable) => stable,
        }
    }

    fn judge(&mut self, now: Instant) {
        let stable = self.connected_since.map(|since| since + STABLE).filter(|&stable| stable <= now);
        // Between two looks it may have gone away first, and come back since: the last word counts.
        if stable.is_some() {
            self.usable = true;
            self.stable_until = now;
        } else if now >= self.stable_until + PATIENCE {
            self.usable = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The rule as it is written, second by second.
    fn by_the_book(history: &[bool]) -> Vec<bool> {
        let (mut usable, mut run, mut without) = (true, 0, 0);
        let mut answers = Vec::new();
        for &connected in history {
            // `run` and `without` are what they are at this second's beginning.
            if run >= 10 {
                (usable, without) = (true, 0);
            } else if without >= 30 {
                usable = false;
            }
            if !connected {
                run = 0;
            }
            answers.push(usable);
            run += u32::from(connected);
            without += 1;
        }
        answers
    }

    fn history() -> impl Strategy<Value = Vec<bool>> {
        prop::collection::vec((any::<bool>(), 1usize..45), 1..30)
            .prop_map(|parts| parts.into_iter().flat_map(|(up, long)| std::iter::repeat_n(up, long)).collect())
    }

    proptest! {
        #[test]
        fn it_keeps_to_the_rule(history in history()) {
            let start = Instant::now();
            let mut fallback = Fallback::new(start);
            let answers: Vec<_> =
                (0u32..).zip(&history).map(|(second, &up)| fallback.look(up, start + SECOND * second)).collect();
            prop_assert_eq!(answers, by_the_book(&history));
        }

        #[test]
        fn nothing_changes_before_it_is_due(history in history()) {
            let start = Instant::now();
            let (mut every_second, mut when_due) = (Fallback::new(start), Fallback::new(start));
            let mut said = when_due.look(history[0], start);
            let mut last = history[0];
            for (second, &up) in (0u32..).zip(&history) {
                let now = start + SECOND * second;
                if up != last || when_due.again_at().is_some_and(|at| at <= now) {
                    said = when_due.look(up, now);
                    last = up;
                }
                prop_assert_eq!(every_second.look(up, now), said, "at second {}", second);
            }
        }

        #[test]
        fn it_never_goes_away_twice_within_half_a_minute(history in history()) {
            let start = Instant::now();
            let mut fallback = Fallback::new(start);
            let (mut was, mut went) = (true, Vec::new());
            for (second, &up) in (0u32..).zip(&history) {
                let usable = fallback.look(up, start + SECOND * second);
                if was && !usable {
                    went.push(second);
                }
                was = usable;
            }
            prop_assert!(went.windows(2).all(|pair| pair[1] - pair[0] >= 30), "{:?}", went);
        }
    }

    #[test]
    fn a_link_that_flaps_every_few_seconds_is_away_for_good() {
        let start = Instant::now();
        let mut fallback = Fallback::new(start);
        let answers: Vec<_> = (0..300).map(|second| fallback.look(second % 6 != 0, start + SECOND * second)).collect();
        assert!(answers[..30].iter().all(|usable| *usable));
        assert!(answers[30..].iter().all(|usable| !usable));
    }
}
