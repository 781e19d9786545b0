//! Reading on from a cursor, page by page. Pure: pages come in, letters and the next question come out.

use reqwest::header::HeaderValue;

use super::{
    Cursor, Letter, Repository,
    comment::Comment,
    cursor::{changed, written},
    wire::Ask,
};

/// GitHub gives no more at once.
const PAGE: usize = 100;
/// So many of the longest comments fit into an answer.
const SMALL_PAGE: usize = 10;

/// Where reading stands. Cloned for each page, so that a page that could not be kept is as if it had not been read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) cursor: Cursor,
    /// The question: from when on, which page. It stays the same for as long as that costs little, so that "nothing
    /// new" costs nothing.
    since: i64,
    page: u32,
    /// Something new was on the pages of this question so far, or something that was on another page before.
    moved: bool,
    size: usize,
    /// Of the last answer to that question.
    etag: Option<HeaderValue>,
}

/// What a page brought.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) letters: Vec<Letter>,
    /// Where reading stands once they are kept.
    pub(super) next: Reader,
    /// There was something that had not been read before.
    pub(super) news: bool,
    /// There is more to read at once.
    pub(super) more: bool,
}

impl Reader {
    pub(super) fn new(cursor: Cursor) -> Self {
        Self { since: cursor.from(PAGE / 2), cursor, page: 1, moved: false, size: PAGE, etag: None }
    }

    /// Asks what is new.
    pub(super) fn ask(&self) -> Ask<'static> {
        let ask = Ask::get(&["issues", "comments"])
            .with("since", &written(self.since))
            .with("sort", &"updated")
            .with("direction", &"asc")
            .with("per_page", &self.size)
            .unless(self.etag.clone());
        if self.page > 1 { ask.with("page", &self.page) } else { ask }
    }

    /// Asks for the newest, to begin there.
    pub(super) fn ask_for_the_end() -> Ask<'static> {
        Ask::get(&["issues", "comments"]).with("sort", &"updated").with("direction", &"desc").with("per_page", &PAGE)
    }

    /// Begins at the end of what there is; `now` is GitHub's clock.
    pub(super) fn begin(repository: &Repository, newest: &[Comment], now: i64) -> Self {
        Self::new(Cursor::at_the_end(repository, newest, now))
    }

    /// Reads a page, which leaves this as it is. `letter` makes a letter of a comment that is one.
    pub(super) fn read(
        &self,
        page: &[Comment],
        etag: Option<HeaderValue>,
        mut letter: impl FnMut(&Comment) -> Option<Letter>,
    ) -> Page {
        let mut next = self.clone();
        let (mut letters, mut news) = (Vec::new(), false);
        for comment in page {
            next.moved |= next.cursor.is_new(comment) || next.cursor.was_edited(comment);
            if next.cursor.is_new(comment) {
                letters.extend(letter(comment));
                news = true;
            }
            next.cursor.take(comment);
        }
        next.etag = etag;
        let more = next.turn_over(page, page.len() >= self.size);
        if more {
            next.cursor.leave_open(next.since);
        }
        Page { letters, next, news, more }
    }

    /// Asks for less at once, since the answer was too long.
    pub(super) fn ask_for_less(&mut self) {
        self.size = if self.size > SMALL_PAGE { SMALL_PAGE } else { 1 };
        self.etag = None;
    }

    /// Goes on from the other cursor, where that is further on.
    pub(super) fn reached(&mut self, other: Cursor) {
        let cursor = std::mem::take(&mut self.cursor).further(other);
        *self = Self::new(cursor);
    }

    /// Asks the next question. True if at once.
    ///
    /// It begins at the last comment's time, and is not the next page by number: an edit moves a comment to the end,
    /// and those behind it would slip onto a page that was read. Only a page within one second leaves no other way;
    /// then all of them are read until nothing has moved meanwhile.
    fn turn_over(&mut self, page: &[Comment], full: bool) -> bool {
        let last = page.last().map_or(self.since, changed);
        if full && (last <= self.since || self.page > 1) {
            self.page += 1;
            self.etag = None;
        } else if full {
            self.ask_from(last);
        } else if self.page > 1 && self.moved {
            self.ask_from(self.since);
        } else {
            self.settle(page.len());
            return false;
        }
        true
    }

    /// Everything was read. The question moves on when its answer has grown long.
    fn settle(&mut self, length: usize) {
        self.cursor.close();
        let from = self.cursor.from(self.size / 2);
        if from != self.since && (self.since > from || self.page > 1 || length > self.size / 2) {
            self.ask_from(from);
        }
        self.moved = false;
    }

    fn ask_from(&mut self, since: i64) {
        (self.since, self.page, self.size) = (since, 1, PAGE);
        (self.etag, self.moved) = (None, false);
    }
}

#[cfg(test)]
mod tests;
