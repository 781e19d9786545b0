//! Between the store and what surrounds it: how long it keeps messages, and what a person is told of a damaged file.

use std::sync::Arc;

use tokio::sync::watch;

use super::board::Board;
use crate::{settings::Settings, store::Store};

/// Runs until the store is gone.
pub(super) async fn keep(store: Store, mut settings: watch::Receiver<Settings>, board: Arc<Board>) {
    let mut notice = store.notice();
    let mut in_force = None;
    loop {
        let wanted = settings.borrow_and_update().inbox.retention();
        if in_force != Some(wanted) {
            store.keep_at_most(wanted).await;
            in_force = Some(wanted);
        }
        let gone = tokio::select! {
            changed = settings.changed() => changed.is_err(),
            changed = notice.changed() => {
                if let Some(trouble) = notice.borrow_and_update().clone() {
                    board.report(trouble);
                }
                changed.is_err()
            }
        };
        if gone {
            return;
        }
    }
}
