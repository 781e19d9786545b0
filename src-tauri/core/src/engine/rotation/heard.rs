//! What the agents say of rotations, and what the link says of itself, kept for whoever changes a key. Pure.

use std::collections::VecDeque;

use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    message::{Header, Kind, Millis, channel, data},
    text,
};

/// So many of each are kept; the oldest go. What matters is the last minutes, and what others say costs nothing.
const KEPT: usize = 64;

/// How long an announcement counts.
pub(super) const FRESH: Millis = 5 * 60_000;

/// The longest id.
const LONGEST_ID: usize = 128;

/// The longest public key; age's have 62 letters.
const LONGEST_KEY: usize = 100;

/// What an agent says of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Notice {
    pub(in crate::engine) from: String,
    pub(in crate::engine) at: Millis,
    pub(in crate::engine) said: Said,
}

/// What of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Said {
    /// It begins.
    Begins(String),
    /// It is over, one way or the other.
    Over(String),
    /// Helios knows what is to come.
    Ready(String),
    /// Helios uses the new key.
    Ack(String),
    /// Helios's public key.
    Key(String),
}

/// The `data` of what is said.
#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    rotation_id: Option<String>,
    #[serde(default)]
    phase: Option<String>,
    #[serde(default)]
    public_key: Option<String>,
}

impl Notice {
    /// Reads a message on this channel; `None` where it is not about a rotation. `at`: when it was read, and it cannot be
    /// younger.
    ///
    /// Names are claims, and on channels for all everybody learns the rotation's id. What only one agent can answer counts
    /// on that agent's own channel alone: where each is a user, nobody else can publish there.
    pub(in crate::engine) fn read(on: &str, header: &Header, payload: &[u8], at: Millis) -> Option<Self> {
        let Kind::Other(kind) = &header.kind else { return None };
        if !kind.starts_with("rotation") {
            return None;
        }
        let said: Data = serde_json::from_str(data(payload)?.get()).ok()?;
        let id = said.rotation_id.filter(|id| id.len() <= LONGEST_ID);
        let own = channel::sender(on) == Some(header.from.as_str());
        let said = match &**kind {
            "rotation" => match said.phase.as_deref() {
                Some(OVER_DONE | OVER_CANCELLED) => Said::Over(id?),
                _ => Said::Begins(id?),
            },
            _ if !own => return None,
            "rotation.ready" => Said::Ready(id?),
            "rotation.ack" => Said::Ack(id?),
            "rotation.key" => Said::Key(said.public_key.filter(|key| key.len() <= LONGEST_KEY)?),
            _ => return None,
        };
        let at = header.sent_at.map_or(at, |sent| sent.min(at));
        Some(Self { from: text::line(&header.from, 60), at, said })
    }
}

/// The phases of an announcement: it begins, it went well, it came to nothing.
pub(super) const BEGINS: &str = "announce";
pub(super) const OVER_DONE: &str = "done";
pub(super) const OVER_CANCELLED: &str = "cancelled";

/// The link stood, and what was missed before was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Stood {
    pub(in crate::engine) at: Millis,
    /// The same by a clock that nobody sets.
    pub(in crate::engine) seen: Instant,
    /// Since when nothing had been heard, where that is known.
    pub(in crate::engine) deaf_since: Option<Millis>,
}

/// All of it.
#[derive(Debug, Default)]
pub(in crate::engine) struct Heard {
    notices: VecDeque<Notice>,
    stood: VecDeque<Stood>,
}

impl Heard {
    pub(in crate::engine) fn hear(&mut self, notice: Notice) {
        if self.notices.len() == KEPT {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }

    pub(in crate::engine) fn stood(&mut self, stood: Stood) {
        if self.stood.len() == KEPT {
            self.stood.pop_front();
        }
        self.stood.push_back(stood);
    }

    /// Has our own announcement come back to us?
    pub(super) fn echoed(&self, id: &str) -> bool {
        self.notices.iter().any(|notice| notice.said == Said::Begins(id.to_owned()))
    }

    /// Who rotates besides us and was first: announced before our own word came back, lately, and not over. Without
    /// an echo of ours everybody counts.
    pub(super) fn before_us(&self, ours: &[&str], now: Millis) -> Option<&Notice> {
        let until = self.notices.iter().position(|notice| match &notice.said {
            Said::Begins(id) => ours.first() == Some(&id.as_str()),
            _ => false,
        });
        self.notices.iter().take(until.unwrap_or(self.notices.len())).find(|notice| match &notice.said {
            Said::Begins(id) => {
                let over = self.notices.iter().any(|other| other.said == Said::Over(id.clone()));
                !ours.contains(&id.as_str()) && now - notice.at < FRESH && !over
            }
            _ => false,
        })
    }

    /// Did anybody say that he is ready for it?
    pub(super) fn ready(&self, id: Option<&str>) -> bool {
        self.notices.iter().any(|notice| matches!(&notice.said, Said::Ready(said) if id.is_none_or(|id| id == said)))
    }

    /// Who of these uses the new key.
    pub(super) fn acknowledged(&self, id: &str, peers: &[String]) -> Option<&Notice> {
        self.notices.iter().find(|notice| notice.said == Said::Ack(id.to_owned()) && peers.contains(&notice.from))
    }

    /// The newest public key that one of these sent.
    pub(super) fn offered_key(&self, peers: &[String]) -> Option<(&str, &str)> {
        self.notices.iter().rev().find_map(|notice| match &notice.said {
            Said::Key(key) if peers.contains(&notice.from) => Some((notice.from.as_str(), key.as_str())),
            _ => None,
        })
    }

    /// The first time that the link stood since then; the first one of all where that was before this run.
    pub(super) fn stood_since(&self, since: Option<Instant>) -> Option<Stood> {
        self.stood.iter().copied().find(|stood| since.is_none_or(|since| stood.seen >= since))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::message::read;

    fn notice(json: &str) -> Option<Notice> {
        on("helios→chad", json)
    }

    fn on(channel: &str, json: &str) -> Option<Notice> {
        Notice::read(channel, &read(channel, json.as_bytes()), json.as_bytes(), 1_000_000)
    }

    fn begins(id: &str, at: Millis) -> Notice {
        Notice { from: "chad".into(), at, said: Said::Begins(id.into()) }
    }

    #[test]
    fn what_is_said_is_read_leniently() {
        let said = |json: &str| notice(json).map(|notice| notice.said);
        let ack = r#"{"from":"helios","type":"rotation.ack","data":{"rotation_id":"r1"}}"#;
        assert_eq!(said(ack), Some(Said::Ack("r1".into())));
        for (phase, wanted) in [("announce", Said::Begins("r".into())), ("done", Said::Over("r".into()))] {
            let json = format!(r#"{{"type":"rotation","data":{{"rotation_id":"r","phase":"{phase}"}}}}"#);
            assert_eq!(said(&json), Some(wanted));
        }
        assert_eq!(said(r#"{"type":"rotation","data":{}}"#), None);
        assert_eq!(said(r#"{"type":"rotation.other","data":{"rotation_id":"r"}}"#), None);
        assert_eq!(said(r#"{"type":"task","data":{"rotation_id":"r"}}"#), None);
        let key = format!(r#"{{"type":"rotation.key","data":{{"public_key":"{}"}}}}"#, "x".repeat(101));
        assert_eq!(said(&key), None);
        let old = r#"{"type":"rotation.ack","timestamp":5,"data":{"rotation_id":"r1"}}"#;
        assert_eq!(notice(old).unwrap().at, 5_000, "one out of a record is as old as it says");
    }

    #[test]
    fn an_agent_answers_on_its_own_channel_alone() {
        for kind in ["ready", "ack", "key"] {
            let json = format!(
                r#"{{"from":"helios","type":"rotation.{kind}","data":{{"rotation_id":"r1","public_key":"age1"}}}}"#
            );
            for channel in ["broadcast", "agent.chad", "heartbeat", "sol→chad", "sol→chad-urgent", "chad→helios"]
            {
                assert_eq!(on(channel, &json), None, "{kind} on {channel}");
            }
            for channel in ["helios→chad", "helios→chad-urgent", "helios→chad-low"] {
                assert!(on(channel, &json).is_some(), "{kind} on {channel}");
            }
        }
        let begins = r#"{"from":"chad","type":"rotation","data":{"rotation_id":"r1","phase":"announce"}}"#;
        assert!(on("broadcast", begins).is_some(), "what is for all is said to all");
    }

    #[test]
    fn of_two_that_begin_at_once_the_first_heard_goes_first() {
        let mut heard = Heard::default();
        for id in ["a", "b"] {
            heard.hear(begins(id, 10));
        }
        assert_eq!(heard.before_us(&["b"], 20).map(|notice| &notice.said), Some(&Said::Begins("a".into())));
        assert_eq!(heard.before_us(&["a"], 20), None);
        assert!(heard.before_us(&["c"], 20).is_some(), "one that is not heard itself gives way");
        assert_eq!(heard.before_us(&["b", "a"], 20), None, "an earlier one of our own");
        assert_eq!(heard.before_us(&["b"], 10 + FRESH), None);
        heard.hear(Notice { from: "chad".into(), at: 30, said: Said::Over("a".into()) });
        assert_eq!(heard.before_us(&["b"], 40), None);
    }

    #[test]
    fn only_peers_acknowledge() {
        let mut heard = Heard::default();
        heard.hear(Notice { from: "mallory".into(), at: 1, said: Said::Ack("r".into()) });
        assert_eq!(heard.acknowledged("r", &["helios".into()]), None);
        heard.hear(Notice { from: "helios".into(), at: 1, said: Said::Ack("r".into()) });
        assert!(heard.acknowledged("r", &["helios".into()]).is_some());
        assert!(heard.acknowledged("other", &["helios".into()]).is_none());
    }

    #[test]
    fn a_connection_counts_from_then_on_whatever_the_clock_on_the_wall_says() {
        let mut heard = Heard::default();
        let (before, since, after) = (Instant::now(), Instant::now(), Instant::now());
        heard.stood(Stood { at: 7_200_000, seen: before - Duration::from_secs(1), deaf_since: None });
        assert_eq!(heard.stood_since(Some(since)), None);
        let set_back = Stood { at: 3_600_000, seen: after, deaf_since: None };
        heard.stood(set_back);
        assert_eq!(heard.stood_since(Some(since)), Some(set_back));
        assert_eq!(heard.stood_since(None).map(|stood| stood.at), Some(7_200_000));
    }

    #[test]
    fn it_stays_bounded() {
        let mut heard = Heard::default();
        for at in 0..1_000 {
            heard.hear(begins("x", at));
            heard.stood(Stood { at, seen: Instant::now(), deaf_since: None });
        }
        assert!(heard.notices.len() <= KEPT && heard.stood.len() <= KEPT);
    }
}
