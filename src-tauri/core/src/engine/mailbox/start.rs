//! Starting everything of the mailbox among the engine's other tasks.

use std::{path::PathBuf, sync::Arc};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Letters, Mailroom, Means, Offer, judge};
use crate::{
    credentials::Keychain,
    engine::board::Board,
    link::Link,
    mailbox::{Mailbox, Tuning},
    settings::Settings,
    store::Store,
};

/// Batches of letters on their way. Full: the mailbox is read no further.
const LETTERS: usize = 1;

/// What the mailbox's tasks work with.
pub(in crate::engine) struct Around {
    pub(in crate::engine) keychain: Keychain,
    pub(in crate::engine) api: Option<Url>,
    pub(in crate::engine) authorities: Option<PathBuf>,
    pub(in crate::engine) offered: Option<Offer>,
    pub(in crate::engine) settings: watch::Receiver<Settings>,
    pub(in crate::engine) store: Store,
    pub(in crate::engine) link: Link,
    pub(in crate::engine) board: Arc<Board>,
}

/// Starts them, to be cut off with the others: what is on its way to GitHub then is looked for there before it is left
/// once more. Gives the mailbox's setting up, and whether Redis is not to be counted on.
pub(in crate::engine) fn start(tasks: &mut JoinSet<()>, around: Around) -> (Arc<Mailroom>, watch::Receiver<bool>) {
    let Around { keychain, api, authorities, offered, settings, store, link, board } = around;
    let (letters, delivered) = mpsc::channel(LETTERS);
    let mut tuning = Tuning::default();
    tuning.authorities = authorities.clone().or(tuning.authorities);
    let (mailbox, postman) = Mailbox::new(letters, tuning);
    let (away_out, away) = watch::channel(false);
    tasks.spawn(postman.run(CancellationToken::new()));
    tasks.spawn(judge(link.status(), mailbox.clone(), away_out));
    let mailroom = Mailroom::new(Means { mailbox, keychain, api, authorities, offered });
    tasks.spawn(Arc::clone(&mailroom).follow(store.clone(), settings.clone()));
    tasks.spawn(Letters { settings, store, board }.run(delivered));
    (mailroom, away)
}
