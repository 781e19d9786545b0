//! The same way with a keychain that is locked, absent, or hangs: what is said, and that it goes on for this session.

use rustix::process::Signal;

use super::steps::{NAMES, PASTE, UNTRIED, WORKS, after_the_test, password, paste, secure_world};
use crate::session::{Keychain, LIMIT, Options, Session, holds};

/// Goes through the door, where the keychain says these words and takes nothing.
async fn for_this_session_only(keychain: Keychain, hangs: bool, words: &str) {
    let (mut world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain, ..Options::default() }).await;
    if hangs {
        session.freeze_keychain();
    }
    let window = session.window(&start).await;
    let secret = password(&address).to_owned();
    paste(&window, &address).await;
    window.heading(WORKS).await;
    // Asked deliberately, whether or not the copy of what is being tried was refused before.
    window.press("Continue").await;
    window.says(words).await;
    window.heading(WORKS).await;
    assert!(session.tray().labels().await.contains(&"Quit".to_owned()), "the tray goes on meanwhile");
    session.screenshot(&format!(
        "setup-keychain-{}",
        words.split_whitespace().last().unwrap().trim_end_matches(['.', ','])
    ));
    window.press("This session only").await;
    after_the_test(&window).await;
    session.tray().shows("Connected").await;
    world.heard_within(LIMIT).await;
    window.press("Settings").await;
    window.press("Security").await;
    window.says("in memory only, until Heliograph ends").await;
    session.no_trace_at_all(window.app(), &[&secret], "for this session");
    window.ends_by(Signal::TERM).await;
    if hangs {
        session.thaw_keychain();
    }
    // Nothing was kept: the window opens where the address is given.
    let window = session.window(&start).await;
    window.heading(PASTE).await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_keychain_is_said_and_this_session_goes_on() {
    for_this_session_only(Keychain::Shut, false, "Secrets can neither be read from the keychain").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_keychain_is_said_and_this_session_goes_on() {
    for_this_session_only(Keychain::None, false, "There is no keychain service on this desktop,").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keychain_that_hangs_is_said_and_this_session_goes_on() {
    for_this_session_only(Keychain::Empty, true, "The keychain did not answer within ten seconds.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keychain_that_is_unlocked_meanwhile_takes_the_address_after_all() {
    let (_world, address, start) = secure_world().await;
    let mut session = Session::start(Options { keychain: Keychain::Shut, ..Options::default() }).await;
    let window = session.window(&start).await;
    paste(&window, &address).await;
    window.heading(WORKS).await;
    window.press("Continue").await;
    window.says("Secrets can neither be read from the keychain").await;
    session.unlock_keychain().await;
    // The program may have heard of it by itself, and offers to go on then as if nothing had been wrong.
    let goes_on =
        "const can = (one) => !one.disabled && /^(Try the keychain again|Continue)/.test(one.textContent.trim());
                   const button = [...document.querySelectorAll('button')].find(can);
                   button?.click();
                   return button !== undefined";
    holds("it can be gone on with", LIMIT, async || window.script(goes_on).await == true).await;
    window.heading(NAMES).await;
    assert_eq!(session.kept("redis-url").as_deref(), Some(address.as_str()));
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_it_comes_back_by_itself_when_the_keychain_is_unlocked() {
    let (mut world, address, start) = secure_world().await;
    let mut session = Session::start(Options { keychain: Keychain::Locked(address), ..Options::default() }).await;
    let app = session.app(&start.in_background());
    session.tray().shows("Keychain locked").await;
    session.unlock_keychain().await;
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keychain_that_hung_at_the_start_gives_the_address_when_it_wakes() {
    let (mut world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::Holding(address), ..Options::default() }).await;
    session.freeze_keychain();
    let app = session.app(&start.in_background());
    session.tray().shows("Keychain unavailable").await;
    session.thaw_keychain();
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_was_only_tried_is_asked_for_again_where_nothing_could_keep_it() {
    let (_world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::None, ..Options::default() }).await;
    let window = session.window(&start).await;
    paste(&window, &address).await;
    window.heading(WORKS).await;
    holds("the step is remembered", LIMIT, async || super::resume::step(&session).as_deref() == Some("test")).await;
    window.ends_by(Signal::KILL).await;
    let window = session.window(&start).await;
    window.heading(PASTE).await;
    assert!(!window.text().await.contains(UNTRIED), "there is nothing to test");
    window.ends_by(Signal::TERM).await;
}
