//! Which database is in use. What was counted for one counts against the limits of no other.

use std::sync::Arc;

use super::Desk;
use crate::{
    link::Address,
    message::{Millis, now},
};

/// What was last done then is due at once.
const LONG_AGO: Millis = 0;

impl Desk {
    /// Follows the address in use until it is cut off: at once, so that nothing of the new database is counted for the
    /// old one.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut in_use = self.means.in_use.clone();
        loop {
            self.turn().await;
            if in_use.changed().await.is_err() {
                return;
            }
        }
    }

    /// Takes up which database is in use. Another password of the same one is no change.
    pub(super) async fn turn(&self) {
        let address = self.means.in_use.borrow().as_ref().and_then(|held| Address::parse(&held.url).ok());
        let Some(database) = address.map(|address| address.shown()) else { return };
        let now = now();
        self.count(now);
        let (moved, fresh) = {
            let mut state = self.look();
            let moved = state.books.turn(&database);
            if moved {
                // What the service said was of the other one.
                (state.reading, state.unread) = (None, None);
            }
            let fresh = state.books.is_open() && state.kept.database != database;
            if fresh {
                // When this one was last kept alive is not known. At the very first start there is nothing to catch up.
                if !state.kept.database.is_empty() {
                    state.kept.alive_at = Some(LONG_AGO);
                }
                state.kept.database = database;
            }
            (moved, fresh)
        };
        if fresh {
            self.remember().await;
        }
        if moved {
            tracing::info!("another database is in use, and counted for by itself");
            self.slow_down(now);
            self.looked.notify_one();
        }
    }
}
