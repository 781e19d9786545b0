//! Days and months in UTC, as the service bills. It must not know a time zone.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::message::Millis;

/// A day of UTC has no other length: neither daylight saving nor leap seconds.
pub const DAY: Millis = 24 * 3_600_000;

/// The day in UTC at that moment.
pub fn day_of(at: Millis) -> Date {
    Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(TimeZone::UTC).date()
}

/// When the next day begins.
pub fn midnight_after(at: Millis) -> Millis {
    (at.div_euclid(DAY) + 1) * DAY
}

/// A month of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Date,
}

impl Month {
    /// The one at that moment.
    pub fn at(at: Millis) -> Self {
        Self::of(day_of(at))
    }

    /// The one of that day.
    pub fn of(day: Date) -> Self {
        Self { first: day.first_of_month() }
    }

    /// Its first day.
    pub fn first(self) -> Date {
        self.first
    }

    /// Its last day.
    pub fn last(self) -> Date {
        self.first.last_of_month()
    }

    /// How many days it has.
    pub fn days(self) -> u32 {
        u32::from(self.last().day().unsigned_abs())
    }

    /// When it begins.
    pub fn begins(self) -> Millis {
        start_of(self.first)
    }

    /// When the next one begins, and the service counts from nothing again.
    pub fn ends(self) -> Millis {
        self.begins() + Millis::from(self.days()) * DAY
    }

    /// Is that day in it?
    pub fn has(self, day: Date) -> bool {
        Self::of(day) == self
    }

    /// `2026-11`.
    pub fn name(self) -> String {
        format!("{:04}-{:02}", self.first.year(), self.first.month())
    }

    /// The first day of the next one, in words: "1 December".
    pub fn next_in_words(self) -> String {
        day_of(self.ends()).strftime("%-d %B").to_string()
    }
}

fn start_of(day: Date) -> Millis {
    day.to_zoned(TimeZone::UTC).map_or(0, |day| day.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn a_month_turns_at_midnight_in_utc() {
        let last = at("2026-11-30T23:59:59.999Z");
        assert_eq!(Month::at(last).name(), "2026-11");
        assert_eq!(Month::at(last).ends(), last + 1);
        assert_eq!(Month::at(last + 1).name(), "2026-12");
        assert_eq!(Month::at(last).next_in_words(), "1 December");
        assert_eq!(Month::at(at("2026-12-31T10:00:00Z")).next_in_words(), "1 January");
        assert_eq!(midnight_after(last), last + 1);
        assert_eq!(midnight_after(last + 1), last + 1 + DAY);
    }

    #[test]
    fn a_leap_february_has_one_day_more() {
        let days = |text| Month::at(at(text)).days();
        assert_eq!(days("2027-02-10T00:00:00Z"), 28);
        assert_eq!(days("2028-02-10T00:00:00Z"), 29);
        assert_eq!(days("2100-02-10T00:00:00Z"), 28);
        assert_eq!(Month::at(at("2028-02-29T23:00:00Z")).ends(), at("2028-03-01T00:00:00Z"));
    }

    #[test]
    fn daylight_saving_moves_no_day() {
        // In Europe this night has 25 hours, and the one below 23: the days of UTC have 24.
        for (eve, day) in [("2026-10-25T00:30:00Z", "2026-10-25"), ("2026-03-29T00:30:00Z", "2026-03-29")] {
            let eve = at(eve);
            assert_eq!(day_of(eve).to_string(), day);
            assert_eq!(midnight_after(eve) - midnight_after(eve - DAY), DAY);
            assert_eq!(day_of(eve + 23 * 3_600_000).to_string(), day);
        }
        // Still November for the service, whatever the clock on the wall in Tokyo says.
        assert_eq!(Month::at(at("2026-12-01T08:59:00+09:00")).name(), "2026-11");
    }
}
