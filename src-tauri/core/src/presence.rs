//! Who was heard when, and who has gone silent. Pure: times are handed in.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::message::Millis;

/// Whether an agent gives signs of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Not heard yet, and not listened for long enough to call it silent.
    Unknown,
    /// Heard within three of its intervals.
    Alive,
    /// No sign for three of its intervals.
    Silent,
}

/// An agent and when it was last heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AgentView {
    /// Its name; a claim, as every sender's.
    pub name: String,
    /// Is it one of our peers?
    pub peer: bool,
    /// Heard lately or not.
    pub presence: Presence,
    /// When it was last heard on any channel.
    #[ts(type = "number | null")]
    pub last_heard: Option<Millis>,
    /// The interval of its heartbeats in seconds, as learnt from them.
    pub interval_s: Option<u32>,
}

/// The interval of an agent that has not shown its own, in seconds.
const USUAL_INTERVAL: u32 = 120;

/// So many intervals without a sign are silence.
const INTERVALS: i64 = 3;

/// From so many heartbeats an interval is learnt.
const LEARNT_FROM: usize = 5;

/// More agents than this are not kept in mind; the one heard longest ago goes. Names are claims, and cost nothing.
const MOST_AGENTS: usize = 200;

/// Every agent heard.
#[derive(Debug, Default)]
pub struct Roster {
    agents: HashMap<String, Agent>,
    listening_since: Option<Millis>,
}

#[derive(Debug, Default)]
struct Agent {
    last_heard: Option<Millis>,
    last_heartbeat: Option<Millis>,
    spacings: VecDeque<Millis>,
    interval_s: Option<u32>,
}

impl Roster {
    /// An agent known from an earlier run.
    pub fn recall(&mut self, name: &str, last_heard: Millis, interval_s: Option<u32>) {
        let agent = self.agents.entry(name.to_owned()).or_default();
        agent.last_heard = agent.last_heard.max(Some(last_heard));
        agent.interval_s = agent.interval_s.or(interval_s);
    }

    /// From now on everything can be heard; silence before counts for nothing.
    pub fn listening(&mut self, since: Millis) {
        self.listening_since = Some(since);
        for agent in self.agents.values_mut() {
            agent.last_heartbeat = None;
        }
    }

    /// From now on nothing can be heard.
    pub fn deaf(&mut self) {
        self.listening_since = None;
    }

    /// Can anything be heard?
    pub fn is_listening(&self) -> bool {
        self.listening_since.is_some()
    }

    /// The clock shows `now`: what seems to lie ahead was before it was set back, and counts as just now.
    pub fn clock(&mut self, now: Millis) {
        for agent in self.agents.values_mut() {
            // Whoever was not heard since we listen is not made to seem so.
            let since = agent.last_heard >= self.listening_since;
            agent.last_heard = agent.last_heard.map(|at| at.min(now - i64::from(!since)));
            agent.last_heartbeat = agent.last_heartbeat.filter(|&at| at <= now);
        }
        self.listening_since = self.listening_since.map(|at| at.min(now));
    }

    /// An agent said something.
    pub fn heard(&mut self, name: &str, heartbeat: bool, at: Millis) {
        if !self.agents.contains_key(name) {
            self.make_room();
        }
        let agent = self.agents.entry(name.to_owned()).or_default();
        agent.last_heard = agent.last_heard.max(Some(at));
        if heartbeat {
            agent.learn(at);
        }
    }

    fn make_room(&mut self) {
        if self.agents.len() < MOST_AGENTS {
            return;
        }
        let oldest = self.agents.iter().min_by_key(|(_, agent)| agent.last_heard).map(|(name, _)| name.clone());
        if let Some(oldest) = oldest {
            self.agents.remove(&oldest);
        }
    }

    /// All of them, peers first (in their order, heard or not), then by name.
    pub fn view(&self, peers: &[String], now: Millis) -> Vec<AgentView> {
        let strangers = {
            let mut names: Vec<_> = self.agents.keys().filter(|name| !peers.contains(name)).collect();
            names.sort();
            names
        };
        let of = |name: &String, peer: bool| {
            let agent = self.agents.get(name);
            AgentView {
                name: crate::text::line(name, 60),
                peer,
                presence: self.presence(agent, now),
                last_heard: agent.and_then(|agent| agent.last_heard),
                interval_s: agent.and_then(|agent| agent.interval_s),
            }
        };
        peers.iter().map(|name| of(name, true)).chain(strangers.into_iter().map(|name| of(name, false))).collect()
    }

    fn presence(&self, agent: Option<&Agent>, now: Millis) -> Presence {
        match self.silent_from(agent) {
            Some(from) if now >= from => Presence::Silent,
            Some(_) if agent.is_some_and(|agent| agent.last_heard >= self.listening_since) => Presence::Alive,
            _ => Presence::Unknown,
        }
    }

    /// When an agent that gives no sign from now on is silent; `None` while nothing can be heard.
    fn silent_from(&self, agent: Option<&Agent>) -> Option<Millis> {
        let listening = self.listening_since?;
        let last = agent.and_then(|agent| agent.last_heard).unwrap_or(listening).max(listening);
        let interval = agent.and_then(|agent| agent.interval_s).unwrap_or(USUAL_INTERVAL);
        Some(last + i64::from(interval) * 1000 * INTERVALS)
    }

    /// When the next of them will have gone silent, if it gives no sign before.
    pub fn next_silence(&self, peers: &[String], now: Millis) -> Option<Millis> {
        let known = self.agents.values().map(Some);
        let unheard = peers.iter().filter(|peer| !self.agents.contains_key(*peer)).map(|_| None);
        known.chain(unheard).filter_map(|agent| self.silent_from(agent)).filter(|&at| at > now).min()
    }

    /// The agents, for remembering: name, last heard, interval.
    pub fn remembered(&self) -> impl Iterator<Item = (&str, Millis, Option<u32>)> {
        self.agents.iter().filter_map(|(name, agent)| Some((name.as_str(), agent.last_heard?, agent.interval_s)))
    }
}

impl Agent {
    fn learn(&mut self, at: Millis) {
        if let Some(last) = self.last_heartbeat.replace(at) {
            self.spacings.push_back((at - last).clamp(1_000, 3_600_000));
            if self.spacings.len() > LEARNT_FROM {
                self.spacings.pop_front();
            }
            let mut sorted: Vec<_> = self.spacings.iter().copied().collect();
            sorted.sort_unstable();
            // The median: one heartbeat that was late or doubled does not count.
            let seconds = (sorted[sorted.len() / 2] + 500) / 1000;
            self.interval_s = u32::try_from(seconds).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn presence(roster: &Roster, now: Millis) -> Presence {
        roster.view(&["helios".into()], now)[0].presence
    }

    #[test]
    fn silence_is_three_of_its_own_intervals() {
        let mut roster = Roster::default();
        assert_eq!(presence(&roster, 0), Presence::Unknown);
        roster.listening(0);
        for beat in 0..4 {
            roster.heard("helios", true, beat * 10_000);
        }
        assert_eq!(roster.view(&[], 30_000)[0].interval_s, Some(10));
        assert_eq!(presence(&roster, 59_999), Presence::Alive);
        assert_eq!(roster.next_silence(&["helios".into()], 30_000), Some(60_000));
        assert_eq!(presence(&roster, 60_000), Presence::Silent);
        roster.heard("helios", false, 61_000);
        assert_eq!(presence(&roster, 61_000), Presence::Alive);
    }

    #[test]
    fn one_never_heard_is_unknown_and_then_silent() {
        let mut roster = Roster::default();
        roster.listening(0);
        assert_eq!(presence(&roster, 359_999), Presence::Unknown);
        assert_eq!(presence(&roster, 360_000), Presence::Silent);
        assert_eq!(roster.next_silence(&["helios".into()], 0), Some(360_000));
    }

    #[test]
    fn time_in_which_nothing_could_be_heard_is_no_silence() {
        let mut roster = Roster::default();
        roster.recall("helios", 1_000, Some(10));
        roster.listening(1_000_000);
        assert_eq!(presence(&roster, 1_029_999), Presence::Unknown);
        assert_eq!(presence(&roster, 1_030_000), Presence::Silent);
        roster.deaf();
        assert_eq!(presence(&roster, 2_000_000), Presence::Unknown);
    }

    #[test]
    fn a_pause_in_listening_teaches_no_interval() {
        let mut roster = Roster::default();
        roster.listening(0);
        roster.heard("helios", true, 0);
        roster.heard("helios", true, 5_000);
        roster.deaf();
        roster.listening(900_000);
        roster.heard("helios", true, 901_000);
        roster.heard("helios", true, 906_000);
        assert_eq!(roster.view(&[], 906_000)[0].interval_s, Some(5));
    }

    #[test]
    fn a_clock_set_back_delays_silence_by_no_more_than_three_intervals() {
        let mut roster = Roster::default();
        let (now, earlier) = (7_200_000, 3_600_000);
        roster.listening(now);
        roster.recall("apollo", now - 1, Some(10));
        roster.recall("athena", earlier - 1, Some(10));
        for beat in 1..4 {
            roster.heard("helios", true, now + beat * 10_000);
        }
        roster.clock(earlier);
        let view = roster.view(&["helios".into()], earlier);
        assert_eq!((view[0].presence, view[0].last_heard), (Presence::Alive, Some(earlier)));
        assert_eq!((view[1].presence, view[2].presence), (Presence::Unknown, Presence::Unknown));
        assert_eq!(roster.next_silence(&["helios".into()], earlier), Some(earlier + 30_000));
        roster.clock(earlier + 30_000);
        assert_eq!(presence(&roster, earlier + 30_000), Presence::Silent);
        roster.heard("helios", true, earlier + 40_000);
        assert_eq!(roster.view(&[], earlier + 40_000)[2].interval_s, Some(10), "the jump is no interval");
    }

    proptest! {
        #[test]
        fn any_names_at_any_times_stay_bounded(heard in proptest::collection::vec((".{0,8}", any::<bool>(), 0..1_000_000i64), 0..600)) {
            let mut roster = Roster::default();
            roster.listening(0);
            for (name, beat, at) in heard {
                roster.heard(&name, beat, at);
            }
            prop_assert!(roster.view(&[], 0).len() <= MOST_AGENTS);
        }
    }
}
