//! The address from a real keychain: there, locked, and without any keychain.

use std::time::Duration;

use crate::session::{Keychain, LIMIT, Options, Session, Start, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_is_read_from_the_keychain() {
    let mut world = World::start().await;
    let keychain = Keychain::Holding(world.address());
    let session = Session::start(Options { keychain, ..Options::default() }).await;
    let window = session.window(&Start::default()).await;
    world.heard_within(LIMIT).await;
    window.press("Link").await;
    window.says("from the keychain").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_put_into_the_keychain_later_is_found_by_asking_again() {
    let mut world = World::start().await;
    let session = Session::start(Options { keychain: Keychain::Empty, ..Options::default() }).await;
    let app = session.app(&Start::default().in_background());
    session.tray().shows("Set-up needed").await;
    session.keep(&world.address());
    session.tray().click("Reconnect now").await;
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_keychain_needs_the_person() {
    let world = World::start().await;
    let keychain = Keychain::Locked(world.address());
    let session = Session::start(Options { keychain, ..Options::default() }).await;
    let app = session.app(&Start::default().in_background());
    session.tray().shows_within("Keychain locked", Duration::from_secs(15)).await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keychain_set_up_is_needed() {
    let session = Session::start(Options { keychain: Keychain::None, ..Options::default() }).await;
    let app = session.app(&Start::default().in_background());
    session.tray().shows("Set-up needed").await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_wins_over_the_keychain() {
    let mut world = World::start().await;
    let keychain = Keychain::Holding("redis://default:wrong@localhost:1".into());
    let session = Session::start(Options { keychain, ..Options::default() }).await;
    let app = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;
    app.ends_when_asked().await;
}
