//! What a month would cost with other settings. Pure, and quick enough to be asked while a slider moves.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    forecast::whole,
    level::percent,
    meter::CommandKind,
    terms::{Terms, real},
    view::KindCount,
};

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
    /// What these commands cost by the table, in dollars; none where the plan asks nothing for a command.
    pub cost: Option<f64>,
    /// By how much that is more than with the settings in force; below 0 it is less.
    pub cost_change: Option<f64>,
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

/// What a month is reckoned with beside the settings.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// How many days it has.
    pub days: u32,
    /// So many commands and no more.
    pub limit: Option<u64>,
    /// The plan's terms.
    pub terms: &'a Terms,
}

/// Reckons a month, the program running all day, and compares it with one as it is set.
pub fn what_if(rates: &Rates, wanted: WhatIf, set: WhatIf, frame: Frame<'_>) -> WhatIfView {
    let view = month(rates, wanted, frame);
    let change = view.cost.zip(month(rates, set, frame).cost).map(|(then, now)| then - now);
    WhatIfView { cost_change: change, ..view }
}

fn month(rates: &Rates, settings: WhatIf, Frame { days, limit, terms }: Frame<'_>) -> WhatIfView {
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
    let price = terms.per_100k_commands;
    WhatIfView {
        commands,
        percent: percent(commands, limit),
        kinds,
        cost: (price > 0.0).then(|| real(commands) / 100_000.0 * price),
        cost_change: None,
        method: format!(
            "A month of {days} days with this program running all day, and as many messages and tasks a day as in the \
             last days."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{settings::Settings, usage::PlanKind};

    const RATES: Rates = Rates { messages: 10.0, tasks: 20.0, connect: 6.0, keep_alive: 0.2, catch_up: 4.0, test: 0.0 };

    const SET: WhatIf = WhatIf { heartbeat_s: 120, record: true, receipts: true };

    fn asked(rates: &Rates, wanted: WhatIf, days: u32, plan: PlanKind) -> WhatIfView {
        let prices = Settings::default().usage.prices;
        let terms = prices.of(plan);
        what_if(rates, wanted, SET, Frame { days, limit: terms.limits().commands, terms })
    }

    fn month(heartbeat_s: u32, record: bool, receipts: bool) -> u64 {
        asked(&RATES, WhatIf { heartbeat_s, record, receipts }, 30, PlanKind::Free).commands
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
        let view = asked(&Rates::default(), SET, 30, PlanKind::Free);
        assert_eq!((view.commands, view.kinds.len()), (21_600, 1));
        assert!(view.percent.is_some_and(|share| (share - 4.32).abs() < 1e-9));
        assert_eq!(asked(&Rates::default(), SET, 29, PlanKind::Free).commands, 20_880, "a leap February");
    }

    #[test]
    fn where_commands_are_paid_for_it_says_what_the_price_becomes() {
        let of = |heartbeat_s, plan| {
            let view = asked(&Rates::default(), WhatIf { heartbeat_s, ..SET }, 30, plan);
            view.cost.zip(view.cost_change)
        };
        let is = |found: Option<(f64, f64)>, wanted: (f64, f64)| {
            found.is_some_and(|(cost, change)| (cost - wanted.0).abs() < 1e-9 && (change - wanted.1).abs() < 1e-9)
        };
        // 21,600 at $0.20 for 100,000 are 4.32 cents; twice as many, and half as many.
        assert!(is(of(120, PlanKind::PayAsYouGo), (0.0432, 0.0)));
        assert!(is(of(60, PlanKind::PayAsYouGo), (0.0864, 0.0432)));
        assert!(is(of(240, PlanKind::PayAsYouGo), (0.0216, -0.0216)));
        assert_eq!((of(60, PlanKind::Free), of(60, PlanKind::Fixed)), (None, None));
    }
}
