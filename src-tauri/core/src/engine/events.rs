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
use crate::{guide::GuideView, store::InboxState};

/// The least time between two events of one kind.
const SPACING: Duration = Duration::from_millis(100);

/// So many lines of the feed go out in one event; with more, the older ones are left out.
const FEED_AT_ONCE: usize = 50;

/// Everything a screen wants to be told, one after the other.
pub struct Events {
    snapshot: watch::Receiver<Snapshot>,
    inbox: watch::Receiver<InboxState>,
    guide: watch::Receiver<GuideView>,
    open: watch::Receiver<Option<Place>>,
    feed: broadcast::Receiver<FeedItem>,
    waiting_feed: Vec<FeedItem>,
    /// What has changed and not been said: the state, the inbox, the guide.
    news: [bool; 3],
    /// When each kind may be said again: the state, the inbox, the guide, the feed.
    ready: [Instant; 4],
}

impl Events {
    pub(super) fn new(
        board: &Board,
        snapshot: watch::Receiver<Snapshot>,
        inbox: watch::Receiver<InboxState>,
        guide: watch::Receiver<GuideView>,
    ) -> Self {
        Self {
            snapshot,
            inbox,
            guide,
            open: board.opening(),
            feed: board.feeding(),
            waiting_feed: Vec::new(),
            news: [true, false, true],
            ready: [Instant::now(); 4],
        }
    }

    /// The next event; `None` once the engine has stopped. Dropping the call loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.due() {
                return Some(event);
            }
            let waiting = [self.news[0], self.news[1], self.news[2], !self.waiting_feed.is_empty()];
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
        if !self.waiting_feed.is_empty() && self.ready[3] <= now {
            self.ready[3] = now + SPACING;
            return Some(Event::Feed { items: std::mem::take(&mut self.waiting_feed) });
        }
        None
    }
}
