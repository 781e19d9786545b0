//! Whatever happens in whatever order, each message is there once.

mod pieces;

use std::{collections::VecDeque, sync::Arc};

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{Entry, merge::Merge};
use crate::{
    message::read,
    store::{Arrival, EntryId, Filter, ListRequest, Page, Reached, Store, Way},
};

const CHANNELS: [&str; 2] = ["helios→chad", "helios→chad-urgent"];

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    /// A message is recorded and published: on which channel.
    Say(usize),
    /// What was heard is taken in.
    Take,
    /// So many entries of the records are read in questions of so many, and then it breaks off.
    Read { count: usize, pages: usize },
    /// The connection ends; what was heard and not taken in is gone.
    Lose,
    /// The connection is made anew.
    Connect,
    /// The program is killed and started again.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..CHANNELS.len()).prop_map(Step::Say),
        2 => Just(Step::Take),
        2 => (1..5usize, 1..4usize).prop_map(|(count, pages)| Step::Read { count, pages }),
        1 => Just(Step::Lose),
        1 => Just(Step::Connect),
        1 => Just(Step::Crash),
    ]
}

/// The server, the program, and what lies between.
struct Scene {
    folder: TempDir,
    store: Store,
    records: [Vec<Entry>; 2],
    heard: Vec<Entry>,
    connected: bool,
    said: u64,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        Self { folder, store, records: Default::default(), heard: Vec::new(), connected: true, said: 0 }
    }

    async fn happens(&mut self, step: &Step) {
        match *step {
            Step::Say(channel) => self.say(channel),
            Step::Take => self.take().await,
            Step::Read { count, pages } => self.read(count, pages).await,
            Step::Lose => self.lose(),
            Step::Connect => self.connected = true,
            Step::Crash => {
                self.lose();
                self.store.stop().await;
                self.store = open(&self.folder);
            }
        }
    }

    fn say(&mut self, channel: usize) {
        self.said += 1;
        let payload = serde_json::json!({"from": "helios", "type": "task", "id": self.said.to_string()});
        let id = EntryId { ms: 1_000 + self.said / 3, nth: self.said % 3 };
        let entry = Entry { channel: CHANNELS[channel].into(), id, payload: payload.to_string().into_bytes() };
        self.records[channel].push(entry.clone());
        if self.connected {
            self.heard.push(entry);
        }
    }

    fn lose(&mut self) {
        self.connected = false;
        self.heard.clear();
    }

    async fn take(&mut self) {
        let arrivals = arrivals(std::mem::take(&mut self.heard), Way::Live);
        self.store.take(Page { arrivals, ..Page::default() }).await.unwrap();
    }

    async fn read(&mut self, count: usize, pages: usize) {
        let channels = CHANNELS.map(str::to_owned);
        let cursors = self.store.records(channels.to_vec()).await.unwrap().cursors;
        let known = channels.into_iter().zip(cursors).map(|(channel, cursor)| (channel, cursor.unwrap_or_default()));
        let mut merge = Merge::new(known);
        for _ in 0..pages {
            loop {
                let wanted = merge.wanted();
                if wanted.is_empty() {
                    break;
                }
                for (channel, after) in wanted {
                    let record = &self.records[CHANNELS.iter().position(|name| *name == channel).unwrap()];
                    let next = record.iter().filter(|entry| entry.id > after).take(count).cloned();
                    let next: VecDeque<_> = next.collect();
                    let full = next.len() >= count;
                    assert_ne!(merge.add(&channel, next, full), Some(super::merge::First::Torn), "nothing was cut");
                }
            }
            let entries = merge.take(count);
            assert!(entries.is_sorted_by_key(|entry| entry.id), "in the server's order");
            let reached = merge.reached(&entries);
            self.store.take(Page { arrivals: arrivals(entries, Way::Record), reached, away: false }).await.unwrap();
        }
    }

    async fn ids(&self) -> Vec<u64> {
        let request = ListRequest { filter: Filter::All, limit: 500, ..ListRequest::default() };
        let rows = self.store.list(request).await.unwrap().rows;
        let mut ids = Vec::new();
        for row in rows {
            ids.push(self.store.detail(row.seq).await.unwrap().id.unwrap().parse().unwrap());
        }
        ids.sort_unstable();
        ids
    }
}

fn open(folder: &TempDir) -> Store {
    // Nobody listens: what a commit brought does not matter here.
    Store::open(folder.path().join("m.db"), mpsc::channel(1).0)
}

fn arrivals(entries: Vec<Entry>, way: Way) -> Vec<Arrival> {
    let arrival = |entry: Entry| {
        let header = read(&entry.channel, &entry.payload);
        Arrival { way, ..Arrival::live(Arc::clone(&entry.channel), header, entry.payload, 1, true) }
    };
    entries.into_iter().map(arrival).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn each_message_is_there_once(steps in prop::collection::vec(step(), 0..60)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut scene = Scene::new();
            // From now on: whatever is said is ours to have.
            for channel in CHANNELS {
                let reached = vec![Reached::Record(channel.to_owned(), EntryId::default())];
                scene.store.take(Page { reached, ..Page::default() }).await.unwrap();
            }
            for step in &steps {
                scene.happens(step).await;
            }
            scene.read(3, 60).await;
            scene.take().await;
            prop_assert_eq!(scene.ids().await, (1..=scene.said).collect::<Vec<_>>());
            scene.store.stop().await;
            Ok(())
        })?;
    }
}
