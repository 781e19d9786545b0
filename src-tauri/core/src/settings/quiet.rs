//! Hours in which nothing is shown, as the wall clock has them.

use jiff::civil::Time;

use super::Quiet;

/// Minutes since midnight; `None` for what is no time of day.
pub(super) fn minutes(time: &str) -> Option<i16> {
    let (hour, minute) = time.trim().split_once(':')?;
    let two = |digits: &str| matches!(digits.len(), 1 | 2).then(|| digits.parse::<i8>().ok()).flatten();
    let time = Time::new(two(hour)?, two(minute)?, 0, 0).ok()?;
    Some(i16::from(time.hour()) * 60 + i16::from(time.minute()))
}

impl Quiet {
    /// Is that time of day within the quiet hours? The first minute is, the last is not; where both are the same,
    /// none is.
    pub fn holds(&self, at: Time) -> bool {
        let (true, Some(from), Some(until)) = (self.on, minutes(&self.from), minutes(&self.until)) else {
            return false;
        };
        let now = i16::from(at.hour()) * 60 + i16::from(at.minute());
        if from <= until { (from..until).contains(&now) } else { now >= from || now < until }
    }

    /// When the quiet hours end that hold now: the next time of day at which they do, in the zone of `now`.
    pub fn ends(&self, now: &jiff::Zoned) -> Option<jiff::Timestamp> {
        if !self.holds(now.time()) {
            return None;
        }
        let until = minutes(&self.until)?;
        let time = Time::new(i8::try_from(until / 60).ok()?, i8::try_from(until % 60).ok()?, 0, 0).ok()?;
        let today = now.date();
        let day = if time > now.time() { today } else { today.tomorrow().ok()? };
        // An hour that the clock leaves out is taken as the one after it.
        Some(day.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use jiff::{civil::time, tz::TimeZone};

    use super::*;

    fn quiet(from: &str, until: &str) -> Quiet {
        Quiet { on: true, from: from.into(), until: until.into(), urgent: true }
    }

    #[test]
    fn over_midnight_and_within_a_day() {
        let night = quiet("22:00", "07:00");
        for (hour, minute, holds) in
            [(21, 59, false), (22, 0, true), (23, 59, true), (0, 0, true), (6, 59, true), (7, 0, false), (12, 0, false)]
        {
            assert_eq!(night.holds(time(hour, minute, 0, 0)), holds, "{hour}:{minute}");
        }
        let siesta = quiet("13:00", "15:30");
        assert!(siesta.holds(time(15, 29, 59, 0)) && !siesta.holds(time(15, 30, 0, 0)));
        assert!(!siesta.holds(time(12, 59, 59, 0)));
        assert!(!quiet("09:00", "09:00").holds(time(9, 0, 0, 0)));
        assert!(!Quiet { on: false, ..night }.holds(time(23, 0, 0, 0)));
    }

    #[test]
    fn they_end_at_the_next_such_time() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(berlin.clone()).unwrap();
        let night = quiet("22:00", "07:00");
        assert_eq!(night.ends(&at("2026-11-23T23:00:00")), Some(at("2026-11-24T07:00:00").timestamp()));
        assert_eq!(night.ends(&at("2026-11-24T03:00:00")), Some(at("2026-11-24T07:00:00").timestamp()));
        assert_eq!(night.ends(&at("2026-11-24T08:00:00")), None);
        // The night the clocks go forward is an hour shorter; the one they go back an hour longer.
        assert_eq!(night.ends(&at("2026-03-28T23:00:00")), Some(at("2026-03-29T07:00:00").timestamp()));
        let short = quiet("22:00", "02:30");
        assert_eq!(short.ends(&at("2026-03-28T23:00:00")), Some(at("2026-03-29T03:30:00").timestamp()));
        assert_eq!(night.ends(&at("2026-10-24T23:00:00")), Some(at("2026-10-25T07:00:00").timestamp()));
    }

    #[test]
    fn times_of_day_are_read() {
        assert_eq!((minutes("07:05"), minutes("7:05"), minutes(" 23:59 ")), (Some(425), Some(425), Some(1439)));
        for wrong in ["", "7", "24:00", "7:60", "-1:00", "07:005", "ab:cd", "7:5:3"] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
    }
}
