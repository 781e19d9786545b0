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

/// How near its end a meter is, as it is shown: every one has its steps there, whether or not the program slows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum MeterLevel {
    /// Nobody says how much is used.
    Unknown,
    /// There is no end.
    Endless,
    /// Enough is left.
    Well,
    /// From the first of [`MARKS`] on.
    Near,
    /// From the second on.
    Close,
    /// Nothing is left.
    Over,
}

/// Where a meter's level changes, in percent.
pub const MARKS: [f64; 2] = [CAREFUL, SCARCE];

/// How near its end a meter is.
pub fn meter_level(used: Option<u64>, limit: Option<u64>) -> MeterLevel {
    let Some(used) = used else { return MeterLevel::Unknown };
    match (percent(used, limit), level(used, limit)) {
        (None, _) => MeterLevel::Endless,
        (Some(share), _) if share >= 100.0 => MeterLevel::Over,
        (Some(_), Level::Scarce) => MeterLevel::Close,
        (Some(_), Level::Careful) => MeterLevel::Near,
        (Some(_), Level::Usual) => MeterLevel::Well,
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

    #[test]
    fn a_meter_is_shown_at_the_same_steps() {
        let of = |used| meter_level(Some(used), Some(500));
        assert_eq!((of(399), of(400), of(474)), (MeterLevel::Well, MeterLevel::Near, MeterLevel::Near));
        assert_eq!((of(475), of(499), of(500)), (MeterLevel::Close, MeterLevel::Close, MeterLevel::Over));
        assert_eq!(
            (meter_level(None, Some(500)), meter_level(Some(5), None)),
            (MeterLevel::Unknown, MeterLevel::Endless)
        );
    }
}
