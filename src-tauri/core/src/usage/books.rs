//! What was counted, by day: in memory, with what is to be written. Pure; whoever reads and writes hands it over.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan, civil::Date};

use super::{
    CommandKind, Days, Tally,
    month::{Month, day_of},
};
use crate::{message::Millis, store::Amount};

/// Days are kept for so long: a year and a month to look back over.
const KEPT: i32 = 400;

/// How the amounts of a day that are not commands are called.
const BYTES_IN: &str = "bytes_in";
const BYTES_OUT: &str = "bytes_out";
const EVERYBODY: &str = "everybody";

/// A day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCount {
    /// Ours.
    pub ours: Tally,
    /// The service's own counter of everybody's commands in the month, as it was last read on that day.
    pub everybody: Option<u64>,
}

/// The days, and how much of the meter stands in them.
#[derive(Debug, Default)]
pub struct Books {
    days: BTreeMap<Date, DayCount>,
    seen: Tally,
    dirty: BTreeSet<Date>,
    /// What was written before is known. Until then nothing may be written, as it would take its place.
    opened: bool,
}

impl Books {
    /// The first day that is kept.
    pub fn kept_from(now: Millis) -> Date {
        day_of(now).saturating_sub(KEPT.days())
    }

    /// What was written before. What has been counted meanwhile is added.
    pub fn open(&mut self, written: Vec<Amount>) {
        for Amount { day, what, amount } in written {
            let Ok(day) = day.parse::<Date>() else { continue };
            let count = self.days.entry(day).or_default();
            match what.as_str() {
                BYTES_IN => count.ours.bytes_in += amount,
                BYTES_OUT => count.ours.bytes_out += amount,
                EVERYBODY => count.everybody = count.everybody.or(Some(amount)),
                other => {
                    if let Some(kind) = CommandKind::ALL.into_iter().find(|kind| kind.word() == other) {
                        *count.ours.of_mut(kind) += amount;
                    }
                }
            }
        }
        self.opened = true;
    }

    /// Is it known what was written before?
    pub fn is_open(&self) -> bool {
        self.opened
    }

    /// What the meter has counted since the last call belongs to this day.
    pub fn count(&mut self, meter: &Tally, now: Millis) {
        if *meter == self.seen {
            return;
        }
        let day = day_of(now);
        self.days.entry(day).or_default().ours.add_since(meter, &self.seen);
        self.seen = *meter;
        self.dirty.insert(day);
    }

    /// The service says that so many commands are everybody's this month.
    pub fn everybody(&mut self, commands: u64, now: Millis) {
        let day = day_of(now);
        self.days.entry(day).or_default().everybody = Some(commands);
        self.dirty.insert(day);
    }

    /// What is to be written: whole days, and the day before which all may be forgotten. Empty where nothing is new, or
    /// what was written before is not known yet.
    pub fn to_write(&self, now: Millis) -> (Vec<Amount>, String) {
        let forget = Self::kept_from(now).to_string();
        if !self.opened {
            return (Vec::new(), forget);
        }
        let amounts = self.dirty.iter().filter_map(|day| Some((day, self.days.get(day)?))).flat_map(|(day, count)| {
            let commands = CommandKind::ALL.into_iter().map(|kind| (kind.word(), count.ours.of(kind)));
            let bytes = [(BYTES_IN, count.ours.bytes_in), (BYTES_OUT, count.ours.bytes_out)];
            let everybody = count.everybody.map(|commands| (EVERYBODY, commands));
            let all = commands.chain(bytes).chain(everybody).filter(|(_, amount)| *amount > 0);
            all.map(|(what, amount)| Amount { day: day.to_string(), what: what.to_owned(), amount }).collect::<Vec<_>>()
        });
        (amounts.collect(), forget)
    }

    /// These are written. What was counted since they were handed out is still to be.
    pub fn written(&mut self, amounts: &[Amount], now: Millis) {
        let (still, _) = self.to_write(now);
        let differs = |day: &Date| {
            let name = day.to_string();
            let of = |all: &[Amount]| all.iter().filter(|one| one.day == name).cloned().collect::<Vec<_>>();
            of(&still) != of(amounts)
        };
        self.dirty.retain(differs);
        let from = Self::kept_from(now);
        self.days.retain(|day, _| *day >= from);
    }

    /// The days, oldest first.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = (Date, &DayCount)> {
        self.days.iter().map(|(day, count)| (*day, count))
    }

    /// One day; of nothing where nothing is known.
    pub fn day(&self, day: Date) -> DayCount {
        self.days.get(&day).copied().unwrap_or_default()
    }

    /// Everything of ours in that month.
    pub fn month(&self, month: Month) -> Tally {
        self.days.range(month.first()..=month.last()).fold(Tally::default(), |sum, (_, day)| sum.plus(&day.ours))
    }

    /// Amounts of ours by day.
    pub fn ours(&self, amount: impl Fn(&Tally) -> u64) -> Days {
        self.days.iter().map(|(day, count)| (*day, amount(&count.ours))).collect()
    }

    /// Everybody's commands on a day: what the service's counter grew by since the day before. On the first of a month
    /// all of it.
    pub fn everybody_on(&self, day: Date) -> Option<u64> {
        let now = self.days.get(&day)?.everybody?;
        if day.day() == 1 {
            return Some(now);
        }
        now.checked_sub(self.days.get(&day.yesterday().ok()?)?.everybody?)
    }

    /// For how many days before this one nothing at all was counted; `None` where nothing ever was.
    pub fn idle_before(&self, now: Millis) -> Option<u32> {
        let today = day_of(now);
        let (last, _) = self.days.range(..today).rev().find(|(_, count)| count.ours.commands() > 0)?;
        u32::try_from((today - *last).get_days()).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::usage::Meter;

    fn at(text: &str) -> Millis {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn november() -> Month {
        Month::at(at("2026-11-15T00:00:00Z"))
    }

    #[test]
    fn what_was_written_comes_back_and_counts_once() {
        let meter = Meter::default();
        let now = at("2026-11-25T12:00:00Z");
        let mut books = Books::default();
        meter.count(CommandKind::Publish, 5);
        books.count(&meter.so_far(), now);
        assert_eq!(books.to_write(now).0, [], "what stood there before is not known");
        let before = Amount { day: "2026-11-25".into(), what: "publish".into(), amount: 10 };
        books.open(vec![before, Amount { day: "2026-11-24".into(), what: "connect".into(), amount: 3 }]);
        let (amounts, forget) = books.to_write(now);
        assert_eq!(amounts, [Amount { day: "2026-11-25".into(), what: "publish".into(), amount: 15 }]);
        assert_eq!(forget, "2025-10-21");
        // Written twice, as after an answer that was lost, it is the same.
        assert_eq!(books.to_write(now).0, amounts);
        meter.count(CommandKind::Publish, 1);
        books.count(&meter.so_far(), now);
        books.written(&amounts, now);
        let (more, _) = books.to_write(now);
        assert_eq!(more[0].amount, 16, "counted since it was handed out");
        books.written(&more, now);
        assert_eq!(books.to_write(now).0, []);
        assert_eq!(books.month(november()).commands(), 19);
        let mut again = Books::default();
        again.open(more);
        assert_eq!(again.month(november()).of(CommandKind::Publish), 16);
    }

    #[test]
    fn the_month_turns_and_counts_from_nothing() {
        let meter = Meter::default();
        let mut books = Books::default();
        books.open(Vec::new());
        meter.count(CommandKind::Heartbeat, 7);
        books.count(&meter.so_far(), at("2026-11-30T23:59:59Z"));
        meter.count(CommandKind::Heartbeat, 2);
        books.count(&meter.so_far(), at("2026-12-01T00:00:00Z"));
        assert_eq!(books.month(november()).commands(), 7);
        assert_eq!(books.month(Month::at(at("2026-12-01T00:00:00Z"))).commands(), 2);
    }

    #[test]
    fn a_clock_set_back_counts_nothing_twice() {
        let meter = Meter::default();
        let mut books = Books::default();
        books.open(Vec::new());
        for (now, many) in [("2026-11-25T12:00:00Z", 3), ("2026-11-20T12:00:00Z", 4), ("2026-11-25T12:01:00Z", 5)] {
            meter.count(CommandKind::Record, many);
            books.count(&meter.so_far(), at(now));
        }
        assert_eq!(books.month(november()).commands(), 12);
        assert_eq!(books.day("2026-11-20".parse().unwrap()).ours.commands(), 4);
        assert_eq!(books.to_write(at("2026-11-25T12:01:00Z")).0.len(), 2);
    }

    #[test]
    fn a_day_of_everybody_s_is_what_the_counter_grew_by() {
        let mut books = Books::default();
        for (day, total) in [("2026-11-29", 700), ("2026-11-30", 1_000), ("2026-12-01", 40), ("2026-12-03", 90)] {
            books.everybody(total, at(&format!("{day}T20:00:00Z")));
        }
        let on = |day: &str| books.everybody_on(day.parse().unwrap());
        assert_eq!((on("2026-11-29"), on("2026-11-30"), on("2026-12-01")), (None, Some(300), Some(40)));
        assert_eq!((on("2026-12-02"), on("2026-12-03")), (None, None));
    }

    #[test]
    fn days_without_the_program_are_counted() {
        let now = at("2026-03-02T12:00:00Z");
        let mut books = Books::default();
        assert_eq!(books.idle_before(now), None);
        books.open(vec![Amount { day: "2026-02-06".into(), what: "heartbeat".into(), amount: 1 }]);
        assert_eq!(books.idle_before(now), Some(24));
        assert_eq!(books.idle_before(at("2026-02-07T00:00:00Z")), Some(1));
        assert_eq!(books.idle_before(at("2027-02-06T00:00:00Z")), Some(365));
    }
}
