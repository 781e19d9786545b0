//! Many durations in three numbers.

use serde::Serialize;

/// How durations lie, in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Spread {
    count: usize,
    median: u64,
    p99: u64,
    most: u64,
}

impl Spread {
    /// Of durations in nanoseconds; `None` where there are none.
    pub(crate) fn of(mut durations: Vec<u64>) -> Option<Self> {
        durations.sort_unstable();
        let count = durations.len();
        let most = *durations.last()? / 1000;
        Some(Self { count, median: durations[count / 2] / 1000, p99: durations[count * 99 / 100] / 1000, most })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_median_and_the_worst_in_a_hundred() {
        let spread = Spread::of((1..=200).rev().map(|micros| micros * 1000).collect()).unwrap();
        assert_eq!((spread.count, spread.median, spread.p99, spread.most), (200, 101, 199, 200));
        assert!(Spread::of(Vec::new()).is_none());
    }
}
