//! What a month would cost with other settings. Pure, and quick enough to be asked while a slider moves.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{forecast::whole, level::percent, meter::CommandKind, view::KindCount};

/// Seconds of a day.
const DAY_S: u32 = 86_400;

/// Settings to be tried in thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIf {
    /// Seconds between two heartbeats.
    pub heartbeat_s: u32,
    /// Is what is sent written into the record?
    pub record: bool,
    /// Are receipts sent?
    pub receipts: bool,
}

/// What a whole month would cost.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct WhatIfView {
    /// Commands of ours.
    #[ts(type = "number")]
    pub commands: u64,
    /// In percent of the plan, where it has a limit.
    pub percent: Option<f64>,
    /// Of which kind; those of nothing are left out.
    pub kinds: Vec<KindCount>,
    /// How it was reckoned, in a sentence.
    pub method: String,
}

/// What does not follow from the settings: how much there is to say, and what else a day costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Messages of ours a day, without receipts.
    pub messages: f64,
    /// Tasks that come a day; each would get a receipt.
    pub tasks: f64,
    /// Commands a day of the kinds that no setting changes.
    pub connect: f64,
    /// The same.
    pub keep_alive: f64,
    /// The same.
    pub catch_up: f64,
    /// The same.
    pub test: f64,
}

/// Reckons a month of `days` days, the program running all day.
pub fn what_if(rates: &Rates, settings: WhatIf, days: u32, limit: Option<u64>) -> WhatIfView {
    let receipts = if settings.receipts { rates.tasks } else { 0.0 };
    let record = if settings.record { rates.messages + receipts } else { 0.0 };
    let heartbeats = f64::from(DAY_S) / f64::from(settings.heartbeat_s.max(1));
    let a_day = |kind| match kind {
        CommandKind::Heartbeat => heartbeats,
        CommandKind::KeepAlive => rates.keep_alive,
        CommandKind::Connect => rates.connect,
        CommandKind::Publish => rates.messages,
        CommandKind::Receipt => receipts,
        CommandKind::Record => record,
        CommandKind::CatchUp => rates.catch_up,
        CommandKind::Test => rates.test,
    };
    let kinds: Vec<_> = CommandKind::ALL
        .into_iter()
        .map(|kind| KindCount { kind, commands: whole(a_day(kind) * f64::from(days)) })
        .filter(|count| count.commands > 0)
        .collect();
    let commands = kinds.iter().map(|count| count.commands).sum();
    WhatIfView {
        commands,
        percent: percent(commands, limit),
        kinds,
        method: format!(
            "A month of {days} days with this program running all day, and as many messages and tasks a day as in the \
             last days."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { messages: 10.0, tasks: 20.0, connect: 6.0, keep_alive: 0.2, catch_up: 4.0, test: 0.0 };

    fn month(heartbeat_s: u32, record: bool, receipts: bool) -> u64 {
        what_if(&RATES, WhatIf { heartbeat_s, record, receipts }, 30, Some(500_000)).commands
    }

    #[test]
    fn each_setting_changes_what_it_changes() {
        // Connecting, keeping alive and catching up: 306. Messages: 300.
        assert_eq!(month(120, false, false), 21_600 + 300 + 306);
        assert_eq!(month(60, false, false), 43_200 + 300 + 306);
        assert_eq!(month(120, true, false), 21_600 + 600 + 306);
        assert_eq!(month(120, false, true), 21_600 + 300 + 600 + 306);
        assert_eq!(month(120, true, true), 21_600 + 300 + 600 + 900 + 306);
    }

    #[test]
    fn heartbeats_alone_are_4_3_percent_of_the_free_plan() {
        let settings = WhatIf { heartbeat_s: 120, record: true, receipts: true };
        let view = what_if(&Rates::default(), settings, 30, Some(500_000));
        assert_eq!((view.commands, view.kinds.len()), (21_600, 1));
        assert!(view.percent.is_some_and(|share| (share - 4.32).abs() < 1e-9));
        assert_eq!(what_if(&Rates::default(), settings, 29, None).commands, 20_880, "a leap February");
    }
}
