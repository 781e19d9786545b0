#![allow(clippy::unwrap_used)]

use std::{
    any::Any,
    collections::HashMap,
    sync::{Condvar, Mutex, MutexGuard},
};

use keyring_core::{
    Credential,
    api::{CredentialApi, CredentialStoreApi},
};

use super::*;

/// Longer than anything takes.
const SOON: Duration = Duration::from_secs(30);

/// A keychain that can hold a call up, as by a prompt that nobody answers.
#[derive(Debug)]
struct Slow {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    kept: Option<Vec<u8>>,
    /// The next one there is held until it is let go.
    holds: Option<Point>,
    let_go: bool,
    written: u32,
    /// Calls that are under way, and the most there ever were.
    inside: u32,
    most: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    Opening,
    Writing,
}

impl Slow {
    const fn new() -> Self {
        let state = State { kept: None, holds: None, let_go: false, written: 0, inside: 0, most: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn look(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.look());
        self.changed.notify_all();
    }

    /// Waits for that, so long at most.
    fn until(&self, limit: Duration, done: impl Fn(&State) -> bool) {
        drop(self.changed.wait_timeout_while(self.look(), limit, |state| !done(state)).unwrap());
    }

    fn pass(&self, point: Point) {
        let held = self.look().holds.take_if(|holds| *holds == point).is_some();
        self.changed.notify_all();
        if held {
            self.until(SOON, |state| state.let_go);
        }
    }

    fn open(&'static self) -> Arc<CredentialStore> {
        self.pass(Point::Opening);
        Arc::new(Store(self))
    }
}

#[derive(Debug)]
struct Store(&'static Slow);

impl CredentialStoreApi for Store {
    fn vendor(&self) -> String {
        "slow".into()
    }

    fn id(&self) -> String {
        "slow".into()
    }

    fn build(&self, _: &str, _: &str, _: Option<&HashMap<&str, &str>>) -> keyring_core::Result<Entry> {
        Ok(Entry::new_with_credential(Arc::new(Store(self.0))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl CredentialApi for Store {
    fn set_secret(&self, secret: &[u8]) -> keyring_core::Result<()> {
        self.0.pass(Point::Writing);
        self.0.change(|state| (state.kept, state.written) = (Some(secret.to_vec()), state.written + 1));
        Ok(())
    }

    fn get_secret(&self) -> keyring_core::Result<Vec<u8>> {
        self.0.change(|state| {
            state.inside += 1;
            state.most = state.most.max(state.inside);
        });
        // Time for another one to come, if it may.
        self.0.until(Duration::from_millis(50), |state| state.most > 1);
        self.0.change(|state| state.inside -= 1);
        self.0.look().kept.clone().ok_or(Error::NoEntry)
    }

    fn delete_credential(&self) -> keyring_core::Result<()> {
        self.0.change(|state| (state.kept, state.written) = (None, state.written + 1));
        Ok(())
    }

    fn get_credential(&self) -> keyring_core::Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn patient(store: Beneath) -> Keychain {
    Keychain { store, limit: SOON, ..Keychain::new(true) }
}

/// The same one, asked by somebody who does not wait.
fn hasty(keychain: &Keychain) -> Keychain {
    Keychain { limit: Duration::from_millis(50), ..keychain.clone() }
}

#[tokio::test]
async fn of_two_writes_the_later_one_stands_also_where_the_first_was_left_behind() {
    static SLOW: Slow = Slow::new();
    let keychain = patient(|| Ok(SLOW.open()));
    SLOW.change(|state| state.holds = Some(Point::Writing));
    assert_eq!(hasty(&keychain).write(Item::Address, &"first".into()).await, Err(KeychainError::Silent));
    // It is too late to stop it.
    SLOW.until(SOON, |state| state.holds.is_none());
    let second = SecretString::from("second");
    let (second, ()) = tokio::join!(keychain.write(Item::Address, &second), async {
        // The second one waits; it would be there by then if it did not.
        SLOW.until(Duration::from_millis(200), |state| state.written == 1);
        SLOW.change(|state| state.let_go = true);
    });
    assert_eq!(second, Ok(()));
    SLOW.until(SOON, |state| state.written == 2);
    let state = SLOW.look();
    assert_eq!((state.written, state.kept.as_deref()), (2, Some(&b"second"[..])));
}

#[tokio::test]
async fn what_was_left_behind_does_not_write_what_is_outdated() {
    static SLOW: Slow = Slow::new();
    let keychain = patient(|| Ok(SLOW.open()));
    SLOW.change(|state| state.holds = Some(Point::Opening));
    for text in ["first", "second"] {
        assert_eq!(hasty(&keychain).write(Item::Address, &text.into()).await, Err(KeychainError::Silent));
    }
    SLOW.change(|state| state.let_go = true);
    // Whatever was still to be done is done before this.
    assert!(keychain.read(Item::Address).await.unwrap().is_none());
    assert_eq!(SLOW.look().written, 0);
}

#[tokio::test]
async fn what_was_left_behind_writes_where_nobody_wants_otherwise() {
    static SLOW: Slow = Slow::new();
    let keychain = patient(|| Ok(SLOW.open()));
    SLOW.change(|state| state.holds = Some(Point::Opening));
    assert_eq!(hasty(&keychain).write(Item::Address, &"first".into()).await, Err(KeychainError::Silent));
    assert_eq!(hasty(&keychain).delete(Item::GitHub).await, Err(KeychainError::Silent), "another item");
    SLOW.change(|state| state.let_go = true);
    assert_eq!(keychain.read(Item::Address).await.unwrap().unwrap().expose_secret(), "first");
}

#[tokio::test]
async fn one_that_never_ends_keeps_nobody_for_ever() {
    static SLOW: Slow = Slow::new();
    let keychain = patient(|| Ok(SLOW.open()));
    SLOW.change(|state| state.holds = Some(Point::Writing));
    assert_eq!(hasty(&keychain).write(Item::Address, &"first".into()).await, Err(KeychainError::Silent));
    assert_eq!(keychain.write(Item::Address, &"second".into()).await, Ok(()));
    assert_eq!(keychain.read(Item::Address).await.unwrap().unwrap().expose_secret(), "second");
    assert!(!SLOW.look().let_go, "the first one still hangs");
    SLOW.change(|state| state.let_go = true);
}

#[tokio::test]
async fn one_is_asked_at_a_time() {
    static SLOW: Slow = Slow::new();
    let keychain = patient(|| Ok(SLOW.open()));
    let other = keychain.clone();
    let (address, token, login) =
        tokio::join!(keychain.read(Item::Address), other.read(Item::GitHub), keychain.read(Item::Upstash));
    assert!(address.unwrap().is_none() && token.unwrap().is_none() && login.unwrap().is_none());
    assert_eq!(SLOW.look().most, 1);
}
