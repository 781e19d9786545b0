//! Several records in one order: that of the server's ids. It must not ask the server, and says only what to ask.

use std::collections::VecDeque;

use super::Entry;
use crate::store::{EntryId, Reached};

/// What the first answer said of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The entry at which it was left is there.
    Whole,
    /// That entry is gone: it is read from its beginning.
    Torn,
    /// It was left before its first entry.
    FromTheBeginning,
}

/// One record on its way.
struct Stream {
    channel: String,
    /// It was left at this entry.
    cursor: EntryId,
    /// The next question is what follows after this one.
    after: EntryId,
    /// Read and not taken yet.
    waiting: VecDeque<Entry>,
    /// The first answer has come.
    begun: bool,
    /// There is no more.
    finished: bool,
    /// What comes after this entry is not wanted.
    end: Option<EntryId>,
}

/// Records that are read side by side.
#[derive(Default)]
pub(super) struct Merge {
    streams: Vec<Stream>,
}

impl Merge {
    /// Each record from the entry at which it was left.
    pub(super) fn new(records: impl Iterator<Item = (String, EntryId)>) -> Self {
        let stream = |(channel, cursor)| Stream {
            channel,
            cursor,
            // With the entry itself, which proves that nothing after it was cut away.
            after: before(cursor),
            waiting: VecDeque::new(),
            begun: false,
            finished: false,
            end: None,
        };
        Self { streams: records.map(stream).collect() }
    }

    /// Each record from that id on, up to and with an entry of its own; where it was left before does not matter.
    pub(super) fn between(from: EntryId, ends: Vec<(String, EntryId)>) -> Self {
        let mut merge = Self::new(ends.iter().map(|(channel, _)| (channel.clone(), EntryId::default())));
        for (stream, (_, end)) in merge.streams.iter_mut().zip(ends) {
            stream.after = before(from);
            stream.end = Some(end);
        }
        merge
    }

    /// Of which records more must be asked for before anything can be taken, and after which entry.
    pub(super) fn wanted(&self) -> Vec<(String, EntryId)> {
        let dry = self.streams.iter().filter(|stream| !stream.finished && stream.waiting.is_empty());
        dry.map(|stream| (stream.channel.clone(), stream.after)).collect()
    }

    /// What was answered for a record; `full` where there may be more. Returns what the first answer says of it.
    pub(super) fn add(&mut self, channel: &str, mut read: VecDeque<Entry>, full: bool) -> Option<First> {
        let stream = self.streams.iter_mut().find(|stream| stream.channel == channel)?;
        let first = !std::mem::replace(&mut stream.begun, true);
        if first && stream.cursor > EntryId::default() {
            if read.front().is_none_or(|entry| entry.id != stream.cursor) {
                // From its beginning: another record's ids may well be smaller.
                stream.cursor = EntryId::default();
                stream.after = EntryId::default();
                return Some(First::Torn);
            }
            stream.after = stream.cursor;
            read.pop_front();
        }
        stream.after = read.back().map_or(stream.after, |entry| entry.id);
        stream.finished = !full || stream.end.is_some_and(|end| stream.after >= end);
        stream.waiting.extend(read.into_iter().filter(|entry| stream.end.is_none_or(|end| entry.id <= end)));
        first.then_some(if stream.cursor == EntryId::default() { First::FromTheBeginning } else { First::Whole })
    }

    /// Takes at most so many entries in order, up to where one of the records is not read yet.
    pub(super) fn take(&mut self, most: usize) -> Vec<Entry> {
        let mut taken = Vec::new();
        while taken.len() < most && self.is_complete() {
            let next = self.streams.iter_mut().filter_map(|stream| {
                let id = stream.waiting.front()?.id;
                Some((id, stream))
            });
            let Some((_, stream)) = next.min_by_key(|(id, _)| *id) else { break };
            taken.extend(stream.waiting.pop_front());
        }
        taken
    }

    /// How far the records are read with these entries.
    pub(super) fn reached(&self, taken: &[Entry]) -> Vec<Reached> {
        let last = |stream: &Stream| taken.iter().rfind(|entry| *entry.channel == stream.channel).map(|entry| entry.id);
        let reached = |stream: &Stream| Some(Reached::Record(stream.channel.clone(), last(stream)?));
        self.streams.iter().filter_map(reached).collect()
    }

    /// Is the next entry of each record known, where there is one?
    fn is_complete(&self) -> bool {
        self.streams.iter().all(|stream| stream.finished || !stream.waiting.is_empty())
    }
}

/// The id before that one.
fn before(id: EntryId) -> EntryId {
    match id {
        EntryId { ms: 0, nth: 0 } => id,
        EntryId { ms, nth: 0 } => EntryId { ms: ms - 1, nth: u64::MAX },
        EntryId { ms, nth } => EntryId { ms, nth: nth - 1 },
    }
}
