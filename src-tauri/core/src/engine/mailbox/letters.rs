//! What was left in the mailbox, on its way to the store.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::CURSOR;
use crate::{
    engine::{board::Board, intake},
    mailbox::{Batch, Letter, Trust},
    message::{Header, Kind, now, read},
    settings::Settings,
    store::{Arrival, Page, Reached, Store, Way},
};

pub(in crate::engine) struct Letters {
    pub(in crate::engine) settings: watch::Receiver<Settings>,
    pub(in crate::engine) store: Store,
    pub(in crate::engine) board: Arc<Board>,
}

impl Letters {
    /// Takes in batch after batch until nobody brings any more. One that cannot be kept is brought again.
    pub(in crate::engine) async fn run(self, mut delivered: mpsc::Receiver<Batch>) {
        while let Some(Batch { letters, cursor, stored }) = delivered.recv().await {
            let Ok(cursor) = serde_json::to_string(&cursor) else { continue };
            let page = Page {
                arrivals: letters.into_iter().filter_map(|letter| self.arrival(letter)).collect(),
                reached: vec![Reached::Kept(CURSOR, cursor)],
                away: false,
            };
            match self.store.take(page).await {
                // The postman may have been stopped meanwhile.
                Ok(()) => drop(stored.send(())),
                Err(trouble) => tracing::warn!("what was left in the mailbox waits there: {trouble}"),
            }
        }
    }

    fn arrival(&self, letter: Letter) -> Option<Arrival> {
        let Letter { channel, payload, login, trust, .. } = letter;
        let channel: Arc<str> = channel.into();
        let (header, notable) = if trust == Trust::Trusted {
            let header = read(&channel, &payload);
            let settings = self.settings.borrow();
            if header.kind == Kind::Heartbeat || intake::is_echo(&settings.agents.me, &channel, &header) {
                return None;
            }
            let notable = intake::is_notable(&settings.notifications, &header);
            (header, notable)
        } else {
            (nobodys(), false)
        };
        self.board.feed(vec![intake::line(&channel, &payload, now(), &header)]);
        let doubt = doubt(trust);
        Some(Arrival {
            way: Way::Mailbox,
            login: Some(login),
            doubt,
            ..Arrival::live(channel, header, payload, now(), notable)
        })
    }
}

/// What is not trusted says nothing that is believed.
fn nobodys() -> Header {
    Header {
        from: String::new(),
        kind: Kind::Unreadable,
        id: None,
        reply_to: None,
        sent_at: None,
        expires_at: None,
        priority: crate::message::Priority::Normal,
    }
}

fn doubt(trust: Trust) -> Option<&'static str> {
    match trust {
        Trust::Trusted => None,
        Trust::NotAllowed => Some("This GitHub account is not among those whose comments may be messages."),
        Trust::Edited => Some("The comment was changed after it was written, and GitHub does not say by whom."),
        Trust::NoBlock => Some("The comment has not exactly one block of JSON."),
    }
}
