//! What the plans allow and cost: one dated table, compiled in with the settings' defaults and corrected there.
//!
//! What the service itself says of a database goes before it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Gigabytes and megabytes, in bytes: the smaller ones of the two customs, so that a warning comes too early.
const GB: u64 = 1_000_000_000;
const MB: u64 = 1_000_000;

/// A plan of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// Costs nothing.
    #[default]
    Free,
    /// By the command.
    PayAsYouGo,
    /// A fixed price.
    Fixed,
}

impl PlanKind {
    /// All of them, the cheapest to begin with first.
    pub const ALL: [Self; 3] = [Self::Free, Self::PayAsYouGo, Self::Fixed];

    /// As a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::PayAsYouGo => "Pay as you go",
            Self::Fixed => "Fixed",
        }
    }
}

/// Which plan to reckon with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The one that the service says; the free one where it does not say.
    #[default]
    Automatic,
    /// The free one.
    Free,
    /// Pay as you go.
    PayAsYouGo,
    /// The fixed one.
    Fixed,
}

/// What every plan allows and costs, and when that was so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The month in which the table was true: `2026-08`.
    pub as_of: String,
    /// The free plan.
    pub free: Terms,
    /// Pay as you go.
    pub pay_as_you_go: Terms,
    /// The fixed plan.
    pub fixed: Terms,
}

/// What one plan allows and costs a month. Prices are in dollars; 0 means that more is not to be had for money, or of
/// a limit, that there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Costs in any case.
    pub base: f64,
    /// So many commands and no more; 0 for as many as wanted.
    #[ts(type = "number")]
    pub commands: u64,
    /// For each 100,000 commands.
    pub per_100k_commands: f64,
    /// Gigabytes of traffic that cost nothing more.
    pub bandwidth_gb: u32,
    /// For each gigabyte beyond; 0 where that is the end.
    pub per_gb_bandwidth: f64,
    /// Megabytes of data that cost nothing more.
    pub storage_mb: u32,
    /// For each gigabyte beyond; 0 where that is the end.
    pub per_gb_storage: f64,
    /// Megabytes of data and no more.
    pub most_storage_mb: u32,
}

/// What may be used a month; `None` where there is no end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Commands.
    pub commands: Option<u64>,
    /// Bytes of traffic.
    pub bandwidth: Option<u64>,
    /// Bytes of data.
    pub storage: Option<u64>,
}

impl Prices {
    /// One plan's terms.
    pub const fn of(&self, plan: PlanKind) -> &Terms {
        match plan {
            PlanKind::Free => &self.free,
            PlanKind::PayAsYouGo => &self.pay_as_you_go,
            PlanKind::Fixed => &self.fixed,
        }
    }
}

impl Terms {
    /// What may be used.
    pub fn limits(&self) -> Limits {
        let end = |number: u64| (number > 0).then_some(number);
        Limits {
            commands: end(self.commands),
            bandwidth: end(u64::from(self.bandwidth_gb) * GB).filter(|_| self.per_gb_bandwidth <= 0.0),
            storage: end(u64::from(self.most_storage_mb) * MB),
        }
    }

    /// What a month costs with so much of each, in dollars. Says nothing of whether it is allowed.
    pub fn cost(&self, commands: u64, bandwidth: u64, storage: u64) -> f64 {
        self.base
            + real(commands) / 100_000.0 * self.per_100k_commands
            + beyond(bandwidth, u64::from(self.bandwidth_gb) * GB) * self.per_gb_bandwidth
            + beyond(storage, u64::from(self.storage_mb) * MB) * self.per_gb_storage
    }

    /// The first of the three that it does not allow, and by how much.
    pub fn exceeded(&self, commands: u64, bandwidth: u64, storage: u64) -> Option<(&'static str, u64)> {
        let limits = self.limits();
        let over = |used: u64, limit: Option<u64>| limit.and_then(|limit| used.checked_sub(limit)).filter(|by| *by > 0);
        over(commands, limits.commands)
            .map(|by| ("commands", by))
            .or_else(|| over(bandwidth, limits.bandwidth).map(|by| ("bytes of traffic", by)))
            .or_else(|| over(storage, limits.storage).map(|by| ("bytes of data", by)))
    }
}

/// Gigabytes above what is included.
fn beyond(used: u64, included: u64) -> f64 {
    real(used.saturating_sub(included)) / real(GB)
}

/// Exact up to nine thousand million millions.
#[expect(clippy::cast_precision_loss, reason = "no month has so many commands or bytes that it would show")]
pub(super) const fn real(number: u64) -> f64 {
    number as f64
}
