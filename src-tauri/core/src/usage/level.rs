//! How sparing the program is to be: by how much of a limit is used.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::terms::real;

/// From here heartbeats are rarer.
const CAREFUL: f64 = 80.0;
/// From here only what must go out does.
const SCARCE: f64 = 95.0;

/// How sparing the program is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Everything goes as it is set.
    #[default]
    Usual,
    /// Four fifths of a limit are used: a heartbeat every five minutes at most.
    Careful,
    /// Hardly anything is left: tasks, replies and alerts go out; no record, no receipts, no answers to pings, and a
    /// heartbeat every fifteen minutes, which it takes to notice a dead connection at all.
    Scarce,
}

impl Level {
    /// The least time between two heartbeats, in seconds; 0 for as they are set.
    pub const fn heartbeat(self) -> u32 {
        match self {
            Self::Usual => 0,
            Self::Careful => 5 * 60,
            Self::Scarce => 15 * 60,
        }
    }

    /// What it does, in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Usual => "Nothing is held back.",
            Self::Careful => "Heartbeats go out every five minutes at most.",
            Self::Scarce => {
                "Only tasks, replies and alerts go out; other messages wait. Nothing is written into the record, no \
                 receipts are sent, and heartbeats go out every fifteen minutes."
            }
        }
    }
}

/// How sparing to be with so much used of a limit. Several are asked one by one, and the strictest counts.
pub fn level(used: u64, limit: Option<u64>) -> Level {
    match percent(used, limit) {
        Some(share) if share >= SCARCE => Level::Scarce,
        Some(share) if share >= CAREFUL => Level::Careful,
        _ => Level::Usual,
    }
}

/// So much of the limit, in percent; `None` where there is none.
pub(super) fn percent(used: u64, limit: Option<u64>) -> Option<f64> {
    limit.filter(|limit| *limit > 0).map(|limit| real(used) / real(limit) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_at_80_and_95_percent() {
        let of = |used| level(used, Some(500_000));
        assert_eq!((of(0), of(399_999), of(400_000)), (Level::Usual, Level::Usual, Level::Careful));
        assert_eq!((of(474_999), of(475_000), of(600_000)), (Level::Careful, Level::Scarce, Level::Scarce));
        assert_eq!(level(u64::MAX, None), Level::Usual);
        assert_eq!(level(5, Some(0)), Level::Usual);
        assert!(Level::Usual < Level::Careful && Level::Careful < Level::Scarce);
    }
}
