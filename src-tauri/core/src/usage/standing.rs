//! How much of what is used, and where it ends: the service's word where there is one, and else our own count and the
//! table. Pure.

use super::{
    Books, Level, MeterLevel, Tally,
    level::{level, meter_level, percent},
    month::Month,
    terms::{Choice, Limits, PlanKind},
    view::{KnownFrom, MeterKind},
};
use crate::{message::Millis, settings::Usage};

/// The service says numbers of this size where it means that there is no limit.
const NO_LIMIT: u64 = 1_000_000_000_000_000;

/// What the service said of the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// When.
    pub at: Millis,
    /// Everybody's commands of the month.
    pub commands: Option<u64>,
    /// Everybody's traffic of the month.
    pub bandwidth: Option<u64>,
    /// Bytes stored.
    pub storage: Option<u64>,
    /// What the month has cost so far, in dollars.
    pub cost: Option<f64>,
    /// The plan, and the service's word for it.
    pub plan: Option<(PlanKind, String)>,
    /// What the database is allowed.
    pub limits: Limits,
    /// What a month may cost, in dollars.
    pub budget: Option<u64>,
    /// What was ours of this month at that moment.
    pub ours: Tally,
}

/// One meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Of what.
    pub kind: MeterKind,
    /// So much is used, now.
    pub used: Option<u64>,
    /// Who says so.
    pub known_from: KnownFrom,
    /// Of it ours.
    pub ours: Option<u64>,
    /// The end.
    pub limit: Option<u64>,
    /// Who says so.
    pub limit_from: KnownFrom,
}

impl Standing {
    /// In percent of the limit.
    pub fn percent(&self) -> Option<f64> {
        percent(self.used?, self.limit)
    }

    /// How near the end that is.
    pub fn level(&self) -> MeterLevel {
        meter_level(self.used, self.limit)
    }

    /// What is not ours, where that is known.
    pub fn others(&self) -> Option<u64> {
        match self.known_from {
            KnownFrom::Service => Some(self.used?.saturating_sub(self.ours?)),
            _ => None,
        }
    }
}

/// The plan to reckon with, its name, and who says so.
pub(super) fn plan(reading: Option<&Reading>, settings: &Usage) -> (PlanKind, String, KnownFrom) {
    let chosen = |plan: PlanKind| (plan, plan.in_words().to_owned(), KnownFrom::Settings);
    match (settings.plan, reading.and_then(|reading| reading.plan.clone())) {
        (Choice::Free, _) => chosen(PlanKind::Free),
        (Choice::PayAsYouGo, _) => chosen(PlanKind::PayAsYouGo),
        (Choice::Fixed, _) => chosen(PlanKind::Fixed),
        (Choice::Automatic, Some((plan, name))) => (plan, name, KnownFrom::Service),
        (Choice::Automatic, None) => (PlanKind::Free, PlanKind::Free.in_words().to_owned(), KnownFrom::Table),
    }
}

/// The plan to reckon with.
pub fn plan_in_use(reading: Option<&Reading>, settings: &Usage) -> PlanKind {
    plan(reading, settings).0
}

/// Commands, bandwidth and storage, in this order.
pub fn standing(books: &Books, reading: Option<&Reading>, settings: &Usage, now: Millis) -> [Standing; 3] {
    let month = Month::at(now);
    let ours = books.month(month);
    // What was read in another month says nothing of this one, except how much is stored.
    let fresh = reading.filter(|reading| Month::at(reading.at) == month);
    let since = |then: Option<u64>, before: u64, own: u64| {
        // What was ours since then has been added to theirs.
        then.map_or((own, KnownFrom::Ours), |then| ((then + own.saturating_sub(before)).max(own), KnownFrom::Service))
    };
    let commands = fresh.map_or((ours.commands(), KnownFrom::Ours), |reading| {
        since(reading.commands, reading.ours.commands(), ours.commands())
    });
    let bandwidth = fresh.map_or((ours.bytes(), KnownFrom::Ours), |reading| {
        since(reading.bandwidth, reading.ours.bytes(), ours.bytes())
    });
    let [most_commands, most_bandwidth, most_storage] = limits(reading, settings);
    let meter = |kind, (used, known_from): (u64, KnownFrom), own, (limit, limit_from)| Standing {
        kind,
        used: Some(used),
        known_from,
        ours: Some(own),
        limit,
        limit_from,
    };
    let storage = reading.and_then(|reading| reading.storage);
    [
        meter(MeterKind::Commands, commands, ours.commands(), most_commands),
        meter(MeterKind::Bandwidth, bandwidth, ours.bytes(), most_bandwidth),
        Standing {
            kind: MeterKind::Storage,
            used: storage,
            known_from: if storage.is_some() { KnownFrom::Service } else { KnownFrom::Ours },
            ours: None,
            limit: most_storage.0,
            limit_from: most_storage.1,
        },
    ]
}

fn limits(reading: Option<&Reading>, settings: &Usage) -> [(Option<u64>, KnownFrom); 3] {
    let (plan, _, _) = plan(reading, settings);
    let terms = settings.prices.of(plan);
    let table = terms.limits();
    let said = reading.map(|reading| reading.limits).unwrap_or_default();
    let of = |said: Option<u64>, table: Option<u64>| match said {
        Some(limit) => (Some(limit).filter(|limit| *limit < NO_LIMIT), KnownFrom::Service),
        None => (table, KnownFrom::Table),
    };
    let mut commands = of(said.commands, table.commands);
    let budget = reading.and_then(|reading| reading.budget).filter(|budget| *budget > 0);
    if let (None, Some(budget)) = (commands.0, budget)
        && terms.per_100k_commands > 0.0
    {
        let allows = super::forecast::whole(super::terms::real(budget) / terms.per_100k_commands * 100_000.0);
        commands = (Some(allows), KnownFrom::Service);
    }
    if settings.most_commands > 0 {
        commands = (Some(settings.most_commands), KnownFrom::Settings);
    }
    [commands, of(said.bandwidth, table.bandwidth), of(said.storage, table.storage)]
}

/// How sparing to be. Data that is stored is no reason: sending less makes it no less.
pub fn level_of(meters: &[Standing; 3]) -> Level {
    let of = |meter: &Standing| level(meter.used.unwrap_or_default(), meter.limit);
    meters.iter().filter(|meter| meter.kind != MeterKind::Storage).map(of).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{
        settings::Settings,
        usage::{CommandKind, Meter},
    };

    fn at(text: &str) -> Millis {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    /// Books with so many commands of ours on that day.
    fn books(ours: usize, now: Millis) -> Books {
        let meter = Meter::default();
        meter.count(CommandKind::Publish, ours);
        let mut books = Books::default();
        books.open(Vec::new(), "");
        books.count(&meter.so_far(), now);
        books
    }

    fn reading(at: Millis, commands: u64, ours: Tally) -> Reading {
        Reading {
            at,
            commands: Some(commands),
            bandwidth: None,
            storage: Some(5),
            cost: None,
            plan: None,
            limits: Limits::default(),
            budget: None,
            ours,
        }
    }

    #[test]
    fn others_are_theirs_without_ours() {
        let now = at("2026-11-25T12:00:00Z");
        let settings = Settings::default().usage;
        let then = books(100, now);
        let read = reading(now, 1_000, then.month(Month::at(now)));
        // Since then 20 more were ours.
        let later = books(120, now);
        let [commands, bandwidth, storage] = standing(&later, Some(&read), &settings, now);
        assert_eq!((commands.used, commands.ours, commands.others()), (Some(1_020), Some(120), Some(900)));
        assert_eq!((commands.limit, commands.limit_from), (Some(500_000), KnownFrom::Table));
        assert_eq!((bandwidth.used, bandwidth.known_from, bandwidth.others()), (Some(0), KnownFrom::Ours, None));
        assert_eq!((storage.used, storage.ours, storage.limit), (Some(5), None, Some(256_000_000)));
    }

    #[test]
    fn without_a_key_only_ours_is_known() {
        let now = at("2026-11-25T12:00:00Z");
        let [commands, _, storage] = standing(&books(250_000, now), None, &Settings::default().usage, now);
        assert_eq!(
            (commands.used, commands.known_from, commands.percent()),
            (Some(250_000), KnownFrom::Ours, Some(50.0))
        );
        assert_eq!((storage.used, storage.percent()), (None, None));
    }

    #[test]
    fn a_reading_of_the_month_before_is_not_this_month_s() {
        let settings = Settings::default().usage;
        let (before, now) = (at("2026-11-30T23:50:00Z"), at("2026-12-01T00:00:01Z"));
        let books = books(480_000, before);
        let read = reading(before, 490_000, books.month(Month::at(before)));
        let of = |now| level_of(&standing(&books, Some(&read), &settings, now));
        assert_eq!((of(before), of(now)), (Level::Scarce, Level::Usual), "it is undone when the month turns");
        assert_eq!(of(before), Level::Scarce, "and a clock set back finds what was");
    }

    #[test]
    fn the_service_s_word_goes_before_the_table_and_the_person_s_before_both() {
        let now = at("2026-11-25T12:00:00Z");
        let mut settings = Settings::default().usage;
        let books = books(10, now);
        let mut read = reading(now, 10, Tally::default());
        read.plan = Some((PlanKind::PayAsYouGo, "Pay as you go".into()));
        let limit = |settings: &Usage, read: &Reading| {
            let [commands, _, _] = standing(&books, Some(read), settings, now);
            (commands.limit, commands.limit_from)
        };
        assert_eq!(limit(&settings, &read), (None, KnownFrom::Table));
        read.budget = Some(3);
        assert_eq!(limit(&settings, &read), (Some(1_500_000), KnownFrom::Service), "$3 at $0.20 for 100,000");
        read.limits.commands = Some(8_024_278_031_528_736_858);
        read.budget = None;
        assert_eq!(limit(&settings, &read), (None, KnownFrom::Service));
        read.limits.commands = Some(10_000);
        assert_eq!(limit(&settings, &read), (Some(10_000), KnownFrom::Service));
        settings.most_commands = 7;
        assert_eq!(limit(&settings, &read), (Some(7), KnownFrom::Settings));
        settings.plan = Choice::Fixed;
        assert_eq!(plan(Some(&read), &settings), (PlanKind::Fixed, "Fixed".into(), KnownFrom::Settings));
    }
}
