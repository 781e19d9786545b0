//! Nothing twice and nothing lost, whatever is written, edited, restarted or dropped meanwhile.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    mailbox::{Trust, comment::tests::comment},
    message::Names,
};

/// A short page, so that a few comments fill several.
const SHORT: usize = 4;

/// What happens, one thing after the other.
#[derive(Clone, Debug)]
enum Step {
    /// The clock goes on.
    Wait(i64),
    Write,
    /// Changes one of the comments.
    Edit(usize),
    /// Reads a page, and keeps what it brings or does not.
    Read {
        kept: bool,
    },
    /// A new process, with what was kept last.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0i64..4).prop_map(Step::Wait),
        1 => (20i64..4_000).prop_map(Step::Wait),
        6 => Just(Step::Write),
        2 => any::<prop::sample::Index>().prop_map(|index| Step::Edit(index.index(1_000))),
        5 => prop::bool::weighted(0.8).prop_map(|kept| Step::Read { kept }),
        1 => Just(Step::Restart),
    ]
}

/// The service, the reader, and what the reader's owner keeps.
struct World {
    now: i64,
    comments: BTreeMap<u64, Comment>,
    reader: Reader,
    kept: String,
    given: Vec<(u64, Trust)>,
}

impl World {
    fn new() -> Self {
        let repository = "octo/box".parse().unwrap();
        let old = comment(1, 1, "helios", (900, 900), "old");
        let mut reader = Reader::begin(&repository, std::slice::from_ref(&old), 1_000);
        reader.size = SHORT;
        let kept = serde_json::to_string(&reader.cursor).unwrap();
        Self { now: 1_000, comments: BTreeMap::from([(1, old)]), reader, kept, given: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Wait(seconds) => self.now += seconds,
            Step::Write => {
                let id = self.comments.len() as u64 + 1;
                let block = "```json\n{\"from\":\"helios\"}\n```";
                self.comments.insert(id, comment(id, 1, "helios", (self.now, self.now), block));
            }
            Step::Edit(index) => {
                self.now += 1;
                let index = index % self.comments.len();
                let old = self.comments.values_mut().nth(index).unwrap();
                *old = comment(old.id, 1, "helios", (old.created_at.as_second(), self.now), "edited");
            }
            Step::Read { kept } => drop(self.read(*kept)),
            Step::Restart => self.restart(),
        }
    }

    fn restart(&mut self) {
        let cursor: Cursor = serde_json::from_str(&self.kept).unwrap();
        self.reader = Reader { since: cursor.from(SHORT / 2), cursor, page: 1, moved: false, size: SHORT, etag: None };
    }

    /// Reads one page. True if there is more.
    fn read(&mut self, kept: bool) -> bool {
        let Reader { since, page, size, .. } = self.reader;
        let mut found: Vec<_> = self.comments.values().filter(|comment| changed(comment) >= since).cloned().collect();
        found.sort_by_key(|comment| (changed(comment), comment.id));
        let found: Vec<_> = found.into_iter().skip((page as usize - 1) * size).take(size).collect();
        let names = Names { me: "chad".into(), peers: vec!["helios".into()] };
        let read = self.reader.read(&found, None, |comment| comment.letter("x", &["helios".into()], &names));
        assert!(read.news || read.letters.is_empty());
        if kept {
            self.given.extend(read.letters.iter().map(|letter| (letter.comment, letter.trust)));
            self.reader = read.next;
            self.reader.size = SHORT;
            self.kept = serde_json::to_string(&self.reader.cursor).unwrap();
        }
        read.more
    }
}

proptest! {
    #[test]
    fn each_comment_is_given_once_and_an_edited_one_is_never_trusted(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.restart();
        for _ in 0..1_000 {
            if !world.read(true) {
                break;
            }
        }
        let mut given: Vec<u64> = world.given.iter().map(|(id, _)| *id).collect();
        given.sort_unstable();
        let expected: Vec<u64> = world.comments.keys().copied().filter(|id| *id > 1).collect();
        prop_assert_eq!(given, expected);
        // A flurry within one second takes a few more questions until the one is found that is cheap to repeat.
        let more: Vec<bool> = (0..40).map(|_| world.read(true)).collect();
        prop_assert_eq!(&more[38..], &[false, false]);
        let again = world.given.len();
        world.restart();
        world.read(true);
        prop_assert_eq!(world.given.len(), again);
    }

    #[test]
    fn a_cursor_never_moves_back(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in &steps {
            let before: Cursor = serde_json::from_str(&world.kept).unwrap();
            world.take(step);
            let after: Cursor = serde_json::from_str(&world.kept).unwrap();
            prop_assert_eq!(before.further(after.clone()), after);
        }
    }
}

#[test]
fn the_question_stays_the_same_while_its_answer_is_short() {
    let mut world = World::new();
    let before = (world.reader.since, world.reader.page);
    world.take(&Step::Wait(100));
    world.take(&Step::Write);
    assert!(!world.read(true));
    assert_eq!((world.reader.since, world.reader.page), before, "one old and one new of four");
    for _ in 0..3 {
        world.take(&Step::Wait(100));
        world.take(&Step::Write);
        world.read(true);
    }
    assert!(world.reader.since > before.0);
}

#[test]
fn a_comment_that_appears_late_is_read() {
    let mut world = World::new();
    world.now = 2_000;
    world.comments.insert(3, comment(3, 1, "helios", (2_000, 2_000), "x"));
    world.read(true);
    world.comments.insert(2, comment(2, 1, "helios", (1_990, 1_990), "x"));
    world.read(true);
    assert_eq!(world.given.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn another_repository_begins_anew() {
    let world = World::new();
    assert!(!world.reader.cursor.clone().of(&"Octo/Box".parse().unwrap()).is_nowhere());
    assert!(world.reader.cursor.clone().of(&"octo/other".parse().unwrap()).is_nowhere());
}
