//! What was counted, by database and day: in memory, with what is to be written. Pure; whoever reads and writes hands it
//! over.
//!
//! Each database has a ledger of its own, as each has limits of its own; all but the export is of the one in use.

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

/// A database's days.
type Ledger = BTreeMap<Date, DayCount>;

static NOTHING: Ledger = Ledger::new();

/// The days, and how much of the meter stands in them.
#[derive(Debug, Default)]
pub struct Books {
    /// By the database's host and port. Under the empty name what was counted before one was known.
    ledgers: BTreeMap<String, Ledger>,
    /// The one in use.
    here: String,
    seen: Tally,
    /// The same of each meter that counts for a database by its name.
    seen_by_name: BTreeMap<String, Tally>,
    dirty: BTreeSet<(String, Date)>,
    /// What was written before is known. Until then nothing may be written, as it would take its place.
    opened: bool,
}

/// A day of a database, as it goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The day in UTC.
    pub day: Date,
    /// The database's host and port; empty where it was not known.
    pub database: &'a str,
    /// Ours.
    pub ours: &'a Tally,
    /// Everybody's commands, where they are known.
    pub everybody: Option<u64>,
}

impl Books {
    /// The first day that is kept.
    pub fn kept_from(now: Millis) -> Date {
        day_of(now).saturating_sub(KEPT.days())
    }

    /// What was written before, and the database that was in use last: it counts as the one in use until that is known.
    /// What has been counted meanwhile is added.
    pub fn open(&mut self, written: Vec<Amount>, last: &str) {
        for Amount { day, what, amount } in written.into_iter().filter(|one| one.amount > 0) {
            let Ok(day) = day.parse::<Date>() else { continue };
            let (what, database) = parted(&what);
            let count = self.ledgers.entry(database.to_owned()).or_default().entry(day).or_default();
            match what {
                BYTES_IN => count.ours.bytes_in += amount,
                BYTES_OUT => count.ours.bytes_out += amount,
                // Of which database's everybody would it be?
                EVERYBODY if database.is_empty() => {}
                EVERYBODY => count.everybody = count.everybody.or(Some(amount)),
                other => {
                    if let Some(kind) = kind_of(other) {
                        *count.ours.of_mut(kind) += amount;
                    }
                }
            }
        }
        self.opened = true;
        if self.here.is_empty() {
            last.clone_into(&mut self.here);
        }
        self.take_in();
    }

    /// Is it known what was written before?
    pub fn is_open(&self) -> bool {
        self.opened
    }

    /// The database in use, by its host and port; empty where none is known.
    pub fn here(&self) -> &str {
        &self.here
    }

    /// From now on this database is in use. Says whether another one was before.
    pub fn turn(&mut self, database: &str) -> bool {
        let before = std::mem::replace(&mut self.here, database.to_owned());
        self.take_in();
        !before.is_empty() && before != database
    }

    /// What was counted before any database was known belongs to the first one that is.
    fn take_in(&mut self) {
        if self.here.is_empty() || !self.opened {
            return;
        }
        let Some(nameless) = self.ledgers.remove("") else { return };
        let ledger = self.ledgers.entry(self.here.clone()).or_default();
        for (day, count) in nameless {
            let mine = ledger.entry(day).or_default();
            mine.ours = mine.ours.plus(&count.ours);
            self.dirty.insert((self.here.clone(), day));
            // So that what stands there without a name does not come back.
            self.dirty.insert((String::new(), day));
        }
    }

    /// What the meter has counted since the last call belongs to this day of the database in use.
    pub fn count(&mut self, meter: &Tally, now: Millis) {
        if *meter == self.seen {
            return;
        }
        let before = std::mem::replace(&mut self.seen, *meter);
        let here = self.here.clone();
        self.today(here, now).ours.add_since(meter, &before);
    }

    /// The same of a meter that counts for that database, whichever is in use.
    pub fn count_by_name(&mut self, database: &str, meter: &Tally, now: Millis) {
        let before = self.seen_by_name.insert(database.to_owned(), *meter).unwrap_or_default();
        if *meter != before {
            self.today(database.to_owned(), now).ours.add_since(meter, &before);
        }
    }

    /// The service says that so many commands are everybody's this month.
    pub fn everybody(&mut self, commands: u64, now: Millis) {
        self.today(self.here.clone(), now).everybody = Some(commands);
    }

    /// A database's day, to be changed and then written.
    fn today(&mut self, database: String, now: Millis) -> &mut DayCount {
        let day = day_of(now);
        self.dirty.insert((database.clone(), day));
        self.ledgers.entry(database).or_default().entry(day).or_default()
    }

    /// What is to be written: whole days, and the day before which all may be forgotten. Empty where nothing is new, or
    /// what was written before is not known yet.
    pub fn to_write(&self, now: Millis) -> (Vec<Amount>, String) {
        let forget = Self::kept_from(now).to_string();
        if !self.opened {
            return (Vec::new(), forget);
        }
        (self.dirty.iter().flat_map(|(database, day)| self.amounts(database, *day)).collect(), forget)
    }

    /// A day as it is written.
    fn amounts(&self, database: &str, day: Date) -> Vec<Amount> {
        let count = self.ledgers.get(database).and_then(|ledger| ledger.get(&day)).copied().unwrap_or_default();
        let commands = CommandKind::ALL.into_iter().map(|kind| (kind.word(), Some(count.ours.of(kind))));
        let others = [
            (BYTES_IN, Some(count.ours.bytes_in)),
            (BYTES_OUT, Some(count.ours.bytes_out)),
            (EVERYBODY, count.everybody),
        ];
        let named = |what: &str| if database.is_empty() { what.to_owned() } else { format!("{what}@{database}") };
        commands
            .chain(others)
            .filter_map(|(what, amount)| Some((what, amount?)))
            // Without a name, nothing takes the place of what was moved away from there.
            .filter(|(_, amount)| *amount > 0 || database.is_empty())
            .map(|(what, amount)| Amount { day: day.to_string(), what: named(what), amount })
            .collect()
    }

    /// These are written. What was counted since they were handed out is still to be.
    pub fn written(&mut self, amounts: &[Amount], now: Millis) {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.retain(|(database, day)| {
            let name = day.to_string();
            let of_it = |one: &&Amount| one.day == name && parted(&one.what).1 == database;
            !amounts.iter().filter(of_it).eq(&self.amounts(database, *day))
        });
        self.dirty = dirty;
        let from = Self::kept_from(now);
        for ledger in self.ledgers.values_mut() {
            ledger.retain(|day, _| *day >= from);
        }
    }

    fn ledger(&self) -> &Ledger {
        self.ledgers.get(&self.here).unwrap_or(&NOTHING)
    }

    /// The days, oldest first.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = (Date, &DayCount)> {
        self.ledger().iter().map(|(day, count)| (*day, count))
    }

    /// The days of every database, oldest first.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        for (database, ledger) in &self.ledgers {
            lines.extend(ledger.iter().map(|(day, count)| Line {
                day: *day,
                database,
                ours: &count.ours,
                everybody: grown(ledger, *day),
            }));
        }
        lines.sort_by_key(|line| (line.day, line.database));
        lines
    }

    /// One day; of nothing where nothing is known.
    pub fn day(&self, day: Date) -> DayCount {
        self.ledger().get(&day).copied().unwrap_or_default()
    }

    /// Everything of ours in that month.
    pub fn month(&self, month: Month) -> Tally {
        sum(self.ledger(), month)
    }

    /// Our commands of that month that went to other databases.
    pub fn elsewhere(&self, month: Month) -> u64 {
        let others = self.ledgers.iter().filter(|(database, _)| **database != self.here);
        others.map(|(_, ledger)| sum(ledger, month).commands()).sum()
    }

    /// Amounts of ours by day.
    pub fn ours(&self, amount: impl Fn(&Tally) -> u64) -> Days {
        self.ledger().iter().map(|(day, count)| (*day, amount(&count.ours))).collect()
    }

    /// Everybody's commands on a day: what the service's counter grew by since the day before. On the first of a month
    /// all of it.
    pub fn everybody_on(&self, day: Date) -> Option<u64> {
        grown(self.ledger(), day)
    }

    /// For how many days until today nothing at all was written, of any database; `None` where nothing ever was.
    pub fn idle(written: &[Amount], now: Millis) -> Option<u32> {
        let commands = written.iter().filter(|one| one.amount > 0 && kind_of(parted(&one.what).0).is_some());
        let last = commands.filter_map(|one| one.day.parse::<Date>().ok()).max()?;
        Some(u32::try_from((day_of(now) - last).get_days()).unwrap_or_default())
    }
}

/// What an amount is of, and of which database.
fn parted(what: &str) -> (&str, &str) {
    what.split_once('@').unwrap_or((what, ""))
}

fn kind_of(word: &str) -> Option<CommandKind> {
    CommandKind::ALL.into_iter().find(|kind| kind.word() == word)
}

fn sum(ledger: &Ledger, month: Month) -> Tally {
    ledger.range(month.first()..=month.last()).fold(Tally::default(), |sum, (_, day)| sum.plus(&day.ours))
}

fn grown(ledger: &Ledger, day: Date) -> Option<u64> {
    let now = ledger.get(&day)?.everybody?;
    if day.day() == 1 {
        return Some(now);
    }
    now.checked_sub(ledger.get(&day.yesterday().ok()?)?.everybody?)
}

#[cfg(test)]
mod tests;
