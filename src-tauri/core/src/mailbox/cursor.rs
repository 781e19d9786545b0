//! How far the mailbox was read. Pure. It only ever moves forward.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Repository, comment::Comment};

/// So many seconds before the newest comment are read again each time: GitHub's clock has whole seconds, and a comment
/// may appear in its lists a little later than one that was written after it.
const OVERLAP: i64 = 30;
/// The most comments that are remembered one by one. Beyond it one that is edited within the same minute, or while a
/// long backlog is read, may be given again, as edited.
const REMEMBERED: usize = 5_000;

/// How far the mailbox was read; kept by whoever keeps the letters, in the same transaction.
///
/// The default stands for "nowhere yet": reading begins at now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    repository: Repository,
    /// The newest change that was read, in seconds since 1970.
    newest: i64,
    /// Nothing that was last changed before this is new.
    floor: i64,
    /// What was read from `floor` on, with its time.
    seen: BTreeMap<u64, i64>,
    /// In the middle of a backlog: from when on not all was read.
    unfinished: Option<i64>,
}

impl Cursor {
    /// At the end of what there is: `last` are the newest comments, `now` is GitHub's clock.
    pub(super) fn at_the_end(repository: &Repository, last: &[Comment], now: i64) -> Self {
        let newest = last.iter().map(changed).max().unwrap_or(now);
        let seen = last.iter().map(|comment| (comment.id, changed(comment))).collect();
        let mut place = Place { repository: repository.clone(), newest, floor: i64::MIN, seen, unfinished: None };
        place.close();
        Self { place: Some(place) }
    }

    /// The same, if it is about this repository; otherwise nowhere.
    pub(super) fn of(self, repository: &Repository) -> Self {
        Self { place: self.place.filter(|place| place.repository == *repository) }
    }

    pub(super) fn is_nowhere(&self) -> bool {
        self.place.is_none()
    }

    /// The one of the two that is further on, the other one where they are equal; both about the same repository.
    pub(super) fn further(self, other: Self) -> Self {
        let reached = |cursor: &Self| cursor.place.as_ref().map(|at| (at.newest, at.floor, at.seen.len()));
        if reached(&other) >= reached(&self) { other } else { self }
    }

    /// From when on to read, in a way that brings about `few` comments again: otherwise a flurry would be read again
    /// and again.
    pub(super) fn from(&self, few: usize) -> i64 {
        let Some(place) = &self.place else { return 0 };
        if let Some(since) = place.unfinished {
            return since;
        }
        let overlap = place.floor.max(place.newest.saturating_sub(OVERLAP));
        let mut times: Vec<i64> = place.seen.values().copied().filter(|time| *time >= overlap).collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        times.get(few).map_or(overlap, |time| (time + 1).min(place.newest))
    }

    /// Was this not read before, in any version?
    pub(super) fn is_new(&self, comment: &Comment) -> bool {
        let Some(place) = &self.place else { return true };
        // What was written before the floor was read then, whatever was done to it since.
        comment.created_at.as_second() >= place.floor && !place.seen.contains_key(&comment.id)
    }

    /// Was it edited since it was read?
    pub(super) fn was_edited(&self, comment: &Comment) -> bool {
        let read = self.place.as_ref().and_then(|place| place.seen.get(&comment.id));
        read.is_some_and(|read| *read != changed(comment))
    }

    /// Counts it as read.
    pub(super) fn take(&mut self, comment: &Comment) {
        if let Some(place) = self.place.as_mut().filter(|place| changed(comment) >= place.floor) {
            place.newest = place.newest.max(changed(comment));
            place.seen.insert(comment.id, changed(comment));
            if place.seen.len() > REMEMBERED {
                place.seen.pop_first();
            }
        }
    }

    /// There is more to read, from then on.
    pub(super) fn leave_open(&mut self, since: i64) {
        if let Some(place) = &mut self.place {
            place.unfinished = Some(since);
        }
    }

    /// Everything there is was read: only the last seconds need to be remembered one by one.
    pub(super) fn close(&mut self) {
        if let Some(place) = &mut self.place {
            place.close();
        }
    }
}

impl Place {
    fn close(&mut self) {
        let floor = self.newest.saturating_sub(OVERLAP).max(self.floor);
        self.floor = floor;
        self.unfinished = None;
        self.seen.retain(|_, changed| *changed >= floor);
    }
}

/// When it was written or last edited, in seconds since 1970.
pub(super) fn changed(comment: &Comment) -> i64 {
    comment.updated_at.as_second()
}

/// The same time as GitHub takes it in a question.
pub(super) fn written(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}
