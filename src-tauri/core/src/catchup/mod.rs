//! Reading the record of each channel: what was said while nobody could hear it, in the order in which the server
//! wrote it down, page by page.
//!
//! A record is a Redis stream beside its channel; see docs/protocol.md. All of them are read with one command. It must
//! not notify, and keeps nothing: whoever takes a page writes it down together with how far it reaches.

mod entry;
mod merge;
mod question;

use std::collections::VecDeque;

use crate::{
    link::{AskFailed, Link},
    message::Millis,
    store::{EntryId, Reached},
    usage::CommandKind,
};

pub(crate) use entry::Entry;
use merge::Merge;

/// What is asked for at once of each record, at first; more where entries are small.
const FIRST_COUNT: usize = 8;
const MOST_COUNT: usize = 512;

/// Answers are to stay below this size, in bytes.
const ANSWER: usize = 1024 * 1024;

/// At most so many entries in one page.
const PAGE: usize = 1024;

/// Entries in the server's order, and how far the records are read with them.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    pub(crate) reached: Vec<Reached>,
}

/// What a channel's record could say of the time since it was last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is one; it is read for the first time, from now on.
    Begun,
    /// There is none, or nothing in it.
    Nothing,
    /// It goes on where it was left: whatever was written into it is read.
    Whole,
    /// It no longer reaches back to where it was left, or is another one: something may be missing.
    Torn,
}

/// Reads the records from where each was left.
pub(crate) struct Reader<'a> {
    link: &'a Link,
    /// Nothing is read over another session: what was missed before that is not known yet.
    session: Option<Millis>,
    merge: Merge,
    /// Channels whose record was never read.
    fresh: Vec<String>,
    found: Vec<(String, Found)>,
    /// What goes along with the next page.
    reached: Vec<Reached>,
    count: usize,
    /// The newest entry of each record that was never read before.
    begun: Vec<(String, EntryId)>,
}

impl<'a> Reader<'a> {
    /// For these channels, each with how far its record was read, over the session that stands since then.
    pub(crate) fn new(link: &'a Link, session: Option<Millis>, records: Vec<(String, Option<EntryId>)>) -> Self {
        let fresh = records.iter().filter(|(_, cursor)| cursor.is_none()).map(|(name, _)| name.clone()).collect();
        let known = records.into_iter().filter_map(|(name, cursor)| Some((name, cursor?)));
        Self {
            link,
            session,
            merge: Merge::new(known),
            fresh,
            found: Vec::new(),
            reached: Vec::new(),
            count: FIRST_COUNT,
            begun: Vec::new(),
        }
    }

    /// Asks for one entry of one record at first, as little as there is: for a way on which larger answers took too
    /// long.
    pub(crate) fn slowly(mut self) -> Self {
        self.count = 1;
        self
    }

    /// What stands in each of these records since that moment by the server's clock, up to and with the entry named,
    /// whatever was read before.
    pub(crate) fn between(
        link: &'a Link,
        session: Option<Millis>,
        since_ms: u64,
        ends: Vec<(String, EntryId)>,
    ) -> Self {
        let mut reader = Self::new(link, session, Vec::new());
        reader.merge = Merge::between(EntryId { ms: since_ms, nth: 0 }, ends);
        reader
    }

    /// The next page; `None` where everything is read. After an error this reader is of no use any more, and the next
    /// one goes on from what was written down.
    pub(crate) async fn next(&mut self) -> Result<Option<Page>, AskFailed> {
        self.begin().await?;
        loop {
            let wanted = self.merge.wanted();
            if wanted.is_empty() {
                break;
            }
            // Where one entry of each is too much for one answer, they are asked one after the other.
            for part in wanted.chunks(if self.count == 1 { 1 } else { wanted.len() }) {
                self.read(part).await?;
            }
        }
        let mut page = Page { entries: self.merge.take(PAGE), reached: std::mem::take(&mut self.reached) };
        page.reached.extend(self.merge.reached(&page.entries));
        Ok((!page.entries.is_empty() || !page.reached.is_empty()).then_some(page))
    }

    /// What each record could say; complete once everything is read.
    pub(crate) fn found(&self) -> &[(String, Found)] {
        &self.found
    }

    /// The newest entry of each record that was never read before and holds something.
    pub(crate) fn begun(&self) -> &[(String, EntryId)] {
        &self.begun
    }

    /// A record that was never read is read from now on: old history is nobody's news.
    async fn begin(&mut self) -> Result<(), AskFailed> {
        let fresh = std::mem::take(&mut self.fresh);
        if fresh.is_empty() {
            return Ok(());
        }
        let answers = self
            .link
            .ask(CommandKind::CatchUp, self.session, fresh.iter().map(|channel| question::newest(channel)).collect())
            .await?;
        for (channel, answer) in fresh.into_iter().zip(&answers) {
            let newest = entry::ids(answer).next_back();
            self.begun.extend(newest.map(|newest| (channel.clone(), newest)));
            self.found.push((channel.clone(), if newest.is_some() { Found::Begun } else { Found::Nothing }));
            self.reached.push(Reached::Record(channel, newest.unwrap_or_default()));
        }
        Ok(())
    }

    async fn read(&mut self, wanted: &[(String, EntryId)]) -> Result<(), AskFailed> {
        let answers =
            self.link.ask(CommandKind::CatchUp, self.session, vec![question::after(wanted, self.count)]).await?;
        let mut entries = entry::by_channel(answers.first());
        let bytes: usize = entries.iter().flat_map(|(_, entries)| entries).map(|entry| entry.payload.len()).sum();
        for (channel, _) in wanted {
            let read = match entries.iter().position(|(name, _)| name == channel) {
                Some(at) => entries.swap_remove(at).1,
                None => VecDeque::new(),
            };
            self.add(channel, read).await?;
        }
        self.count = match bytes {
            _ if bytes > ANSWER => (self.count / 2).max(1),
            _ if bytes < ANSWER / 4 => (self.count * 2).min(MOST_COUNT),
            _ => self.count,
        };
        Ok(())
    }

    async fn add(&mut self, channel: &str, read: VecDeque<Entry>) -> Result<(), AskFailed> {
        let full = read.len() >= self.count;
        let nothing = read.is_empty();
        let Some(first) = self.merge.add(channel, read, full) else { return Ok(()) };
        let found = match first {
            merge::First::Whole => Found::Whole,
            merge::First::Torn => {
                self.reached.push(Reached::NewRecord(channel.to_owned()));
                Found::Torn
            }
            merge::First::FromTheBeginning if nothing => Found::Nothing,
            merge::First::FromTheBeginning if self.nothing_was_cut(channel).await? => Found::Whole,
            merge::First::FromTheBeginning => Found::Torn,
        };
        self.found.retain(|(name, _)| name != channel);
        self.found.push((channel.to_owned(), found));
        Ok(())
    }

    /// Does a record still hold everything that was ever written into it? Not known where the server does not count.
    async fn nothing_was_cut(&self, channel: &str) -> Result<bool, AskFailed> {
        match self.link.ask(CommandKind::CatchUp, self.session, vec![question::about(channel)]).await {
            Ok(answers) => Ok(answers.first().and_then(entry::is_uncut).unwrap_or(false)),
            Err(AskFailed::Refused(_)) => Ok(false),
            Err(failed) => Err(failed),
        }
    }
}

#[cfg(test)]
mod tests;
