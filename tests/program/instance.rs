//! One program at a time.

use std::time::{Duration, Instant};

use crate::session::{LIMIT, Options, Session, Start, World, holds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_shows_the_first_ones_window_and_ends() {
    let mut world = World::start().await;
    let session = Session::start(Options { alone: true, ..Options::default() }).await;
    let mut first = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    assert!(session.windows().is_empty());
    let began = Instant::now();
    let mut second = session.app(&Start::with(world.address()).arguments(&["--open", "link"]));
    let (_, status) = second.ends_within(LIMIT).await;
    let took = began.elapsed();
    assert!(status.success(), "{status}");
    // A machine that is busy with other things takes longer than the moment that it is.
    assert!(took <= Duration::from_secs(5), "{took:?}");
    assert_eq!(session.window_title().await, "Heliograph");
    assert!(first.lives());
    assert_eq!(world.listeners().await, 1, "only one of them listens");
    assert_eq!(session.tray().icons(), 1);
    first.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_session_bus_a_second_start_still_does_not_listen_too() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let nowhere = format!("unix:path={}", session.root().join("no-bus").display());
    let start = Start::with(world.address()).variable("DBUS_SESSION_BUS_ADDRESS", nowhere);
    let first = session.app(&start.clone().in_background());
    world.heard_within(LIMIT).await;
    let mut second = session.app(&start);
    let (_, status) = second.ends_within(LIMIT).await;
    assert!(!status.success(), "it says that it could do nothing");
    assert_eq!(world.listeners().await, 1);
    holds("without a panel the first one opened a window", LIMIT, async || !session.windows().is_empty()).await;
    first.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_is_closed_as_soon_as_it_is_there_is_gone() {
    let mut world = World::start().await;
    let session = Session::start(Options { alone: true, ..Options::default() }).await;
    let first = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    for _ in 0..20 {
        let mut second = session.app(&Start::with(world.address()));
        session.window_title().await;
        session.close_window().await;
        second.ends_within(LIMIT).await;
    }
    first.ends_when_asked().await;
}
