//! The program ends in the middle of every step, as by a crash and as by the end of the session: it goes on there,
//! with what was chosen.

use rustix::process::Signal;
use serde_json::Value;

use super::steps::{ACCOUNT, COMPUTER, HELIOS, LEND, NAMES, PASTE, UNTRIED, WHERE, WORKS, secure_world};
use crate::session::{Keychain, LIMIT, Options, Session, Start, Window, holds};

fn progress(session: &Session) -> Option<Value> {
    let text: String = session.inbox().ask("SELECT value FROM kept WHERE name = 'guide'")?;
    Some(serde_json::from_str(&text).unwrap())
}

/// The step that a later start would go on with.
pub(super) fn step(session: &Session) -> Option<String> {
    Some(progress(session)?["step"].as_str()?.to_owned())
}

/// Sees the step remembered, ends the program by the signal, and starts it anew.
async fn interrupted(session: &Session, window: Window, start: &Start, signal: Signal, at: &str) -> Window {
    holds(&format!("{at} is remembered"), LIMIT, async || step(session).as_deref() == Some(at)).await;
    window.ends_by(signal).await;
    session.window(start).await
}

async fn at_every_step(signal: Signal) {
    let (mut world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::Empty, ..Options::default() }).await;
    let mut window = session.window(&start).await;
    window.heading(WHERE).await;
    window.ends_by(signal).await;
    window = session.window(&start).await;

    for (door, heading) in [("Make one for me", ACCOUNT), ("72 hours, no account", LEND), ("I have one", PASTE)] {
        window.press(door).await;
        window = interrupted(&session, window, &start, signal, "address").await;
        window.heading(heading).await;
        if heading != PASTE {
            window.press("Back").await;
            window = interrupted(&session, window, &start, signal, "where").await;
            window.heading(WHERE).await;
        }
    }

    window.write("textarea", &address).await;
    window.press("Test this address").await;
    window.heading(WORKS).await;
    holds("what is being tried is kept", LIMIT, async || session.kept("redis-url-new").is_some()).await;
    window = interrupted(&session, window, &start, signal, "test").await;
    window.heading(UNTRIED).await;
    assert_eq!(world.listeners().await, 0, "it is not in use yet");
    window.press("Test").await;
    window.heading(WORKS).await;
    window.press("Continue").await;

    window.heading(NAMES).await;
    window = interrupted(&session, window, &start, signal, "names").await;
    window.heading(NAMES).await;
    world.heard_within(LIMIT).await;
    window.press("Continue").await;
    window.heading(HELIOS).await;
    window = interrupted(&session, window, &start, signal, "helios").await;
    window.heading(HELIOS).await;
    window.press("Skip for now").await;
    window.heading(COMPUTER).await;
    window = interrupted(&session, window, &start, signal, "computer").await;
    window.heading(COMPUTER).await;
    window.press("Finish").await;
    window.says("Nothing open").await;
    holds("the end is remembered", LIMIT, async || progress(&session).unwrap()["finished"] == true).await;
    window.ends_by(signal).await;
    window = session.window(&start).await;
    window.says("Nothing open").await;
    session.tray().shows("Connected").await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_step_it_goes_on_there() {
    at_every_step(Signal::KILL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_at_every_step_it_goes_on_there() {
    at_every_step(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_can_be_gone_back_to() {
    let (_world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::Empty, ..Options::default() }).await;
    let window = session.window(&start).await;
    super::steps::paste(&window, &address).await;
    super::steps::to_the_end(&window).await;
    window.press("Settings").await;
    window.press("Open the set-up").await;
    window.heading(WHERE).await;
    // By the steps at the side, in any order.
    for (place, heading) in [(6, COMPUTER), (3, WORKS), (5, HELIOS), (4, NAMES), (2, PASTE), (1, WHERE)] {
        let code = format!("document.querySelector('nav li:nth-child({place}) button').click(); return 0");
        window.script(&code).await;
        window.heading(heading).await;
    }
    window.press("Leave the set-up").await;
    window.says("Nothing open").await;
    session.tray().shows("Connected").await;
    window.ends_by(Signal::TERM).await;
}
