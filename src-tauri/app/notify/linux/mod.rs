//! Notifications over `org.freedesktop.Notifications`, on one connection of our own that lives as long as it works.
//!
//! Not with the library the other systems use: it opens a connection for each notification, holds a thread for each
//! that waits for its click, and cannot wake them when the server dies. And some servers close a notification when
//! the connection that sent it goes away.
//!
//! Every call has a time limit. After a time-out or a broken connection the next call starts with a new one.

mod session;
mod shown;
#[cfg(test)]
mod tests;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use heliograph_core::notification::{NotShown, Notification, Notifier, Subject};
use tokio::time::timeout;

use self::{
    session::{Failure, Session},
    shown::Shown,
};
use super::{LIMIT, Presses};

/// Where the notification server is found.
#[derive(Clone, Debug)]
enum Bus {
    /// On the session bus.
    Session,
    /// On a bus of a test.
    #[cfg(test)]
    At(String),
}

/// The desktop's notifications.
pub(super) struct Desktop(Arc<Inner>);

/// The locks are held to look and to exchange, never across a call.
struct Inner {
    bus: Bus,
    limit: Duration,
    presses: Presses,
    session: Mutex<Option<Arc<Session>>>,
    shown: Mutex<Shown>,
}

impl Desktop {
    pub(super) fn new(presses: Presses) -> Self {
        Self::on(Bus::Session, LIMIT, presses)
    }

    fn on(bus: Bus, limit: Duration, presses: Presses) -> Self {
        let (session, shown) = (Mutex::new(None), Mutex::new(Shown::default()));
        Self(Arc::new(Inner { bus, limit, presses, session, shown }))
    }
}

impl Notifier for Desktop {
    fn show<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> Pin<Box<dyn Future<Output = Result<(), NotShown>> + Send + 'a>> {
        Box::pin(async {
            let mut attempt = Attempt::new(&self.0);
            match timeout(self.0.limit, attempt.show(notification)).await {
                Ok(Ok(())) => {
                    attempt.worked();
                    Ok(())
                }
                Ok(Err(Failure::Refused(reason))) => {
                    attempt.worked();
                    Err(NotShown::Refused(reason))
                }
                Ok(Err(Failure::NoServer)) => Err(NotShown::NoServer),
                Err(_) => Err(NotShown::TimedOut),
            }
        })
    }

    fn withdraw(&self, subject: Subject) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let Some(id) = self.0.shown().forget(subject) else { return };
            // Without a connection there is nothing of ours on the screen that could be reached.
            let Some(session) = self.0.session() else { return };
            let mut attempt = Attempt::new(&self.0);
            attempt.session = Some(Arc::clone(&session));
            if let Ok(Ok(()) | Err(Failure::Refused(_))) = timeout(self.0.limit, session.close(id)).await {
                attempt.worked();
            }
        })
    }
}

impl Inner {
    fn session(&self) -> Option<Arc<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, session: &Arc<Session>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(session));
    }

    /// Lets the session go, unless another has taken its place.
    fn drop_session(&self, session: &Arc<Session>) {
        let mut kept = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let old = kept.take_if(|kept| Arc::ptr_eq(kept, session));
        drop(kept);
        drop(old);
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call. Unless it worked its connection is let go when this is dropped: after an error, after a time-out, and
/// when whoever called gave up waiting.
struct Attempt<'a> {
    inner: &'a Arc<Inner>,
    session: Option<Arc<Session>>,
}

impl<'a> Attempt<'a> {
    fn new(inner: &'a Arc<Inner>) -> Self {
        Self { inner, session: None }
    }

    async fn show(&mut self, notification: &Notification) -> Result<(), Failure> {
        let session = if let Some(session) = self.inner.session() {
            session
        } else {
            let session = session::connect(self.inner).await?;
            self.inner.keep(&session);
            session
        };
        self.session = Some(Arc::clone(&session));
        let replaces = self.inner.shown().id_of(notification.subject);
        let id = session.notify(notification, replaces).await?;
        self.inner.shown().put(notification.subject, id);
        Ok(())
    }

    fn worked(&mut self) {
        self.session = None;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.inner.drop_session(&session);
        }
    }
}
