//! Starting without a window, and where that would leave the person with nothing to see.

use std::time::Duration;

use crate::session::{LIMIT, Options, Session, Start, World, holds, stays};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_background_there_is_a_tray_icon_and_no_window() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    // Longer than a panel is waited for.
    stays("there is no window", Duration::from_secs(4), async || session.windows().is_empty()).await;
    assert!(app.web_processes().is_empty());
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_panel_a_window_opens_and_the_icon_comes_with_the_panel() {
    let mut world = World::start().await;
    let mut session = Session::start(Options { panel: false, ..Options::default() }).await;
    let app = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;
    session.window_title().await;
    session.add_panel().await;
    session.tray().shows_within("Connected", Duration::from_secs(20)).await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_panel_the_window_says_what_to_install() {
    let world = World::start().await;
    let mut session = Session::start(Options { panel: false, ..Options::default() }).await;
    let window = session.window(&Start::with(world.address()).in_background()).await;
    window.says("No place for a tray icon").await;
    window.says("Add a status tray").await;
    session.screenshot("no-tray-host");
    session.add_panel().await;
    holds("the notice goes by itself", LIMIT, async || !window.text().await.contains("No place for a tray icon")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_window_is_gone_and_the_program_goes_on() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let mut app = session.app(&Start::with(world.address()));
    session.window_title().await;
    world.heard_within(LIMIT).await;
    holds("the page is drawn by a web process", LIMIT, async || !app.web_processes().is_empty()).await;
    session.close_window().await;
    holds("no web process is left", LIMIT, async || app.web_processes().is_empty()).await;
    world.task("a", "After the window").await;
    session.seen.titled("After the window").await;
    assert!(app.lives());
    app.ends_when_asked().await;
}
