//! What a warning says: how far it is, what uses it, and what to do. It must not decide when.

use super::{CommandKind, Forecast, Mark, MeterKind, Standing, Tally, compose::kinds, month::Month};
use crate::{message::Millis, text::grouped};

/// So many kinds are named.
const NAMED: usize = 3;

/// A warning's title and body.
pub fn words(mark: Mark, meter: &Standing, made: Option<&Forecast>, ours: &Tally, now: Millis) -> (String, String) {
    let what = match meter.kind {
        MeterKind::Commands => "commands",
        MeterKind::Bandwidth => "traffic",
        MeterKind::Storage => "data",
    };
    let share = meter.percent().unwrap_or_default();
    let title = match (mark, made.and_then(|made| made.passes_on)) {
        (Mark::Forecast, Some(day)) => format!("This month’s {what} will run out on {}", day.strftime("%-d %B")),
        (Mark::Forecast, None) => format!("This month’s {what} will run out"),
        _ if meter.kind == MeterKind::Storage => format!("{share:.0} % of the database’s room is used"),
        _ => format!("{share:.0} % of this month’s {what} are used"),
    };
    let counted = match (meter.used, meter.limit) {
        (Some(used), Some(limit)) => format!("{} of {}. ", grouped(used), grouped(limit)),
        _ => String::new(),
    };
    let until = Month::at(now).next_in_words();
    let anew =
        if meter.kind == MeterKind::Storage { String::new() } else { format!(" It begins anew on {until} (UTC).") };
    (title, format!("{counted}{}{}{anew}", users(meter, ours), remedy(meter, ours)))
}

fn users(meter: &Standing, ours: &Tally) -> String {
    if meter.kind == MeterKind::Storage {
        return "The records beside the channels take most of it. ".into();
    }
    let mut named: Vec<_> = kinds(ours, meter.limit)
        .into_iter()
        .take(NAMED)
        .map(|kind| format!("{} {:.0} %", kind.name, kind.of_plan.unwrap_or_default()))
        .collect();
    if let (Some(others), Some(limit)) = (meter.others().filter(|others| *others > 0), meter.limit) {
        let share = super::level::percent(others, Some(limit)).unwrap_or_default();
        named.push(format!("others (Helios, the console) {share:.0} %"));
    }
    if named.is_empty() { String::new() } else { format!("What uses it: {}. ", named.join(", ")) }
}

fn remedy(meter: &Standing, ours: &Tally) -> &'static str {
    let most = kinds(ours, meter.limit).first().map(|kind| kind.kind);
    match (meter.kind, most) {
        (MeterKind::Storage, _) => "Keep fewer messages in the record, or take a larger plan.",
        _ if meter.others().is_some_and(|others| meter.used.is_some_and(|used| others > used / 2)) => {
            "Look at what the other agents do, or take a larger plan."
        }
        (_, Some(CommandKind::Heartbeat)) => "Let heartbeats go out less often, or take a larger plan.",
        (_, Some(CommandKind::Record)) => "Do without the record, or take a larger plan.",
        (_, Some(CommandKind::Receipt)) => "Do without receipts, or take a larger plan.",
        (_, Some(CommandKind::Connect | CommandKind::CatchUp)) => {
            "The connection is lost often: look at the network, or take a larger plan."
        }
        _ => "Send less, or take a larger plan.",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::usage::{KnownFrom, Range};

    fn at(text: &str) -> Millis {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn meter(kind: MeterKind, used: u64, ours: u64) -> Standing {
        Standing {
            kind,
            used: Some(used),
            known_from: KnownFrom::Service,
            ours: Some(ours),
            limit: Some(500_000),
            limit_from: KnownFrom::Table,
        }
    }

    #[test]
    fn it_says_what_uses_it_and_what_to_do() {
        let mut ours = Tally::default();
        *ours.of_mut(CommandKind::Heartbeat) = 200_000;
        *ours.of_mut(CommandKind::Record) = 100_000;
        let now = at("2026-12-20T00:00:00Z");
        let (title, body) = words(Mark::FourFifths, &meter(MeterKind::Commands, 400_000, 300_000), None, &ours, now);
        assert_eq!(title, "80 % of this month’s commands are used");
        assert_eq!(
            body,
            "400,000 of 500,000. What uses it: heartbeats 40 %, the record 20 %, others (Helios, the console) 20 %. Let \
             heartbeats go out less often, or take a larger plan. It begins anew on 1 January (UTC)."
        );
        let made = Forecast {
            expected: 600_000,
            low: 1,
            high: 2,
            days: 7,
            method: String::new(),
            passes_on: Some("2026-12-24".parse().unwrap()),
            a_day: Range::default(),
            room: None,
        };
        let mine = meter(MeterKind::Commands, 400_000, 100_000);
        let (title, body) = words(Mark::Forecast, &mine, Some(&made), &Tally::default(), now);
        assert_eq!(title, "This month’s commands will run out on 24 December");
        assert!(body.contains("Look at what the other agents do"), "{body}");
    }
}
