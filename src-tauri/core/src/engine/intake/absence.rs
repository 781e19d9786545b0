//! What may have been missed: known once the records are read, and said as a gap only where they do not tell.
//!
//! It must not ask anybody: it is told what was heard and what was found.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{catchup::Found, message::Millis};

/// No gap shorter than this is worth a line.
const SHORTEST_GAP: Millis = 100;

/// After so many messages on channels with a record the records are read again, so that what is left to read stays
/// well below what a record keeps.
const MUCH: usize = 200;

/// How often a channel on which something is heard is asked whether it has a record by now.
const ASK_AGAIN: Duration = Duration::from_mins(10);

/// At most so many channels are known to be in use.
const CHANNELS: usize = 1_000;

/// A time in which something may have been missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) since: Millis,
    pub(super) until: Millis,
    pub(super) cause: String,
}

/// What is known and not known of the times in which nothing could be heard.
#[derive(Debug, Default)]
pub(super) struct Absence {
    /// Nothing could be heard, and the records have not told yet what was said.
    open: Option<Gap>,
    /// To be written down.
    gaps: Vec<Gap>,
    /// Channels on which something was ever heard.
    in_use: BTreeSet<String>,
    /// Channels with a record.
    recorded: BTreeSet<String>,
    /// When those without one were last asked for it.
    asked: HashMap<String, Instant>,
    /// Messages on channels with a record since the records were read.
    heard: usize,
    /// Channels that had no record and on which something was heard: they are to be asked.
    ask: BTreeSet<String>,
    /// The records may not be read, on this connection.
    unreadable: bool,
    /// They were to be read, and were not to their end.
    unproved: bool,
    /// The channels in use changed since they were last looked at.
    changed: bool,
    /// What is heard may have been said before the records were read to their end, at this time.
    holds: Option<Millis>,
}

impl Absence {
    /// These channels were in use before.
    pub(super) fn were_in_use(&mut self, in_use: BTreeSet<String>) {
        self.in_use.extend(in_use);
    }

    /// Messages were heard live, one on each of these channels.
    pub(super) fn heard_live(&mut self, channels: &[Arc<str>]) {
        // In a flood most come on the same one.
        for run in channels.chunk_by(|one, next| one == next) {
            let channel = &run[0];
            if self.recorded.contains(&**channel) {
                self.heard += run.len();
                continue;
            }
            if self.asked.get(&**channel).is_none_or(|at| at.elapsed() >= ASK_AGAIN) && self.ask.len() < CHANNELS {
                self.ask.insert(channel.to_string());
            }
            if !self.in_use.contains(&**channel) && self.in_use.len() < CHANNELS {
                self.in_use.insert(channel.to_string());
                self.changed = true;
            }
        }
    }

    /// The channels in use, where they have changed since the last call.
    pub(super) fn changed(&mut self) -> Option<BTreeSet<String>> {
        std::mem::take(&mut self.changed).then(|| self.in_use.clone())
    }

    /// Is so much heard that the records are to be read again?
    pub(super) fn has_heard_much(&self) -> bool {
        self.heard >= MUCH && !self.unreadable
    }

    /// Are the records to be read at the next occasion?
    pub(super) fn should_read(&self) -> bool {
        (self.open.is_some() || self.unproved || self.heard > 0 || !self.ask.is_empty()) && !self.unreadable
    }

    /// Nothing could be heard during that time. One that is still open goes on.
    pub(super) fn missed(&mut self, since: Millis, until: Millis, cause: &str) {
        let open = self.open.get_or_insert_with(|| Gap { since, until, cause: cause.to_owned() });
        open.since = open.since.min(since);
        open.until = open.until.max(until);
    }

    /// There is a new connection: what was refused on the last one may be allowed on this.
    pub(super) fn connected(&mut self) {
        self.unreadable = false;
    }

    /// How long nothing could be heard, where that is still open.
    pub(super) fn lasted(&self) -> Millis {
        self.open.as_ref().map_or(0, |open| open.until - open.since)
    }

    /// Is it still open whether something was missed?
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// May what is heard now stand in what was read of the records, too?
    pub(super) fn holds(&self) -> bool {
        self.holds.is_some()
    }

    /// Our own heartbeat of that time came back: everything said before it was heard.
    pub(super) fn heard_ourselves(&mut self, sent: Option<Millis>) {
        if sent.zip(self.holds).is_some_and(|(sent, read)| sent > read) {
            self.holds = None;
        }
    }

    /// The records are read, at that time and with this result for each channel.
    pub(super) fn proved(&mut self, at: Millis, found: &[(String, Found)]) {
        self.heard = 0;
        self.unproved = false;
        self.holds = Some(at);
        let asked = std::mem::take(&mut self.ask);
        for (channel, found) in found {
            if *found == Found::Nothing {
                self.recorded.remove(channel);
                if asked.contains(channel) {
                    self.asked.insert(channel.clone(), Instant::now());
                }
            } else {
                self.recorded.insert(channel.clone());
            }
        }
        if let Some(open) = self.open.take()
            && let Some(cause) = doubt(found, &self.in_use, &open.cause)
        {
            let gap = Gap { cause, ..open };
            // How short it was says nothing where something is known to be gone.
            if is_torn(found) { self.gaps.push(gap) } else { self.add(gap) }
        }
    }

    /// Reading the records came to an end before theirs.
    pub(super) fn unproved(&mut self) {
        self.unproved = true;
    }

    /// The records may not be read: they tell nothing.
    pub(super) fn unreadable(&mut self) {
        self.unreadable = true;
        if let Some(open) = self.open.take() {
            self.add(open);
        }
    }

    fn add(&mut self, gap: Gap) {
        // One without any length: the clock was set back meanwhile, and nobody knows how long it was.
        if !(1..SHORTEST_GAP).contains(&(gap.until - gap.since)) {
            self.gaps.push(gap);
        }
    }

    /// The next gap to be written down.
    pub(super) fn gap(&mut self) -> Option<Gap> {
        (!self.gaps.is_empty()).then(|| self.gaps.remove(0))
    }

    /// It could not be written down.
    pub(super) fn put_back(&mut self, gap: Gap) {
        self.gaps.insert(0, gap);
    }
}

/// Why something may be missing though the records were read; `None` where nothing can be.
///
/// Where nobody writes a record at all, everything may. Where somebody does, only what came on channels in use that
/// have none.
fn doubt(found: &[(String, Found)], in_use: &BTreeSet<String>, cause: &str) -> Option<String> {
    if is_torn(found) {
        return Some(format!("{cause}, and the record does not reach back that far"));
    }
    let told = |channel: &String| found.iter().any(|(name, found)| name == channel && *found == Found::Whole);
    if found.iter().any(|(_, found)| *found == Found::Whole) && in_use.iter().all(told) {
        return None;
    }
    Some(cause.to_owned())
}

fn is_torn(found: &[(String, Found)]) -> bool {
    found.iter().any(|(_, found)| *found == Found::Torn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, Found)]) -> Vec<(String, Found)> {
        pairs.iter().map(|(name, found)| ((*name).to_owned(), *found)).collect()
    }

    fn heard(names: &[&str]) -> Vec<Arc<str>> {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    fn gap_after(in_use: &[&str], pairs: &[(&str, Found)]) -> Option<Gap> {
        let mut absence = Absence::default();
        absence.were_in_use(in_use.iter().map(ToString::to_string).collect());
        absence.missed(1_000, 9_000, "the computer was asleep");
        assert!(absence.is_open() && absence.should_read());
        absence.proved(0, &found(pairs));
        assert!(!absence.is_open());
        absence.gap()
    }

    #[test]
    fn a_record_that_goes_on_leaves_no_gap() {
        assert_eq!(gap_after(&["a"], &[("a", Found::Whole), ("b", Found::Nothing)]), None);
        assert_eq!(gap_after(&[], &[("a", Found::Whole), ("b", Found::Nothing)]), None);
    }

    #[test]
    fn a_channel_in_use_without_a_record_leaves_one() {
        let gap = gap_after(&["a", "b"], &[("a", Found::Whole), ("b", Found::Nothing)]).unwrap();
        assert_eq!((gap.since, gap.until, gap.cause.as_str()), (1_000, 9_000, "the computer was asleep"));
        assert!(
            gap_after(&["a"], &[("a", Found::Begun)]).is_some(),
            "what is read from now on tells nothing of before"
        );
    }

    #[test]
    fn without_any_record_everything_may_be_missing() {
        assert!(gap_after(&[], &[("a", Found::Nothing)]).is_some());
        assert!(gap_after(&[], &[]).is_some());
    }

    #[test]
    fn a_torn_record_is_said() {
        let gap = gap_after(&["a"], &[("a", Found::Torn)]).unwrap();
        assert!(gap.cause.ends_with("the record does not reach back that far"), "{}", gap.cause);
    }

    #[test]
    fn neither_a_short_gap_in_a_torn_record_nor_one_of_unknown_length_is_kept_quiet() {
        let gap_after = |since, until, found: &[(String, Found)]| {
            let mut absence = Absence::default();
            absence.missed(since, until, "the connection was lost");
            absence.proved(0, found);
            absence.gap()
        };
        assert_eq!(gap_after(1_000, 1_050, &[]), None);
        assert!(gap_after(1_000, 1_050, &found(&[("a", Found::Torn)])).is_some());
        // What is given for a gap whose beginning lies ahead of its end.
        assert!(gap_after(1_000, 1_000, &[]).is_some());
        assert!(gap_after(1_000, 1_000, &found(&[("a", Found::Torn)])).is_some());
        assert_eq!(gap_after(1_000, 1_000, &found(&[("a", Found::Whole)])), None);
    }

    #[test]
    fn what_is_still_open_goes_on_through_the_next_connection() {
        let mut absence = Absence::default();
        absence.missed(1_000, 2_000, "the connection was lost");
        absence.missed(2_500, 3_000, "the connection was restarted");
        assert_eq!(absence.lasted(), 2_000);
        absence.proved(0, &[]);
        let gap = absence.gap().unwrap();
        assert_eq!((gap.since, gap.until, gap.cause.as_str()), (1_000, 3_000, "the connection was lost"));
        absence.put_back(gap.clone());
        assert_eq!(absence.gap(), Some(gap));
        absence.missed(5_000, 5_050, "the connection was lost");
        absence.proved(0, &[]);
        assert_eq!(absence.gap(), None, "a moment is no gap");
    }

    #[test]
    fn records_are_read_again_after_much_and_asked_for_where_there_was_none() {
        let mut absence = Absence::default();
        assert!(!absence.should_read());
        absence.heard_live(&heard(&["a"]));
        assert!(absence.should_read() && !absence.has_heard_much());
        absence.proved(0, &found(&[("a", Found::Nothing)]));
        absence.heard_live(&heard(&["a"; 1_000]));
        assert!(!absence.should_read(), "asked a moment ago");
        absence.proved(0, &found(&[("a", Found::Whole)]));
        absence.heard_live(&heard(&["a"; MUCH]));
        assert!(absence.has_heard_much());
        absence.unreadable();
        assert!(!absence.has_heard_much() && !absence.should_read());
    }

    #[test]
    fn what_was_said_before_a_heartbeat_of_ours_was_heard_before_it_came_back() {
        let mut absence = Absence::default();
        assert!(!absence.holds());
        absence.proved(5_000, &[]);
        absence.heard_ourselves(Some(4_000));
        absence.heard_ourselves(None);
        assert!(absence.holds(), "that one was sent before");
        absence.heard_ourselves(Some(5_001));
        assert!(!absence.holds());
    }

    #[test]
    fn channels_in_use_are_said_once() {
        let mut absence = Absence::default();
        absence.were_in_use(BTreeSet::from(["a".to_owned()]));
        absence.heard_live(&heard(&["a", "a"]));
        assert_eq!(absence.changed(), None);
        absence.heard_live(&heard(&["b"]));
        assert_eq!(absence.changed().map(|all| all.len()), Some(2));
        assert_eq!(absence.changed(), None);
    }
}
