//! The operating system's keychain, asked on a thread of its own.
//!
//! Its calls block, some for ever (a daemon that hangs, a prompt nobody answers), so each is given a time limit by
//! the caller's side, and one that has passed it is left behind with its thread. There is one at a time: two would prompt
//! twice, and end in any order. One that was left behind is waited for a little, and not for ever: its prompt may have
//! gone with the daemon. The store beneath `keyring` is made anew for every call: `keyring::Entry` keeps a store that
//! failed once for the life of the process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use keyring_core::{CredentialStore, Entry, Error};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::{Mutex, oneshot},
    time::timeout,
};
use zeroize::Zeroize;

use super::{Item, KeychainError, error::classify};
use crate::guide::Possession;

/// How long a call may take: long enough for a prompt that somebody is just answering.
const LIMIT: Duration = Duration::from_secs(10);

/// How long one that was left behind is waited for.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// The longest secret, in bytes. Windows takes 2,560, as UTF-16 half as many letters.
const LONGEST: usize = 1_200;

type Beneath = fn() -> keyring_core::Result<Arc<CredentialStore>>;

/// Where our items stand in the keychain.
#[derive(Clone, Debug)]
pub struct Keychain {
    service: String,
    limit: Duration,
    /// Makes what is beneath.
    store: Beneath,
    queue: Arc<Queue>,
}

/// The calls that are under way or wait; each has somebody who waits for it, and not for long.
#[derive(Debug, Default)]
struct Queue {
    /// Held by whoever waits for the call that is under way; in it, the end of the one that was left behind.
    turn: Mutex<Option<oneshot::Receiver<()>>>,
    /// How often each item was to become another one.
    wishes: [AtomicU64; Item::ALL.len()],
}

impl Queue {
    fn wishes(&self, item: Item) -> &AtomicU64 {
        &self.wishes[item as usize]
    }
}

impl Keychain {
    /// The keychain's items of this program; those of the sandbox have a name of their own.
    pub fn new(sandbox: bool) -> Self {
        let service = if sandbox { "heliograph-sandbox" } else { "heliograph" }.into();
        Self { service, limit: LIMIT, store, queue: Arc::default() }
    }

    /// What an item holds; `None` where there is no such item. A locked keychain may ask the person to unlock it.
    pub async fn read(&self, item: Item) -> Result<Option<SecretString>, KeychainError> {
        self.call(item, None, read).await
    }

    /// Puts a secret into an item, and reads it again to see that it is there.
    ///
    /// One line of text, of 1,200 bytes at most: what every keychain takes.
    pub async fn write(&self, item: Item, secret: &SecretString) -> Result<(), KeychainError> {
        if secret.expose_secret().len() > LONGEST {
            return Err(KeychainError::TooLong);
        }
        if secret.expose_secret().chars().any(char::is_control) {
            return Err(KeychainError::Failed);
        }
        let secret = secret.clone();
        self.call(item, Some(self.wish(item)), move |entry| {
            entry.set_password(secret.expose_secret()).map_err(classify)?;
            match read(entry)? {
                Some(there) if there.expose_secret() == secret.expose_secret() => Ok(()),
                _ => Err(KeychainError::Changed),
            }
        })
        .await
    }

    /// Removes an item; one that is not there is removed already.
    pub async fn delete(&self, item: Item) -> Result<(), KeychainError> {
        self.call(item, Some(self.wish(item)), |entry| match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(classify(error)),
        })
        .await
    }

    /// The item is to become another one than before.
    fn wish(&self, item: Item) -> u64 {
        self.queue.wishes(item).fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The items that are there. A keychain that cannot be asked is listed with the reason.
    pub async fn possessions(&self) -> Vec<Possession> {
        let mut there = Vec::new();
        for item in Item::ALL {
            let place = format!("keychain: {} / {}", self.service, item.name());
            match self.read(item).await {
                Ok(Some(_)) => there.push(Possession { what: item.words().into(), place }),
                Ok(None) => {}
                // Without a keychain nothing of ours is in it.
                Err(KeychainError::Missing) => break,
                Err(error) => {
                    there.push(Possession { what: format!("Perhaps secrets: {error}"), place: "keychain".into() });
                    break;
                }
            }
        }
        there
    }

    /// Removes every item. Where there is no keychain, there is nothing to remove.
    pub async fn forget_all(&self) -> Result<(), KeychainError> {
        for item in Item::ALL {
            match self.delete(item).await {
                Ok(()) => {}
                Err(KeychainError::Missing) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn call<T: Send + 'static>(
        &self,
        item: Item,
        wish: Option<u64>,
        call: impl FnOnce(&Entry) -> Result<T, KeychainError> + Send + 'static,
    ) -> Result<T, KeychainError> {
        let (answer, wait) = oneshot::channel();
        let (service, store, queue) = (self.service.clone(), self.store, Arc::clone(&self.queue));
        let answered = async move {
            // Whoever stops waiting before his turn is not in the queue any more.
            let mut turn = queue.turn.lock().await;
            if let Some(left_behind) = turn.as_mut() {
                // Either it has ended, or nobody knows whether it ever will.
                let _ = timeout(LEFT_BEHIND, left_behind).await;
            }
            let (ended, end) = oneshot::channel();
            *turn = Some(end);
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ended: oneshot::Sender<()> = ended;
                let result = store()
                    .and_then(|store| store.build(&service, item.name(), None))
                    .map_err(classify)
                    .and_then(|entry| {
                        let outdated = wish.is_some_and(|wish| queue.wishes(item).load(Ordering::SeqCst) != wish);
                        // Nobody waits for it, and somebody has wanted otherwise since.
                        if outdated && answer.is_closed() { Err(KeychainError::Silent) } else { call(&entry) }
                    });
                // Whoever asked may have stopped waiting.
                let _ = answer.send(result);
            });
            let answer = wait.await;
            *turn = None;
            answer
        };
        match timeout(self.limit, answered).await {
            Ok(Ok(result)) => result,
            // The thread ended without an answer: the library panicked.
            Ok(Err(_)) => Err(KeychainError::Failed),
            Err(_) => Err(KeychainError::Silent),
        }
    }
}

fn read(entry: &Entry) -> Result<Option<SecretString>, KeychainError> {
    match entry.get_password() {
        Ok(mut secret) => {
            let kept = SecretString::from(secret.trim().to_owned());
            secret.zeroize();
            Ok(Some(kept))
        }
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(classify(error)),
    }
}

#[cfg(target_os = "linux")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(target_os = "windows")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(test)]
mod tests;
