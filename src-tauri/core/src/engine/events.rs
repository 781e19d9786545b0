//! The stream of events: composed for each listener from what may be looked at, so that a slow one misses states in
//! between and never the newest.

use std::time::Duration;

use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep_until},
};

use super::{
    board::Board,
    event::{Event, FeedItem, Place},
    snapshot::Snapshot,
};
use crate::{guide::GuideView, rotation::RotationView, store::InboxState};

/// The least time between two events of one kind.
const SPACING: Duration = Duration::from_millis(100);

/// So many lines of the feed go out in one event; with more, the older ones are left out.
const FEED_AT_ONCE: usize = 50;

/// Everything a screen wants to be told, one after the other.
pub struct Events {
    snapshot: watch::Receiver<Snapshot>,
    inbox: watch::Receiver<InboxState>,
    guide: watch::Receiver<GuideView>,
    rotation: watch::Receiver<RotationView>,
    open: watch::Receiver<Option<Place>>,
    feed: broadcast::Receiver<FeedItem>,
    waiting_feed: Vec<FeedItem>,
    /// What has changed and not been said: the state, the inbox, the guide, the rotation.
    news: [bool; 4],
    /// When each kind may be said again: the state, the inbox, the guide, the rotation, the feed.
    ready: [Instant; 5],
}

impl Events {
    pub(super) fn new(
        board: &Board,
        snapshot: watch::Receiver<Snapshot>,
        inbox: watch::Receiver<InboxState>,
        guide: watch::Receiver<GuideView>,
        rotation: watch::Receiver<RotationView>,
    ) -> Self {
        Self {
            snapshot,
            inbox,
            guide,
            rotation,
            open: board.opening(),
            feed: board.feeding(),
            waiting_feed: Vec::new(),
            news: [true, false, true, true],
            ready: [Instant::now(); 5],
        }
    }

    /// The next event; `None` once the engine has stopped. Dropping the call loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.due() {
                return Some(event);
            }
            let [state, inbox, guide, rotation] = self.news;
            let waiting = [state, inbox, guide, rotation, !self.waiting_feed.is_empty()];
            let wake = self.ready.iter().zip(waiting).filter(|(_, waits)| *waits).map(|(at, _)| *at).min();
            tokio::select! {
                changed = self.open.changed() => {
                    changed.ok()?;
                    if let Some(place) = *self.open.borrow_and_update() {
                        return Some(Event::Open { place });
                    }
                }
                changed = self.snapshot.changed() => {
                    changed.ok()?;
                    self.news[0] = true;
                }
                changed = self.inbox.changed() => {
                    changed.ok()?;
                    self.news[1] = true;
                }
                changed = self.guide.changed() => {
                    changed.ok()?;
                    self.news[2] = true;
                }
                changed = self.rotation.changed() => {
                    changed.ok()?;
                    self.news[3] = true;
                }
                item = self.feed.recv() => match item {
                    Ok(item) => self.gather(item),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
        }
    }

    fn gather(&mut self, item: FeedItem) {
        if self.waiting_feed.len() == FEED_AT_ONCE {
            self.waiting_feed.remove(0);
        }
        self.waiting_feed.push(item);
    }

    fn due(&mut self) -> Option<Event> {
        let now = Instant::now();
        if self.news[0] && self.ready[0] <= now {
            self.news[0] = false;
            self.ready[0] = now + SPACING;
            let snapshot = Box::new(self.snapshot.borrow_and_update().clone());
            return Some(Event::State { snapshot });
        }
        if self.news[1] && self.ready[1] <= now {
            self.news[1] = false;
            self.ready[1] = now + SPACING;
            let newest = self.inbox.borrow_and_update().newest;
            return Some(Event::Inbox { newest });
        }
        if self.news[2] && self.ready[2] <= now {
            self.news[2] = false;
            self.ready[2] = now + SPACING;
            let guide = Box::new(self.guide.borrow_and_update().clone());
            return Some(Event::Guide { guide });
        }
        if self.news[3] && self.ready[3] <= now {
            self.news[3] = false;
            self.ready[3] = now + SPACING;
            let rotation = Box::new(self.rotation.borrow_and_update().clone());
            return Some(Event::Rotation { rotation });
        }
        if !self.waiting_feed.is_empty() && self.ready[4] <= now {
            self.ready[4] = now + SPACING;
            return Some(Event::Feed { items: std::mem::take(&mut self.waiting_feed) });
        }
        None
    }
}
