//! What the engine's tasks know together: short looks and short changes under one lock, never across an await.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{broadcast, watch};

use super::{
    event::{FeedItem, Place},
    rotation::{Heard, Notice, Stood},
    snapshot::{Brief, Source},
};
use crate::{message::Millis, presence::Roster, trouble::Trouble, trouble::TroubleCode};

/// So many lines of the feed are kept for a window that opens later.
const FEED_KEPT: usize = 200;

/// A window that takes lines of the feed more slowly than this misses some.
const FEED_BEHIND: usize = 256;

/// Answers to pings that whoever asked has not looked at; older ones are missed.
const ANSWERS_BEHIND: usize = 16;

/// Peers heard since somebody last asked, and no more of them than this.
const PEERS_NOTED: usize = 64;

/// The shared state, and how to be told that it changed.
pub(super) struct Board {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    heard: watch::Sender<u64>,
    feed: broadcast::Sender<FeedItem>,
    open: watch::Sender<Option<Place>>,
    answers: broadcast::Sender<String>,
    rotating: watch::Sender<u64>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) roster: Roster,
    pub(super) troubles: Vec<Trouble>,
    pub(super) address: Option<Known>,
    pub(super) address_trouble: Option<Trouble>,
    pub(super) paused_until: Option<Millis>,
    pub(super) recent: Vec<Brief>,
    /// What was said of rotations.
    pub(super) rotation: Heard,
    /// The new key is in use here, and Helios was not heard with it.
    pub(super) behind: bool,
    /// The records hold messages from the hour before the very first start.
    pub(super) earlier: bool,
    feed: VecDeque<FeedItem>,
    peers_heard: Vec<String>,
}

/// What may be said of the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) shown: String,
    pub(super) tls: bool,
    pub(super) source: Source,
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::default(),
            changed: watch::channel(0).0,
            heard: watch::channel(0).0,
            feed: broadcast::channel(FEED_BEHIND).0,
            open: watch::channel(None).0,
            answers: broadcast::channel(ANSWERS_BEHIND).0,
            rotating: watch::channel(0).0,
        }
    }

    /// A look at the state. A task that panicked while holding the lock leaves values that are each still sound.
    pub(super) fn look(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and tells whoever composes the snapshot.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let result = change(&mut self.look());
        self.changed.send_modify(|count| *count += 1);
        result
    }

    pub(super) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Agents were heard: their name, whether by a heartbeat, and when.
    pub(super) fn heard(&self, heard: &[(String, bool, Millis)]) {
        if heard.is_empty() {
            return;
        }
        self.change(|inner| {
            for (name, heartbeat, at) in heard {
                inner.roster.heard(name, *heartbeat, *at);
                if inner.peers_heard.len() < PEERS_NOTED && !inner.peers_heard.contains(name) {
                    inner.peers_heard.push(name.clone());
                }
            }
        });
        self.heard.send_modify(|count| *count += 1);
    }

    /// Changes each time somebody was heard.
    pub(super) fn hearing(&self) -> watch::Receiver<u64> {
        self.heard.subscribe()
    }

    /// Who was heard since the last call.
    pub(super) fn take_heard(&self) -> Vec<String> {
        std::mem::take(&mut self.look().peers_heard)
    }

    pub(super) fn report(&self, trouble: Trouble) {
        self.change(|inner| {
            inner.troubles.retain(|known| known.code != trouble.code);
            inner.troubles.push(trouble);
        });
    }

    pub(super) fn mended(&self, code: TroubleCode) {
        if self.look().troubles.iter().any(|trouble| trouble.code == code) {
            self.change(|inner| inner.troubles.retain(|trouble| trouble.code != code));
        }
    }

    pub(super) fn feed(&self, items: Vec<FeedItem>) {
        let mut inner = self.look();
        for item in items {
            if inner.feed.len() == FEED_KEPT {
                inner.feed.pop_front();
            }
            inner.feed.push_back(item.clone());
            // Without a window nobody listens.
            let _ = self.feed.send(item);
        }
    }

    pub(super) fn fed(&self) -> Vec<FeedItem> {
        self.look().feed.iter().cloned().collect()
    }

    pub(super) fn feeding(&self) -> broadcast::Receiver<FeedItem> {
        self.feed.subscribe()
    }

    /// Something was said of rotations.
    pub(super) fn rotation_said(&self, notices: Vec<Notice>) {
        if notices.is_empty() {
            return;
        }
        let mut inner = self.look();
        for notice in notices {
            inner.rotation.hear(notice);
        }
        drop(inner);
        self.rotating.send_modify(|count| *count += 1);
    }

    /// The link stands, and what was missed before was read as far as it can be.
    pub(super) fn stood(&self, stood: Stood) {
        self.look().rotation.stood(stood);
        self.rotating.send_modify(|count| *count += 1);
    }

    /// Changes each time something was said of rotations, or the link stood.
    pub(super) fn rotating(&self) -> watch::Receiver<u64> {
        self.rotating.subscribe()
    }

    /// The ping with that id was answered.
    pub(super) fn answered(&self, id: &str) {
        // Hardly ever does anybody wait.
        let _ = self.answers.send(id.to_owned());
    }

    /// Where the ids of pings that are answered go.
    pub(super) fn answers(&self) -> broadcast::Sender<String> {
        self.answers.clone()
    }

    pub(super) fn open(&self, place: Place) {
        self.open.send_replace(Some(place));
    }

    pub(super) fn opening(&self) -> watch::Receiver<Option<Place>> {
        self.open.subscribe()
    }
}
