#![allow(clippy::unwrap_used)]

use super::*;
use crate::usage::Meter;

fn at(text: &str) -> Millis {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn amount(day: &str, what: &str, amount: u64) -> Amount {
    Amount { day: day.into(), what: what.into(), amount }
}

fn november() -> Month {
    Month::at(at("2026-11-15T00:00:00Z"))
}

#[test]
fn what_was_written_comes_back_and_counts_once() {
    let meter = Meter::default();
    let now = at("2026-11-25T12:00:00Z");
    let mut books = Books::default();
    books.turn("a:1");
    meter.count(CommandKind::Publish, 5);
    books.count(&meter.so_far(), now);
    assert_eq!(books.to_write(now).0, [], "what stood there before is not known");
    let before = amount("2026-11-25", "publish@a:1", 10);
    books.open(vec![before, amount("2026-11-24", "connect@a:1", 3)], "");
    let (amounts, forget) = books.to_write(now);
    assert_eq!(amounts, [amount("2026-11-25", "publish@a:1", 15)]);
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
    again.open(more, "a:1");
    assert_eq!(again.month(november()).of(CommandKind::Publish), 16);
}

#[test]
fn the_month_turns_and_counts_from_nothing() {
    let meter = Meter::default();
    let mut books = Books::default();
    books.open(Vec::new(), "");
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
    books.open(Vec::new(), "");
    for (now, many) in [("2026-11-25T12:00:00Z", 3), ("2026-11-20T12:00:00Z", 4), ("2026-11-25T12:01:00Z", 5)] {
        meter.count(CommandKind::Record, many);
        books.count(&meter.so_far(), at(now));
    }
    assert_eq!(books.month(november()).commands(), 12);
    assert_eq!(books.day("2026-11-20".parse().unwrap()).ours.commands(), 4);
    let written = books.to_write(at("2026-11-25T12:01:00Z")).0;
    assert_eq!(written.iter().filter(|one| one.amount > 0).count(), 2);
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
fn days_without_the_program_are_counted_whatever_the_database() {
    let now = at("2026-03-02T12:00:00Z");
    assert_eq!(Books::idle(&[], now), None);
    let mut written = vec![amount("2026-02-06", "heartbeat@a:1", 1), amount("2026-02-05", "connect", 3)];
    assert_eq!(Books::idle(&written, now), Some(24));
    assert_eq!(Books::idle(&written, at("2026-02-07T00:00:00Z")), Some(1));
    assert_eq!(Books::idle(&written, at("2027-02-06T00:00:00Z")), Some(365));
    assert_eq!(Books::idle(&written, at("2026-02-01T00:00:00Z")), Some(0), "a clock set back");
    // Neither bytes nor the service's own counter are ours, and a nothing is nothing.
    written.extend([amount("2026-02-20", "everybody@a:1", 9), amount("2026-02-21", "publish", 0)]);
    assert_eq!(Books::idle(&written, now), Some(24));
    written.push(amount("2026-03-02", "heartbeat@b:1", 1));
    assert_eq!(Books::idle(&written, now), Some(0), "it has been on today");
}

#[test]
fn each_database_has_a_ledger_of_its_own() {
    let meter = Meter::default();
    let now = at("2026-11-25T12:00:00Z");
    let mut books = Books::default();
    books.open(Vec::new(), "");
    let use_up = |books: &mut Books, many| {
        meter.count(CommandKind::Publish, many);
        books.count(&meter.so_far(), now);
    };
    // Tried before it was set up: it is the first one's.
    use_up(&mut books, 29);
    assert!(!books.turn("a:1"), "the first one is no change");
    use_up(&mut books, 400);
    books.everybody(1_000, now);
    assert!(books.turn("b:1") && !books.turn("b:1"));
    assert_eq!((books.month(november()).commands(), books.elsewhere(november())), (0, 429));
    assert_eq!(books.day(day_of(now)).everybody, None);
    use_up(&mut books, 7);
    assert_eq!((books.month(november()).commands(), books.elsewhere(november())), (7, 429));
    assert!(books.turn("a:1"), "back again, and it goes on from there");
    assert_eq!((books.month(november()).commands(), books.elsewhere(november())), (429, 7));
    let lines: Vec<_> = books.lines().iter().map(|line| (line.database, line.ours.commands())).collect();
    assert_eq!(lines, [("a:1", 429), ("b:1", 7)]);

    // Over a restart too, and before the database is known the last one counts.
    let (written, _) = books.to_write(now);
    books.written(&written, now);
    assert_eq!(books.to_write(now).0, []);
    let mut again = Books::default();
    again.open(written, "b:1");
    assert_eq!((again.here(), again.month(november()).commands()), ("b:1", 7));
    again.turn("a:1");
    assert_eq!((again.month(november()).commands(), again.elsewhere(november())), (429, 7));
}

#[test]
fn what_stands_without_a_name_is_moved_and_does_not_come_back() {
    let now = at("2026-11-25T12:00:00Z");
    let stands = vec![amount("2026-11-20", "publish", 5), amount("2026-11-20", "everybody", 50)];
    let mut books = Books::default();
    books.turn("a:1");
    books.open(stands.clone(), "");
    let month = |books: &Books| books.month(november()).commands();
    assert_eq!(month(&books), 5);
    // As the file does it: an amount takes the place of the one of the same day and name.
    let mut file: std::collections::BTreeMap<(String, String), u64> = std::collections::BTreeMap::new();
    for Amount { day, what, amount } in stands.into_iter().chain(books.to_write(now).0) {
        file.insert((day, what), amount);
    }
    let mut again = Books::default();
    again.open(file.into_iter().map(|((day, what), amount)| Amount { day, what, amount }).collect(), "a:1");
    assert_eq!(month(&again), 5);
}
