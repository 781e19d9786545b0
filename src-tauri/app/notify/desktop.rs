//! Notifications of macOS and Windows, shown without a thread or a connection that stays.
//!
//! They cannot be replaced, taken back or pressed here yet: the tray and the window are where tasks are answered.

use std::pin::Pin;

use heliograph_core::notification::{NotShown, Notification, Notifier, Subject};
use tokio::{task::spawn_blocking, time::timeout};

use super::{LIMIT, Presses};

/// The desktop's notifications.
pub(super) struct Desktop {
    /// Kept so that the channel stays open.
    _presses: Presses,
}

impl Desktop {
    pub(super) fn new(presses: Presses) -> Self {
        Self { _presses: presses }
    }
}

impl Notifier for Desktop {
    fn show<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> Pin<Box<dyn Future<Output = Result<(), NotShown>> + Send + 'a>> {
        let (title, body) = (notification.title.clone(), notification.body.clone());
        Box::pin(async move {
            // The call may wait for the system; a thread of the pool waits instead of us.
            let shown = spawn_blocking(move || {
                notify_rust::Notification::new().appname(crate::NAME).summary(&title).body(&body).show().map(|_| ())
            });
            match timeout(LIMIT, shown).await {
                Ok(Ok(Ok(()))) => Ok(()),
                Ok(Ok(Err(error))) => Err(NotShown::Refused(error.to_string())),
                Ok(Err(_)) => Err(NotShown::Refused("the call did not come back".into())),
                Err(_) => Err(NotShown::TimedOut),
            }
        })
    }

    fn withdraw(&self, _subject: Subject) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}
