//! Which notification on the screen is about what.

use std::collections::VecDeque;

use heliograph_core::notification::Subject;

/// How many are remembered; a click on an older one opens the inbox.
const MOST: usize = 200;

/// The notifications the server has taken, oldest first.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The server's name on the bus; another one counts from another number.
    server: Option<String>,
    entries: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    subject: Subject,
    id: u32,
    /// No longer on the screen, but perhaps in the server's history, where it can still be pressed.
    expired: bool,
}

impl Shown {
    /// A server with this name answers now. Numbers of another one mean nothing any more.
    pub(super) fn served_by(&mut self, name: Option<String>) {
        if self.server != name {
            self.entries.clear();
            self.server = name;
        }
    }

    pub(super) fn put(&mut self, subject: Subject, id: u32) {
        self.entries.retain(|entry| entry.id != id && entry.subject != subject);
        self.entries.push_back(Entry { subject, id, expired: false });
        if self.entries.len() > MOST {
            self.entries.pop_front();
        }
    }

    /// The number to replace, while it is on the screen.
    pub(super) fn id_of(&self, subject: Subject) -> Option<u32> {
        self.entries.iter().find(|entry| entry.subject == subject && !entry.expired).map(|entry| entry.id)
    }

    pub(super) fn subject_of(&self, id: u32) -> Option<Subject> {
        self.entries.iter().find(|entry| entry.id == id).map(|entry| entry.subject)
    }

    /// Forgets what a notification is about, and says its number if it had one.
    pub(super) fn forget(&mut self, subject: Subject) -> Option<u32> {
        let place = self.entries.iter().position(|entry| entry.subject == subject)?;
        self.entries.remove(place).map(|entry| entry.id)
    }

    /// It went from the screen; `for_good` if not only because its time was up.
    pub(super) fn closed(&mut self, id: u32, for_good: bool) {
        if for_good {
            self.entries.retain(|entry| entry.id != id);
        } else if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.expired = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut shown = Shown::default();
        for number in 0..=MOST {
            shown.put(Subject::Task(i64::try_from(number).unwrap()), u32::try_from(number).unwrap() + 1);
        }
        assert_eq!(shown.entries.len(), MOST);
        assert_eq!(shown.id_of(Subject::Task(0)), None);
        assert_eq!(shown.id_of(Subject::Task(1)), Some(2));
    }

    #[test]
    fn an_expired_one_can_be_pressed_but_not_replaced() {
        let mut shown = Shown::default();
        shown.put(Subject::Summary, 7);
        shown.closed(7, false);
        assert_eq!(shown.id_of(Subject::Summary), None);
        assert_eq!(shown.subject_of(7), Some(Subject::Summary));
        shown.closed(7, true);
        assert_eq!(shown.subject_of(7), None);
    }

    #[test]
    fn another_server_counts_anew() {
        let mut shown = Shown::default();
        shown.served_by(Some(":1.4".into()));
        shown.put(Subject::Notice, 1);
        shown.served_by(Some(":1.4".into()));
        assert_eq!(shown.id_of(Subject::Notice), Some(1));
        shown.served_by(Some(":1.9".into()));
        assert_eq!(shown.id_of(Subject::Notice), None);
    }
}
