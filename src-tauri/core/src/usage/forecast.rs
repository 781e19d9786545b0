//! Where the month will end, by a method that can be said in a sentence. Pure.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

use super::{
    month::{DAY, Month, day_of},
    terms::real,
};
use crate::message::Millis;

/// So many full days are looked at.
const LOOKED_AT: i32 = 7;

/// Amounts by day.
pub type Days = BTreeMap<Date, u64>;

/// Where the month will end.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The middle.
    pub expected: u64,
    /// If every day is as the least of those looked at.
    pub low: u64,
    /// If every day is as the most of them.
    pub high: u64,
    /// Full days that were looked at; 0 where there was only today.
    pub days: u32,
    /// How it was made, in a sentence.
    pub method: String,
    /// The day on which the limit is passed, if that is in this month.
    pub passes_on: Option<Date>,
    /// What each day that is left is taken to bring.
    pub a_day: Range,
    /// So much may each of them bring until the limit is reached; `None` where there is none.
    pub room: Option<u64>,
}

/// A middle and what lies around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub least: u64,
    /// The middle.
    pub middle: u64,
    /// The most.
    pub most: u64,
}

/// The end of the month at `now`, with `used` so far in it and these amounts on each day that is known. A day between
/// two known ones was one of nothing. `None` before there is anything to go by.
pub fn forecast(days: &Days, used: u64, limit: Option<u64>, now: Millis) -> Option<Forecast> {
    let (rate, method) = rate(days, now)?;
    let left = real(u64::try_from(Month::at(now).ends() - now).unwrap_or_default()) / real(DAY.unsigned_abs());
    let end = |a_day: f64| used.saturating_add(whole(a_day * left));
    Some(Forecast {
        expected: end(rate.middle),
        low: end(rate.least),
        high: end(rate.most),
        days: rate.days,
        method,
        passes_on: limit.and_then(|limit| passes_on(limit, used, rate.middle, now)),
        a_day: Range { least: whole(rate.least), middle: whole(rate.middle), most: whole(rate.most) },
        // Something is always left of the month that is still this one.
        room: limit.map(|limit| whole((real(limit.saturating_sub(used)) / left).floor())),
    })
}

/// What a day brings.
struct Rate {
    least: f64,
    middle: f64,
    most: f64,
    days: u32,
}

fn rate(days: &Days, now: Millis) -> Option<(Rate, String)> {
    let today = day_of(now);
    let known = days.range(..today).next().map(|(first, _)| *first);
    // The first day that is known was hardly a whole one.
    let from = known.and_then(|first| first.tomorrow().ok());
    let from = from.map(|from| from.max(today.saturating_sub(LOOKED_AT.days()))).filter(|from| *from < today);
    let Some(from) = from else { return of_today(days, today, now) };
    let mut full: Vec<u64> =
        from.series(1.day()).take_while(|day| *day < today).map(|day| days.get(&day).copied().unwrap_or(0)).collect();
    full.sort_unstable();
    let count = u32::try_from(full.len()).unwrap_or(u32::MAX);
    let rate = Rate { least: real(*full.first()?), middle: median(&full), most: real(*full.last()?), days: count };
    let days = if count == 1 { "the last full day".into() } else { format!("the last {count} full days") };
    let method = format!(
        "What was used so far, and the median of {days} for each day that is left. The range is the least and the most \
         of them."
    );
    Some((rate, method))
}

/// Of a single day only what it has brought so far is known: its range is wide.
fn of_today(days: &Days, today: Date, now: Millis) -> Option<(Rate, String)> {
    const HOUR: Millis = DAY / 24;
    let so_far = *days.get(&today)?;
    let passed = now.rem_euclid(DAY).max(HOUR);
    let a_day = real(so_far) * real(DAY.unsigned_abs()) / real(passed.unsigned_abs());
    let rate = Rate { least: a_day / 2.0, middle: a_day, most: a_day * 2.0, days: 0 };
    let method = "What was used so far, and as much as today’s pace for each day that is left. The range is half and \
                  double of that: a single day says little.";
    Some((rate, method.into()))
}

fn median(sorted: &[u64]) -> f64 {
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (Some(upper), 0) => f64::midpoint(real(sorted.get(middle - 1).copied().unwrap_or(*upper)), real(*upper)),
        (Some(one), _) => real(*one),
        (None, _) => 0.0,
    }
}

fn passes_on(limit: u64, used: u64, a_day: f64, now: Millis) -> Option<Date> {
    if used >= limit {
        return None;
    }
    let days = real(limit - used) / a_day;
    let left = Month::at(now).ends() - now;
    let after = days * real(DAY.unsigned_abs());
    // Nothing a day never passes it: the quotient is then infinite.
    (after < real(left.unsigned_abs())).then(|| day_of(now + whole(after).cast_signed()))
}

/// The nearest whole number; nothing below zero.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded on both sides first")]
pub(super) fn whole(number: f64) -> u64 {
    const MOST: f64 = 9_007_199_254_740_992.0;
    number.round().clamp(0.0, MOST) as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn days(from: &str, amounts: &[u64]) -> Days {
        let from: Date = from.parse().unwrap();
        from.series(1.day()).zip(amounts.iter().copied()).collect()
    }

    #[test]
    fn the_median_of_seven_days_times_the_days_left() {
        // The first day was begun in the middle, today is not over; between them seven full days.
        let days = days("2026-11-12", &[3, 100, 300, 200, 900, 150, 250, 0, 50]);
        let made = forecast(&days, 2_000, Some(4_000), at("2026-11-20T12:00:00Z")).unwrap();
        // 10.5 days are left; sorted: 0 100 150 200 250 300 900.
        assert_eq!((made.days, made.expected, made.low, made.high), (7, 2_000 + 2_100, 2_000, 2_000 + 9_450));
        assert_eq!(made.passes_on.unwrap().to_string(), "2026-11-30");
        // 2,000 are left for these 10.5 days.
        assert_eq!((made.a_day, made.room), (Range { least: 0, middle: 200, most: 900 }, Some(190)));
        assert!(made.method.contains("median of the last 7 full days"), "{}", made.method);
    }

    #[test]
    fn a_day_without_the_program_counts_as_nothing() {
        let mut days = days("2026-11-12", &[10, 10, 10]);
        days.insert("2026-11-16".parse().unwrap(), 10);
        let made = forecast(&days, 40, None, at("2026-11-17T00:00:00Z")).unwrap();
        // 13, 14, 15 (nothing), 16: the median is 10.
        assert_eq!((made.days, made.low, made.expected), (4, 40, 40 + 140));
        assert_eq!(made.passes_on, None);
    }

    #[test]
    fn the_first_day_goes_by_its_own_pace() {
        let days = days("2026-11-30", &[60]);
        let made = forecast(&days, 60, Some(100), at("2026-11-30T12:00:00Z")).unwrap();
        assert_eq!((made.days, made.expected, made.low, made.high), (0, 120, 90, 180));
        assert_eq!(made.passes_on.unwrap().to_string(), "2026-11-30");
        assert_eq!(forecast(&Days::new(), 0, Some(100), at("2026-11-30T12:00:00Z")), None);
    }

    #[test]
    fn a_leap_february_is_a_day_longer() {
        let days = |year: &str| days(&format!("{year}-02-01"), &[0, 100, 100, 100]);
        let end =
            |year: &str| forecast(&days(year), 300, None, at(&format!("{year}-02-05T00:00:00Z"))).unwrap().expected;
        assert_eq!((end("2027"), end("2028")), (300 + 2_400, 300 + 2_500));
    }

    #[test]
    fn what_the_month_before_brought_is_gone_by_but_not_added() {
        let days = days("2026-11-20", &[100; 12]);
        let made = forecast(&days, 0, Some(3_000), at("2026-12-01T00:00:00Z")).unwrap();
        assert_eq!(
            (made.days, made.expected, made.passes_on.map(|day| day.to_string())),
            (7, 3_100, Some("2026-12-31".into()))
        );
    }

    #[test]
    fn a_clock_set_back_looks_at_what_lies_before_it() {
        let days = days("2026-11-01", &[0, 10, 10, 10, 1_000, 1_000]);
        let made = forecast(&days, 30, None, at("2026-11-05T00:00:00Z")).unwrap();
        assert_eq!((made.days, made.expected), (3, 30 + 260));
    }

    #[test]
    fn a_limit_that_is_passed_already_is_passed_on_no_day() {
        let days = days("2026-11-01", &[0, 10, 10]);
        let made = forecast(&days, 500, Some(400), at("2026-11-04T00:00:00Z")).unwrap();
        assert_eq!((made.passes_on, made.room), (None, Some(0)));
    }
}
