//! When a key is due to be changed, and when the person is to be told. Pure: times are handed in.
//!
//! The computer's clock may be set back or forward by months. What was written down in a future that never came counts
//! as now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{KeyAge, KeyKind, RotationDue};
use crate::message::Millis;

/// A day.
pub(crate) const DAY: Millis = 24 * 3_600_000;

/// The name under which the keys' ages are kept.
pub(crate) const KEPT: &str = "key_ages";

/// Since when each key is known here, recognised by its fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ages {
    keys: BTreeMap<String, Known>,
    /// When the person was last told of it, and until when nothing more is said of it.
    told: BTreeMap<String, Millis>,
    #[serde(default)]
    later: BTreeMap<String, Millis>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    fingerprint: String,
    since: Millis,
}

impl Ages {
    /// A key was seen. One that is new here is known since `since`, where that is said, and else since now. Says
    /// whether anything is new.
    pub(crate) fn see(&mut self, kind: KeyKind, fingerprint: &str, since: Option<Millis>, now: Millis) -> bool {
        let name = word(kind);
        match self.keys.get_mut(name) {
            Some(known) if known.fingerprint == fingerprint => {
                let future = known.since > now;
                if future {
                    known.since = now;
                }
                future
            }
            _ => {
                let since = since.unwrap_or(now).min(now);
                self.keys.insert(name.into(), Known { fingerprint: fingerprint.into(), since });
                self.told.remove(name);
                self.later.remove(name);
                true
            }
        }
    }

    /// There is no such key any more. Says whether there was one.
    pub(crate) fn gone(&mut self, kind: KeyKind) -> bool {
        self.keys.remove(word(kind)).is_some()
    }

    /// Since when a key is known.
    pub(crate) fn since(&self, kind: KeyKind) -> Option<Millis> {
        self.keys.get(word(kind)).map(|known| known.since)
    }

    /// Nothing is said of it for so many days.
    pub(crate) fn put_off(&mut self, kind: KeyKind, days: u32, now: Millis) {
        self.later.insert(word(kind).into(), now + Millis::from(days) * DAY);
    }

    /// Is the person to be told now?
    pub(crate) fn tell(&self, kind: KeyKind, every: u32, now: Millis) -> bool {
        let name = word(kind);
        let Some(days) = self.since(kind).map(|since| days_left(since, every, now)) else { return false };
        // What stands there from a clock that was ahead is no reason to be silent for months.
        let told = self.told.get(name).filter(|at| **at <= now).is_some_and(|at| now - at < DAY);
        let longest = now + Millis::from(every.max(3)) * DAY;
        let later = self.later.get(name).is_some_and(|until| now < *until && *until <= longest);
        every > 0 && days <= 0 && !told && !later
    }

    /// The person was told.
    pub(crate) fn told(&mut self, kind: KeyKind, now: Millis) {
        self.told.insert(word(kind).into(), now);
    }

    /// When the database's key is due.
    pub(crate) fn due(&self, every: u32, now: Millis) -> RotationDue {
        let since = self.since(KeyKind::Database);
        RotationDue { since, days: since.map(|since| days_left(since, every, now)), every }
    }

    /// The ages as they are shown.
    pub(crate) fn view(&self, rotate: u32, renew: u32, now: Millis) -> Vec<KeyAge> {
        let all = [KeyKind::Database, KeyKind::Api, KeyKind::Github, KeyKind::Sealing];
        let age = |kind| {
            let since = self.since(kind)?;
            let every = if kind == KeyKind::Database { rotate } else { renew };
            let due_in = (every > 0).then(|| days_left(since, every, now));
            Some(KeyAge { kind, since, due_in, steps: steps(kind) })
        };
        all.into_iter().filter_map(age).collect()
    }
}

/// Whole days until it is due; 0 on the day itself, below 0 after it.
fn days_left(since: Millis, every: u32, now: Millis) -> i32 {
    let age = now.max(since) - since;
    let left = Millis::from(every) * DAY - age;
    let days = if left > 0 { (left + DAY - 1) / DAY } else { left / DAY };
    i32::try_from(days).unwrap_or(if days > 0 { i32::MAX } else { i32::MIN })
}

const fn word(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Database => "database",
        KeyKind::Api => "api",
        KeyKind::Github => "github",
        KeyKind::Sealing => "sealing",
    }
}

/// How a key is renewed by hand.
fn steps(kind: KeyKind) -> Vec<String> {
    let steps: &[&str] = match kind {
        KeyKind::Database => &[],
        KeyKind::Api => &[
            "Make a new key in the Upstash console under Account, Management API.",
            "Enter it here in place of the old one; it is tried before it is kept.",
            "Delete the old key in the console.",
        ],
        KeyKind::Github => &[
            "Make a new fine-grained token at GitHub for the mailbox’s repository alone, with Issues: Read and write.",
            "Paste it on the page Mailbox of the settings and check it there.",
            "Delete the old token at GitHub.",
        ],
        KeyKind::Sealing => &[
            "On Helios’s side, let heliograph.py make a new key pair and show its public key.",
            "Compare its fingerprint with the one that is offered here, or paste the key.",
            "Test the handover.",
        ],
    };
    steps.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_counts_down_to_the_day_and_beyond() {
        let rows = [(0, 30), (1, 30), (DAY, 29), (29 * DAY + 1, 1), (30 * DAY, 0), (31 * DAY, -1), (400 * DAY, -370)];
        for (now, left) in rows {
            assert_eq!(days_left(0, 30, now), left, "{now}");
        }
        assert_eq!(days_left(90 * DAY, 30, 0), 30, "from a clock that was ahead");
    }

    #[test]
    fn told_once_a_day_and_not_when_put_off() {
        let mut ages = Ages::default();
        assert!(!ages.tell(KeyKind::Database, 30, 100 * DAY), "a key that is not known");
        assert!(ages.see(KeyKind::Database, "a", Some(0), 0));
        assert!(!ages.tell(KeyKind::Database, 30, 29 * DAY));
        assert!(ages.tell(KeyKind::Database, 30, 30 * DAY));
        assert!(ages.tell(KeyKind::Database, 30, 30 * DAY), "it was not shown");
        ages.told(KeyKind::Database, 30 * DAY);
        assert!(!ages.tell(KeyKind::Database, 30, 31 * DAY - 1));
        assert!(ages.tell(KeyKind::Database, 30, 31 * DAY));
        ages.put_off(KeyKind::Database, 3, 31 * DAY);
        assert!(!ages.tell(KeyKind::Database, 30, 33 * DAY));
        assert!(ages.tell(KeyKind::Database, 30, 34 * DAY));
        assert!(!ages.tell(KeyKind::Database, 0, 99 * DAY), "never");
        assert!(ages.see(KeyKind::Database, "b", None, 34 * DAY));
        assert!(!ages.tell(KeyKind::Database, 30, 35 * DAY), "changed meanwhile");
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_does_no_harm() {
        // Ahead by a hundred days when the key came, and when the person was told and put it off.
        let mut ages = Ages::default();
        ages.see(KeyKind::Database, "a", None, 100 * DAY);
        assert_eq!(ages.due(30, 0).days, Some(30));
        assert!(ages.see(KeyKind::Database, "a", None, 0), "it counts from now on");
        assert_eq!(ages.since(KeyKind::Database), Some(0));
        assert!(ages.tell(KeyKind::Database, 30, 200 * DAY));
        ages.told(KeyKind::Database, 200 * DAY);
        ages.put_off(KeyKind::Database, 3, 200 * DAY);
        assert!(ages.tell(KeyKind::Database, 30, 40 * DAY), "what was said in that future is not remembered");
        // Back by a hundred days: nothing is due, and nothing is forgotten.
        assert!(!ages.tell(KeyKind::Database, 30, -60 * DAY));
        assert_eq!(ages.due(30, 45 * DAY).days, Some(-15));
    }

    #[test]
    fn what_nobody_wants_to_be_reminded_of_is_never_overdue() {
        let mut ages = Ages::default();
        ages.see(KeyKind::Database, "d", None, 0);
        ages.see(KeyKind::Api, "a", None, 0);
        let due =
            |rotate, renew| -> Vec<_> { ages.view(rotate, renew, 400 * DAY).iter().map(|age| age.due_in).collect() };
        assert_eq!(due(0, 0), [None, None]);
        assert_eq!(due(0, 90), [None, Some(-310)]);
        assert_eq!(due(30, 0), [Some(-370), None]);
    }

    #[test]
    fn kept_ages_come_back() {
        let mut ages = Ages::default();
        ages.see(KeyKind::Api, "f", None, 5);
        let kept: Ages = serde_json::from_str(&serde_json::to_string(&ages).unwrap()).unwrap();
        assert_eq!(kept, ages);
        assert_eq!(kept.view(30, 90, 5).len(), 1);
        assert!(kept.view(30, 90, 5)[0].steps.len() > 1);
    }
}
