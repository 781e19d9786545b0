//! Keeping the mailbox on the repository that is set, with the token that is known.

use std::{pin::Pin, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::{sync::watch, time::sleep};

use super::{CURSOR, Mailroom};
use crate::{
    credentials,
    mailbox::{Cursor, Plan, is_same_token},
    message::Names,
    settings::{self, Settings},
    store::Store,
};

/// How long a keychain is left alone that was open and did not give the token.
const AGAIN: Duration = Duration::from_secs(30);

impl Mailroom {
    /// Follows the settings until they are gone. The keychain is asked only where a repository is set.
    pub(in crate::engine) async fn follow(self: Arc<Self>, store: Store, mut settings: watch::Receiver<Settings>) {
        let mut changes = self.changes();
        let mut unlocked: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(credentials::unlocked());
        let mut planned: Option<(Wanted, Option<SecretString>)> = None;
        loop {
            let wanted = Wanted::of(&settings.borrow_and_update());
            let new = planned.as_ref().is_none_or(|(planned, _)| *planned != wanted);
            if new && !wanted.mailbox.repository.is_empty() && self.known().is_none() {
                self.fetch().await;
            }
            changes.borrow_and_update();
            let token = self.known();
            // A plan that is made anew forgets what was learnt with the one before, and gives up what is on its way.
            if new || planned.as_ref().is_some_and(|(_, planned)| !is_same_token(planned.as_ref(), token.as_ref())) {
                self.plan(&store, &wanted, token.clone()).await;
            }
            let failed = super::lock(&self.token_trouble).is_some() && token.is_none();
            planned = Some((wanted, token));
            tokio::select! {
                gone = settings.changed() => if gone.is_err() { return },
                _ = changes.changed() => {}
                () = self.again.notified() => if failed { planned = None },
                () = &mut unlocked, if failed => {
                    planned = None;
                    // Should it be open and refuse all the same, it is not asked again and again.
                    unlocked = Box::pin(async { sleep(AGAIN).await; credentials::unlocked().await });
                }
            }
        }
    }

    async fn plan(&self, store: &Store, wanted: &Wanted, token: Option<SecretString>) {
        let repository = wanted.mailbox.repository.parse().ok();
        let plan = repository.zip(token).zip(self.api().ok()).map(|((repository, token), api)| Plan {
            api,
            repository,
            token,
            allowed: wanted.mailbox.allowed.clone(),
            names: wanted.names.clone(),
        });
        let cursor: Cursor = match store.kept(CURSOR).await {
            Ok(kept) => kept.unwrap_or_default(),
            Err(trouble) => {
                tracing::warn!("how far the mailbox was read is not known: {trouble}");
                Cursor::default()
            }
        };
        self.means.mailbox.follow(plan, cursor);
    }
}

/// The settings that a mailbox is followed by.
#[derive(Clone, PartialEq)]
struct Wanted {
    mailbox: settings::Mailbox,
    names: Names,
}

impl Wanted {
    fn of(settings: &Settings) -> Self {
        Self { mailbox: settings.mailbox.clone(), names: settings.names() }
    }
}
