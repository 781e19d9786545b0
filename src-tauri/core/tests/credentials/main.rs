//! The keychain as it is on Linux: a real gnome-keyring on a session bus of its own, which comes, goes, hangs, is
//! locked and unlocked.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod session;

use heliograph_core::credentials::{Item, Keychain, KeychainError, unlocked};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Duration, timeout};

use crate::session::{LIMIT, Session, within};

const SECRET: &str = "rediss://default:p%40ss@calm-owl-1.upstash.io:6379";

fn secret() -> SecretString {
    SecretString::from(SECRET)
}

#[test]
fn what_is_written_is_read_by_a_later_start_and_removed() {
    within("what_is_written_is_read_by_a_later_start_and_removed", async |session: &mut Session| {
        session.open().await;
        let keychain = Keychain::new(false);
        assert!(keychain.read(Item::Address).await.unwrap().is_none());
        keychain.write(Item::Address, &secret()).await.unwrap();
        keychain.write(Item::NewAddress, &SecretString::from("another")).await.unwrap();
        // As another start of the program, and after the keychain's daemon was started anew.
        session.end().await;
        session.open().await;
        let later = Keychain::new(false);
        assert_eq!(later.read(Item::Address).await.unwrap().unwrap().expose_secret(), SECRET);
        assert!(Keychain::new(true).read(Item::Address).await.unwrap().is_none(), "the sandbox has its own");
        let there: Vec<_> = later.possessions().await.into_iter().map(|possession| possession.place).collect();
        assert_eq!(there, ["keychain: heliograph / redis-url", "keychain: heliograph / redis-url-new"]);
        later.forget_all().await.unwrap();
        assert!(later.read(Item::Address).await.unwrap().is_none());
        assert_eq!(later.possessions().await, []);
        later.delete(Item::Address).await.unwrap();
    });
}

#[test]
fn without_a_service_it_says_so_and_nothing_is_ours_there() {
    within("without_a_service_it_says_so_and_nothing_is_ours_there", async |_: &mut Session| {
        let keychain = Keychain::new(false);
        assert_eq!(keychain.read(Item::Address).await.map(|_| ()), Err(KeychainError::Missing));
        assert_eq!(keychain.write(Item::Address, &secret()).await, Err(KeychainError::Missing));
        assert_eq!(keychain.possessions().await, []);
        keychain.forget_all().await.unwrap();
    });
}

#[test]
fn a_locked_one_says_so_and_its_opening_is_heard() {
    within("a_locked_one_says_so_and_its_opening_is_heard", async |session: &mut Session| {
        session.open().await;
        let keychain = Keychain::new(false);
        keychain.write(Item::Address, &secret()).await.unwrap();
        Session::lock();
        assert_eq!(keychain.read(Item::Address).await.map(|_| ()), Err(KeychainError::Locked));
        assert_eq!(keychain.write(Item::Address, &secret()).await, Err(KeychainError::Locked));
        assert_eq!(keychain.forget_all().await, Err(KeychainError::Locked));
        let waiting = tokio::spawn(unlocked());
        assert!(timeout(Duration::from_secs(1), unlocked()).await.is_err(), "it is not open yet");
        session.unlock().await;
        timeout(LIMIT, waiting).await.expect("the opening is heard").unwrap();
        assert_eq!(keychain.read(Item::Address).await.unwrap().unwrap().expose_secret(), SECRET);
    });
}

#[test]
fn its_coming_is_heard() {
    within("its_coming_is_heard", async |session: &mut Session| {
        let waiting = tokio::spawn(unlocked());
        session.open().await;
        // The collection is made with the first secret.
        Keychain::new(false).write(Item::Address, &secret()).await.unwrap();
        timeout(LIMIT, waiting).await.expect("its coming is heard").unwrap();
    });
}

#[test]
fn one_that_hangs_is_given_up_in_ten_seconds_and_used_again_when_it_wakes() {
    within("one_that_hangs_is_given_up_in_ten_seconds_and_used_again_when_it_wakes", async |session: &mut Session| {
        session.open().await;
        let keychain = Keychain::new(false);
        keychain.write(Item::Address, &secret()).await.unwrap();
        session.freeze();
        assert_eq!(keychain.read(Item::Address).await.map(|_| ()), Err(KeychainError::Silent));
        let waiting = tokio::spawn(unlocked());
        session.thaw();
        timeout(LIMIT, waiting).await.expect("its waking is heard").unwrap();
        assert_eq!(keychain.read(Item::Address).await.unwrap().unwrap().expose_secret(), SECRET);
    });
}

#[test]
fn what_a_keychain_does_not_take_is_refused_before() {
    within("what_a_keychain_does_not_take_is_refused_before", async |_: &mut Session| {
        let keychain = Keychain::new(false);
        let long = SecretString::from("x".repeat(1_201));
        assert_eq!(keychain.write(Item::Address, &long).await, Err(KeychainError::TooLong));
        let lines = SecretString::from("two\nlines");
        assert_eq!(keychain.write(Item::Address, &lines).await, Err(KeychainError::Failed));
    });
}
