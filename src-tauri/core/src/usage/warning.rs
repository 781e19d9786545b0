//! What a person is told of the month, and when: once for each mark. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::view::MeterKind;

/// A month that is long past is forgotten; a clock that is set back finds what was said.
const MONTHS_KEPT: usize = 6;

/// Something to be told once a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The forecast passes the limit.
    Forecast,
    /// Half of it is used.
    Half,
    /// Four fifths.
    FourFifths,
    /// Nineteen twentieths.
    NearlyAll,
}

impl Mark {
    /// The marks that are reached with so much used, in percent.
    fn reached(percent: f64) -> impl Iterator<Item = Self> {
        let marks = [(50.0, Self::Half), (80.0, Self::FourFifths), (95.0, Self::NearlyAll)];
        marks.into_iter().filter(move |(from, _)| percent >= *from).map(|(_, mark)| mark)
    }
}

/// What was told, by month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Told(BTreeMap<String, Vec<(MeterKind, Mark)>>);

/// What is to be told now of one meter, if anything: of several marks passed at once the highest, and the lower ones
/// are not told any more. From then on it counts as told.
pub fn due(told: &mut Told, month: &str, meter: MeterKind, percent: f64, passes: bool) -> Option<Mark> {
    let said = told.0.entry(month.to_owned()).or_default();
    let forecast = passes.then_some(Mark::Forecast);
    let reached = forecast.into_iter().chain(Mark::reached(percent));
    let fresh: Vec<_> = reached.filter(|mark| !said.contains(&(meter, *mark))).collect();
    said.extend(fresh.iter().map(|mark| (meter, *mark)));
    // Once the limit is near, that it will be passed is nothing new.
    if fresh.iter().any(|mark| *mark >= Mark::FourFifths) && !said.contains(&(meter, Mark::Forecast)) {
        said.push((meter, Mark::Forecast));
    }
    while told.0.len() > MONTHS_KEPT {
        told.0.pop_first();
    }
    fresh.into_iter().max()
}

impl Told {
    /// It was not told after all. The lower marks that were passed with it stay as told.
    pub fn take_back(&mut self, month: &str, meter: MeterKind, mark: Mark) {
        if let Some(said) = self.0.get_mut(month) {
            said.retain(|known| *known != (meter, mark));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: MeterKind = MeterKind::Commands;

    #[test]
    fn each_mark_is_told_once_a_month() {
        let mut told = Told::default();
        let mut at = |month, percent, passes| due(&mut told, month, COMMANDS, percent, passes);
        assert_eq!(at("2026-11", 10.0, false), None);
        assert_eq!(at("2026-11", 12.0, true), Some(Mark::Forecast));
        assert_eq!(at("2026-11", 49.9, true), None);
        assert_eq!(at("2026-11", 50.0, false), Some(Mark::Half));
        assert_eq!(at("2026-11", 79.0, true), None, "it came back, and was told already");
        assert_eq!(at("2026-11", 80.0, true), Some(Mark::FourFifths));
        assert_eq!(at("2026-11", 99.0, true), Some(Mark::NearlyAll));
        assert_eq!(at("2026-11", 120.0, true), None);
        assert_eq!(at("2026-12", 0.0, false), None);
        assert_eq!(at("2026-12", 50.0, false), Some(Mark::Half), "the month turned");
    }

    #[test]
    fn of_several_at_once_the_highest() {
        let mut told = Told::default();
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 96.0, true), Some(Mark::NearlyAll));
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 96.0, true), None);
        assert_eq!(due(&mut told, "2026-11", MeterKind::Storage, 51.0, false), Some(Mark::Half));
        let mut told = Told::default();
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 81.0, false), Some(Mark::FourFifths));
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 82.0, true), None, "that it goes on is no news");
    }

    #[test]
    fn what_was_not_told_after_all_is_told_again_and_nothing_else() {
        let mut told = Told::default();
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 81.0, true), Some(Mark::FourFifths));
        told.take_back("2026-11", COMMANDS, Mark::FourFifths);
        told.take_back("2026-12", COMMANDS, Mark::Half);
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 81.0, true), Some(Mark::FourFifths));
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 81.0, true), None);
    }

    #[test]
    fn a_clock_set_back_says_nothing_twice() {
        let mut told = Told::default();
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 96.0, false), Some(Mark::NearlyAll));
        assert_eq!(due(&mut told, "2026-12", COMMANDS, 51.0, false), Some(Mark::Half));
        assert_eq!(due(&mut told, "2026-11", COMMANDS, 96.0, false), None);
        let kept: Option<Told> = serde_json::to_string(&told).ok().and_then(|text| serde_json::from_str(&text).ok());
        assert_eq!(kept.as_ref(), Some(&told), "over a restart too");
        for month in 1..=12 {
            due(&mut told, &format!("2027-{month:02}"), COMMANDS, 51.0, false);
        }
        assert_eq!(told.0.len(), MONTHS_KEPT);
    }
}
