//! Usage as a screen shows it. It must not be reckoned here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CommandKind, Level, MeterLevel, PlanKind};
use crate::{message::Millis, trouble::Trouble};

/// Everything there is to say of this month.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct UsageView {
    /// The month in UTC: `2026-11`.
    pub month: String,
    /// How many days it has.
    pub days_in_month: u32,
    /// When the service counts from nothing again.
    #[ts(type = "number")]
    pub turns_at: Millis,
    /// Commands, bandwidth, storage, in this order.
    pub meters: Vec<MeterView>,
    /// Our commands on each day of the month up to today, oldest first.
    pub days: Vec<DayView>,
    /// Our commands of the month that went to other databases: they are in none of these figures.
    #[ts(type = "number")]
    pub elsewhere: u64,
    /// Where the month will end: for commands and for bandwidth, each where there is something to go by.
    pub forecasts: Vec<ForecastView>,
    /// Our commands of this month by kind, the most first; those of nothing are left out.
    pub kinds: Vec<KindView>,
    /// When the service's own counters were read; none where they never were.
    #[ts(type = "number | null")]
    pub read_at: Option<Millis>,
    /// Why they are not read: no API key, say. In words; none where they are.
    pub unread: Option<String>,
    /// The plan.
    pub plan: PlanView,
    /// How the program slows itself.
    pub saving: SavingView,
    /// What is wrong with any of this.
    pub troubles: Vec<Trouble>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum MeterKind {
    /// Commands of the month.
    Commands,
    /// Bytes of traffic of the month.
    Bandwidth,
    /// Bytes stored now.
    Storage,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum KnownFrom {
    /// The service, of everybody.
    Service,
    /// This program, of itself alone: others may have used more.
    Ours,
    /// The person, in the settings.
    Settings,
    /// The table of plans.
    Table,
}

/// One meter.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct MeterView {
    /// Of what.
    pub kind: MeterKind,
    /// So much is used; none where that is not known.
    #[ts(type = "number | null")]
    pub used: Option<u64>,
    /// Who says so.
    pub known_from: KnownFrom,
    /// So much of it is ours, by our own count.
    #[ts(type = "number | null")]
    pub ours: Option<u64>,
    /// The difference: Helios, the console, and whoever else.
    #[ts(type = "number | null")]
    pub others: Option<u64>,
    /// The end; none where there is none.
    #[ts(type = "number | null")]
    pub limit: Option<u64>,
    /// Who says so.
    pub limit_from: KnownFrom,
    /// So much of the limit, in percent.
    pub percent: Option<f64>,
    /// How near the end that is.
    pub level: MeterLevel,
}

/// A day.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct DayView {
    /// `2026-11-25`, in UTC.
    pub date: String,
    /// Our commands.
    #[ts(type = "number")]
    pub commands: u64,
    /// By kind; those of nothing are left out.
    pub kinds: Vec<KindCount>,
    /// Bytes that came to us.
    #[ts(type = "number")]
    pub bytes_in: u64,
    /// Bytes that went from us.
    #[ts(type = "number")]
    pub bytes_out: u64,
    /// Everybody's commands, where the service's counter is known of this day and the one before.
    #[ts(type = "number | null")]
    pub everybody: Option<u64>,
}

/// Commands of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct KindCount {
    /// Which kind.
    pub kind: CommandKind,
    /// How many.
    #[ts(type = "number")]
    pub commands: u64,
}

/// A kind, of the month.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct KindView {
    /// Which kind.
    pub kind: CommandKind,
    /// As a person reads it.
    pub name: String,
    /// How many so far.
    #[ts(type = "number")]
    pub commands: u64,
    /// Of ours, in percent.
    pub share: f64,
    /// Of the plan, in percent, where it has a limit.
    pub of_plan: Option<f64>,
}

/// Where the month will end.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct ForecastView {
    /// Of what.
    pub meter: MeterKind,
    /// The middle.
    #[ts(type = "number")]
    pub expected: u64,
    /// The range.
    #[ts(type = "number")]
    pub low: u64,
    /// The range.
    #[ts(type = "number")]
    pub high: u64,
    /// In percent of the limit.
    pub percent: Option<f64>,
    /// Everybody's, or ours alone.
    pub of: KnownFrom,
    /// How it was made, in a sentence or two.
    pub method: String,
    /// The day on which the limit is passed, if that is in this month: `2026-11-28`.
    pub passes_on: Option<String>,
    /// What each day that is left is taken to bring.
    pub a_day: ADay,
}

/// What a day may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ADay {
    /// The middle.
    #[ts(type = "number")]
    pub expected: u64,
    /// The range.
    #[ts(type = "number")]
    pub low: u64,
    /// The range.
    #[ts(type = "number")]
    pub high: u64,
    /// With so many on each day that is left the limit is reached when the month ends; none where there is no limit, 0
    /// where it is reached already.
    #[ts(type = "number | null")]
    pub most: Option<u64>,
}

/// The plan, with its cost.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct PlanView {
    /// Which one.
    pub plan: PlanKind,
    /// As a person reads it, in the service's own word where it said one.
    pub name: String,
    /// Who says so.
    pub from: KnownFrom,
    /// The month in which the table of prices was true: `2026-08`.
    pub as_of: String,
    /// What the month has cost so far, as the service says it, or else by the table; in dollars.
    pub cost: Option<f64>,
    /// What the whole month will cost by the forecast and the table, in dollars.
    pub expected_cost: Option<f64>,
}

/// How the program slows itself.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct SavingView {
    /// May it?
    pub on: bool,
    /// Where it begins to, and where it does in earnest: in percent of a limit.
    pub marks: [f64; 2],
    /// How sparing it is now.
    pub level: Level,
    /// What that means, in words.
    pub words: String,
    /// When it ends by itself, while it is not as usual.
    #[ts(type = "number | null")]
    pub until: Option<Millis>,
}
