//! The whole view of a month, from what was counted, read and set. Pure.

use jiff::{ToSpan, civil::Date};

use super::{
    ADay, Books, CommandKind, DayView, Days, Forecast, ForecastView, KindCount, KindView, KnownFrom, Level, MARKS,
    MeterKind, MeterView, PlanView, Reading, SavingView, Standing, Tally, UsageView, WhatIf,
    forecast::forecast,
    level::percent,
    month::{DAY, Month, day_of},
    standing::{plan, standing},
    terms::real,
    what_if::Rates,
};
use crate::{
    message::Millis,
    settings::{Settings, Usage},
    trouble::Trouble,
};

/// So many days of everybody's it takes to go by them.
const ENOUGH: usize = 4;
/// So many full days are looked at for what a day brings.
const LOOKED_AT: i32 = 7;

/// What a view is made of.
pub struct Facts<'a> {
    /// What was counted.
    pub books: &'a Books,
    /// What the service said, if it was asked.
    pub reading: Option<&'a Reading>,
    /// Why it was not, in words.
    pub unread: Option<String>,
    /// What is set.
    pub settings: &'a Usage,
    /// How sparing the program is.
    pub level: Level,
    /// What is wrong.
    pub troubles: Vec<Trouble>,
    /// Now.
    pub now: Millis,
}

/// The view.
pub fn compose(facts: Facts<'_>) -> UsageView {
    let Facts { books, reading, settings, level, now, .. } = facts;
    let month = Month::at(now);
    let meters = standing(books, reading, settings, now);
    let forecasts: Vec<_> = [MeterKind::Commands, MeterKind::Bandwidth]
        .into_iter()
        .filter_map(|kind| made(&facts, &meters, kind))
        .collect();
    let plan = plan_view(&facts, &meters, &forecasts);
    UsageView {
        month: month.name(),
        days_in_month: month.days(),
        turns_at: month.ends(),
        meters: meters.iter().map(meter).collect(),
        days: days(books, month, day_of(now)),
        elsewhere: books.elsewhere(month),
        forecasts: forecasts.iter().map(|(kind, made)| shown(*kind, made, &meters)).collect(),
        kinds: kinds(&books.month(month), meters[0].limit),
        read_at: reading.map(|reading| reading.at),
        unread: facts.unread,
        plan,
        saving: SavingView {
            on: settings.slow_down,
            marks: MARKS,
            level,
            words: level.in_words().into(),
            until: (level != Level::Usual).then(|| month.ends()),
        },
        troubles: facts.troubles,
    }
}

/// What the month will come to, for whoever warns.
pub fn will_be(books: &Books, meters: &[Standing; 3], kind: MeterKind, now: Millis) -> Option<Forecast> {
    let meter = meters.iter().find(|meter| meter.kind == kind)?;
    let used = meter.used?;
    let yesterday = day_of(now).yesterday().ok()?;
    let everybody: Days = std::iter::successors(Some(yesterday), |day| day.yesterday().ok())
        .map_while(|day| Some((day, books.everybody_on(day)?)))
        .collect();
    if kind == MeterKind::Commands && meter.known_from == KnownFrom::Service && everybody.len() >= ENOUGH {
        return forecast(&everybody, used, meter.limit, now);
    }
    let mut days = books.ours(|tally| if kind == MeterKind::Commands { tally.commands() } else { tally.bytes() });
    let Some(others) = meter.others() else { return forecast(&days, used, meter.limit, now) };
    // By the day, so that the two can be added.
    let passed = real((now - Month::at(now).begins()).max(DAY / 24).unsigned_abs()) / real(DAY.unsigned_abs());
    let a_day = super::forecast::whole(real(others) / passed);
    let today = day_of(now);
    for (day, amount) in &mut days {
        *amount += if *day == today { 0 } else { a_day };
    }
    if let Some(amount) = days.get_mut(&today) {
        *amount += super::forecast::whole(
            real(others) / passed * real(now.rem_euclid(DAY).unsigned_abs()) / real(DAY.unsigned_abs()),
        );
    }
    let mut made = forecast(&days, used, meter.limit, now)?;
    made.method.push_str(" Of the others, the mean of this month.");
    Some(made)
}

fn made(facts: &Facts<'_>, meters: &[Standing; 3], kind: MeterKind) -> Option<(MeterKind, Forecast)> {
    will_be(facts.books, meters, kind, facts.now).map(|made| (kind, made))
}

fn shown(kind: MeterKind, made: &Forecast, meters: &[Standing; 3]) -> ForecastView {
    let meter = meters.iter().find(|meter| meter.kind == kind);
    ForecastView {
        meter: kind,
        expected: made.expected,
        low: made.low,
        high: made.high,
        percent: percent(made.expected, meter.and_then(|meter| meter.limit)),
        of: meter.map_or(KnownFrom::Ours, |meter| meter.known_from),
        method: made.method.clone(),
        passes_on: made.passes_on.map(|day| day.to_string()),
        a_day: ADay { expected: made.a_day.middle, low: made.a_day.least, high: made.a_day.most, most: made.room },
    }
}

fn meter(standing: &Standing) -> MeterView {
    MeterView {
        kind: standing.kind,
        used: standing.used,
        known_from: standing.known_from,
        ours: standing.ours,
        others: standing.others(),
        limit: standing.limit,
        limit_from: standing.limit_from,
        percent: standing.percent(),
        level: standing.level(),
    }
}

fn days(books: &Books, month: Month, today: Date) -> Vec<DayView> {
    let day = |date: Date| {
        let ours = books.day(date).ours;
        DayView {
            date: date.to_string(),
            commands: ours.commands(),
            kinds: counts(&ours),
            bytes_in: ours.bytes_in,
            bytes_out: ours.bytes_out,
            everybody: books.everybody_on(date),
        }
    };
    month.first().series(1.day()).take_while(|date| *date <= today).map(day).collect()
}

fn counts(tally: &Tally) -> Vec<KindCount> {
    let count = |kind| KindCount { kind, commands: tally.of(kind) };
    CommandKind::ALL.into_iter().map(count).filter(|count| count.commands > 0).collect()
}

pub(super) fn kinds(ours: &Tally, limit: Option<u64>) -> Vec<KindView> {
    let view = |KindCount { kind, commands }| KindView {
        kind,
        name: kind.in_words().into(),
        commands,
        share: percent(commands, Some(ours.commands())).unwrap_or_default(),
        of_plan: percent(commands, limit),
    };
    let mut kinds: Vec<_> = counts(ours).into_iter().map(view).collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.commands));
    kinds
}

fn plan_view(facts: &Facts<'_>, meters: &[Standing; 3], forecasts: &[(MeterKind, Forecast)]) -> PlanView {
    let (kind, name, from) = plan(facts.reading, facts.settings);
    let terms = facts.settings.prices.of(kind);
    let [commands, bandwidth, storage] = meters.map(|meter| meter.used.unwrap_or_default());
    let end = |kind| forecasts.iter().find(|(of, _)| *of == kind).map(|(_, made)| made.expected);
    let said = facts.reading.filter(|reading| Month::at(reading.at) == Month::at(facts.now));
    PlanView {
        plan: kind,
        name,
        from,
        as_of: facts.settings.prices.as_of.clone(),
        cost: said.and_then(|reading| reading.cost).or_else(|| Some(terms.cost(commands, bandwidth, storage))),
        expected_cost: end(MeterKind::Commands)
            .map(|commands| terms.cost(commands, end(MeterKind::Bandwidth).unwrap_or(bandwidth), storage)),
    }
}

/// What a day brings, from the last full days, or from today where there are none.
pub fn rates(books: &Books, tasks: f64, now: Millis) -> Rates {
    let today = day_of(now);
    let first = books.days().next().map_or(today, |(first, _)| first);
    let from = first.tomorrow().unwrap_or(today).max(today.saturating_sub(LOOKED_AT.days()));
    let full: Vec<Date> = from.series(1.day()).take_while(|day| *day < today).collect();
    let looked_at = if full.is_empty() { vec![today] } else { full };
    let sum = looked_at.iter().fold(Tally::default(), |sum, day| sum.plus(&books.day(*day).ours));
    let count = real(u64::try_from(looked_at.len()).unwrap_or(1));
    let a_day = |kind| real(sum.of(kind)) / count;
    Rates {
        messages: a_day(CommandKind::Publish),
        tasks,
        connect: a_day(CommandKind::Connect),
        keep_alive: a_day(CommandKind::KeepAlive),
        catch_up: a_day(CommandKind::CatchUp),
        test: a_day(CommandKind::Test),
    }
}

/// The settings in force, as they would be tried.
pub fn as_set(settings: &Settings) -> WhatIf {
    WhatIf { heartbeat_s: settings.heartbeat.every, record: settings.record.write, receipts: settings.replies.received }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{store::Amount, usage::Limits};

    fn at(text: &str) -> Millis {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn amount(day: &str, what: &str, amount: u64) -> Amount {
        Amount { day: format!("2026-11-{day}"), what: what.into(), amount }
    }

    fn books() -> Books {
        let mut books = Books::default();
        let days = ["20", "21", "22", "23", "24"].into_iter();
        books.open(days.flat_map(|day| [amount(day, "heartbeat", 720), amount(day, "record", 280)]).collect(), "");
        books
    }

    fn facts<'a>(books: &'a Books, reading: Option<&'a Reading>, settings: &'a Usage) -> Facts<'a> {
        let now = at("2026-11-25T00:00:00Z");
        Facts { books, reading, unread: None, settings, level: Level::Careful, troubles: Vec::new(), now }
    }

    #[test]
    fn a_month_in_one_view() {
        let (books, settings) = (books(), Settings::default().usage);
        let view = compose(facts(&books, None, &settings));
        assert_eq!((view.month.as_str(), view.days_in_month, view.days.len()), ("2026-11", 30, 25));
        assert_eq!(view.meters[0].used, Some(5_000));
        assert_eq!((view.meters[0].known_from, view.meters[0].others), (KnownFrom::Ours, None));
        assert_eq!((view.days[18].commands, view.days[23].commands, view.days[24].commands), (0, 1_000, 0));
        assert_eq!((view.kinds[0].kind, view.kinds[0].share), (CommandKind::Heartbeat, 72.0));
        assert!((view.kinds[0].of_plan.unwrap() - 0.72).abs() < 1e-9, "3,600 of 500,000");
        assert_eq!(view.forecasts[0].expected, 5_000 + 6_000);
        assert_eq!(view.saving.until, Some(at("2026-12-01T00:00:00Z")));
        assert_eq!(view.plan.from, KnownFrom::Table);
    }

    #[test]
    fn others_go_into_the_forecast() {
        let (mut books, settings) = (books(), Settings::default().usage);
        let now = at("2026-11-25T00:00:00Z");
        let read = |books: &Books| Reading {
            at: now,
            commands: Some(29_000),
            bandwidth: None,
            storage: None,
            cost: Some(1.5),
            plan: None,
            limits: Limits::default(),
            budget: None,
            ours: books.month(Month::at(now)),
        };
        let reading = read(&books);
        let view = compose(facts(&books, Some(&reading), &settings));
        // 24,000 of the others in 24 days are 1,000 a day beside our 1,000.
        assert_eq!((view.meters[0].others, view.forecasts[0].expected), (Some(24_000), 29_000 + 12_000));
        assert!(view.forecasts[0].method.contains("Of the others"));
        assert_eq!(view.plan.cost, Some(1.5));
        for (day, total) in
            [("19", 4_000), ("20", 6_000), ("21", 11_000), ("22", 16_000), ("23", 21_000), ("24", 29_000)]
        {
            books.everybody(total, at(&format!("2026-11-{day}T23:00:00Z")));
        }
        let reading = read(&books);
        let view = compose(facts(&books, Some(&reading), &settings));
        // Everybody's days after the first: 5,000 5,000 5,000 8,000.
        assert_eq!((view.forecasts[0].expected, view.forecasts[0].high), (29_000 + 30_000, 29_000 + 48_000));
        assert_eq!(view.days[23].everybody, Some(8_000));
    }

    #[test]
    fn what_a_day_brings_is_the_mean_of_the_full_days() {
        let mut books = Books::default();
        books.open(vec![amount("22", "publish", 9_000), amount("23", "publish", 10), amount("24", "publish", 30)], "");
        let made = rates(&books, 4.0, at("2026-11-25T12:00:00Z"));
        assert!((made.messages - 20.0).abs() < 1e-9 && (made.tasks - 4.0).abs() < 1e-9);
    }
}
