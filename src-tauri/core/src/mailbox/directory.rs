//! Which issue belongs to which channel. It must not ask GitHub itself.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

/// Marks the issues that are ours.
pub(super) const LABEL: &str = "heliograph";
const TITLE: &str = "heliograph: ";
/// The most numbers of other people's issues that are remembered; beyond it they are forgotten, and the list is read
/// again when one of them is met.
const FOREIGN: usize = 10_000;

/// The title of a channel's issue.
pub(super) fn title(channel: &str) -> String {
    format!("{TITLE}{channel}")
}

/// An issue, as far as it matters whether it is ours.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Issue<'a> {
    pub(super) number: u64,
    title: String,
    #[serde(default)]
    labels: Vec<Label>,
    /// There where it is no issue at all.
    #[serde(default, borrow)]
    pull_request: Option<&'a RawValue>,
}

/// GitHub writes a label as an object or as its bare name.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Label {
    Whole { name: Option<String> },
    Name(String),
}

impl Issue<'_> {
    /// The channel it stands for, if it is one of ours by title and label.
    pub(super) fn channel(&self) -> Option<&str> {
        let labelled = self.labels.iter().any(|label| match label {
            Label::Whole { name } => name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(LABEL)),
            Label::Name(name) => name.eq_ignore_ascii_case(LABEL),
        });
        let ours = labelled && self.pull_request.is_none();
        self.title.strip_prefix(TITLE).filter(|channel| ours && !channel.is_empty())
    }
}

/// The issues that are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// By number; of two with one title the older is written to, and both are read.
    channels: BTreeMap<u64, String>,
    /// Made by us, and perhaps not in the list yet.
    made: BTreeMap<u64, String>,
    foreign: HashSet<u64>,
    read_at: Option<Instant>,
}

impl Directory {
    /// Takes what the list says in place of what was known.
    pub(super) fn replace(&mut self, listed: BTreeMap<u64, String>, now: Instant) {
        self.channels = listed;
        self.channels.extend(self.made.clone());
        self.foreign.clear();
        self.read_at = Some(now);
    }

    /// Notes an issue that we made.
    pub(super) fn made(&mut self, number: u64, channel: &str) {
        self.made.insert(number, channel.to_owned());
        self.channels.insert(number, channel.to_owned());
    }

    /// Notes that an issue is gone, and that the list has to be read again.
    pub(super) fn forget(&mut self, number: u64) {
        self.made.remove(&number);
        self.channels.remove(&number);
        self.read_at = None;
    }

    /// Was the list read, and not longer ago than that?
    pub(super) fn is_fresh(&self, age: Duration, now: Instant) -> bool {
        self.read_at.is_some_and(|read| now.duration_since(read) < age)
    }

    /// Notes that these are in no list.
    pub(super) fn note_foreign(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            if !self.channels.contains_key(&number) {
                if self.foreign.len() >= FOREIGN {
                    self.foreign.clear();
                }
                self.foreign.insert(number);
            }
        }
    }

    /// Is it known whose this is?
    pub(super) fn knows(&self, number: u64) -> bool {
        self.channels.contains_key(&number) || self.foreign.contains(&number)
    }

    /// The channel of an issue of ours.
    pub(super) fn channel(&self, number: u64) -> Option<&str> {
        self.channels.get(&number).map(String::as_str)
    }

    /// The issue to write to.
    pub(super) fn number(&self, channel: &str) -> Option<u64> {
        self.channels.iter().find(|(_, name)| *name == channel).map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ours_by_title_and_label_alone() {
        let rows = [
            (r#"{"number":1,"title":"heliograph: a→b","labels":[{"name":"heliograph"}]}"#, Some("a→b")),
            (r#"{"number":1,"title":"heliograph: a→b","labels":["other","Heliograph"],"state":"closed"}"#, Some("a→b")),
            (r#"{"number":1,"title":"heliograph: a→b","labels":[{"name":null}]}"#, None),
            (r#"{"number":1,"title":"heliograph: a→b"}"#, None),
            (r#"{"number":1,"title":"Heliograph: a→b","labels":["heliograph"]}"#, None),
            (r#"{"number":1,"title":"heliograph: ","labels":["heliograph"]}"#, None),
            (r#"{"number":1,"title":"heliograph: a→b","labels":["heliograph"],"pull_request":{"url":"x"}}"#, None),
        ];
        for (text, channel) in rows {
            assert_eq!(serde_json::from_str::<Issue<'_>>(text).unwrap().channel(), channel, "{text}");
        }
    }

    #[test]
    fn of_two_with_one_title_the_older_is_written_to_and_both_are_read() {
        let mut directory = Directory::default();
        directory.made(9, "x");
        directory.replace(BTreeMap::from([(4, "x".to_owned())]), Instant::now());
        directory.note_foreign([4, 5]);
        assert_eq!(directory.number("x"), Some(4));
        assert_eq!((directory.channel(9), directory.channel(5)), (Some("x"), None));
        assert!(directory.knows(5) && !directory.knows(6));
        assert_eq!(directory.number("y"), None);
        directory.forget(4);
        assert_eq!(directory.number("x"), Some(9));
        assert!(!directory.is_fresh(Duration::from_hours(1), Instant::now()));
    }
}
