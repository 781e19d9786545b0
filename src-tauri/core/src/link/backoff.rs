//! How long to wait before the next try. Pure: the lives of connections and chance come in, a duration comes out.

use std::time::Duration;

/// The longest wait between tries in the fast lane.
pub(super) const CAP: Duration = Duration::from_secs(30);
/// The same for a minute after the computer woke or changed its network.
pub(super) const CAP_WHEN_WOKEN: Duration = Duration::from_secs(2);

const BASE: Duration = Duration::from_millis(250);
const QUICK: Duration = Duration::from_millis(100);
/// A connection that lived this long was a good one: its loss is first taken for an accident.
const GOOD: Duration = Duration::from_secs(5);
/// A connection that lived this long wipes the slate clean.
const STABLE: Duration = Duration::from_secs(30);
/// How many accidents in a row are taken for accidents. Each costs a few billed commands, so a server that hangs up
/// every few seconds must not be called back at once for ever.
const ACCIDENTS: u32 = 5;

/// Tries since the last stable connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    accidents: u32,
}

impl Backoff {
    /// The wait after a try that failed (`lived` is `None`) or a connection that ended. `random` is in `0.0..1.0`.
    pub(crate) fn wait(&mut self, lived: Option<Duration>, cap: Duration, random: f64) -> Duration {
        if lived.is_some_and(|lived| lived >= STABLE) {
            *self = Self::default();
        }
        if lived.is_some_and(|lived| lived >= GOOD) && self.accidents < ACCIDENTS {
            self.accidents += 1;
            return QUICK.mul_f64(random);
        }
        let ceiling = BASE.saturating_mul(1 << self.failures.min(16)).min(cap);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(random)
    }

    /// Forgets everything: somebody asked for a new start.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALMOST_ONE: f64 = 0.999_999;

    #[test]
    fn grows_from_a_quarter_second_to_the_cap() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> =
            (0..10).map(|_| (backoff.wait(None, CAP, ALMOST_ONE).as_secs_f64() * 4.0).round()).collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 120.0, 120.0, 120.0]);
    }

    #[test]
    fn a_good_connection_is_called_back_at_once_but_not_for_ever() {
        let mut backoff = Backoff::default();
        let lived = Some(Duration::from_secs(6));
        for _ in 0..ACCIDENTS {
            assert!(backoff.wait(lived, CAP, ALMOST_ONE) < QUICK);
        }
        let late: Vec<_> = (0..8).map(|_| backoff.wait(lived, CAP, ALMOST_ONE)).collect();
        assert!(late[7] > Duration::from_secs(29), "{late:?}");
        assert!(backoff.wait(Some(STABLE), CAP, ALMOST_ONE) < QUICK);
    }

    proptest! {
        #[test]
        fn stays_within_its_bounds(
            steps in prop::collection::vec((prop::option::of(0u64..100), 0.0..1.0f64, any::<bool>()), 1..200)
        ) {
            let mut backoff = Backoff::default();
            for (lived, random, woken) in steps {
                let cap = if woken { CAP_WHEN_WOKEN } else { CAP };
                let lived = lived.map(Duration::from_secs);
                let wait = backoff.wait(lived, cap, random);
                prop_assert!(wait <= cap);
                if lived.is_some_and(|lived| lived >= STABLE) {
                    prop_assert!(wait <= QUICK);
                }
            }
        }

        #[test]
        fn many_failures_wait_fifteen_seconds_on_average(seed in any::<u64>()) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut backoff = Backoff::default();
            for _ in 0..10 {
                backoff.wait(None, CAP, random.f64());
            }
            let total: Duration = (0..2000).map(|_| backoff.wait(None, CAP, random.f64())).sum();
            let mean = total.as_secs_f64() / 2000.0;
            prop_assert!((13.0..17.0).contains(&mean), "{}", mean);
        }
    }
}
