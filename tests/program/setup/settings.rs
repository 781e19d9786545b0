//! The settings in the window: written to the file, and *forget everything*.

use std::fs;

use rustix::process::Signal;

use super::steps::{NAMES, WORKS, password, paste, secure_world, to_the_end};
use crate::session::{Keychain, LIMIT, Options, Session, holds, lives};

fn config(session: &Session) -> String {
    fs::read_to_string(session.home().join("config/config.toml")).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_is_in_force_at_once_and_written_down() {
    let (mut world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::Holding(address), ..Options::default() }).await;
    let window = session.window(&start).await;
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    window.press("Settings").await;
    window.press("Notifications").await;
    window.choose_labelled("Hide contents").await;
    holds("it is written", LIMIT, async || config(&session).contains("hide_contents = true")).await;
    world.task("a", "A title to be hidden").await;
    holds("it is notified of", LIMIT, async || session.seen.count() == 1).await;
    let shown = session.seen.all().remove(0);
    assert!(!format!("{shown:?}").contains("A title to be hidden"), "{shown:?}");

    window.choose_labelled("Quiet hours").await;
    window.says("From").await;
    holds("they are written", LIMIT, async || config(&session).contains("[notifications.quiet]")).await;
    assert!(config(&session).contains("on = true"), "{}", config(&session));
    window.press("General").await;
    window.choose_labelled("Remind me to change").await;
    holds("it is written", LIMIT, async || config(&session).contains("rotate = false")).await;
    assert!(config(&session).contains("hide_contents = true"), "the rest stays");
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_is_corrected_in_the_settings_and_goes_back_to_the_one_built_in() {
    let (_world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::Holding(address), ..Options::default() }).await;
    let window = session.window(&start).await;
    session.tray().shows("Connected").await;
    window.press("Usage").await;
    window.press("Plan and prices").await;
    window.says("as of August 2026").await;
    window.press("Correct in Settings").await;
    let commands = "input[aria-label^='Free: Commands a month']";
    window.says("Nothing is corrected").await;
    window.clear(commands).await;
    window.write(commands, "600000").await;
    window.press("Save the table").await;
    holds("it is written", LIMIT, async || config(&session).contains("commands = 600000")).await;
    window.says("1 value is corrected by you.").await;
    window.press("Usage").await;
    window.press("Plan and prices").await;
    window.says("600,000").await;

    window.press("Correct in Settings").await;
    window.press("Back to it").await;
    window.press("Save the table").await;
    holds("it is not in the file any more", LIMIT, async || !config(&session).contains("600000")).await;
    window.says("Nothing is corrected").await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_changed_change_the_channels() {
    let (mut world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::Empty, ..Options::default() }).await;
    let window = session.window(&start).await;
    paste(&window, &address).await;
    window.heading(WORKS).await;
    window.press("Continue").await;
    window.heading(NAMES).await;
    window.clear("input[aria-label='Agent 1']").await;
    window.write("input[aria-label='Agent 1']", "sol").await;
    window.says("sol→chad").await;
    window.press("Continue").await;
    window.heading("Connect Sol").await;
    window.says("sol→chad").await;
    holds("it listens there", LIMIT, async || {
        world.ask(&["PUBSUB", "NUMSUB", "sol→chad"]).await.as_sequence().unwrap()[1] == redis::Value::Int(1)
    })
    .await;
    assert!(config(&session).contains("sol"));
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forget_everything_leaves_nothing() {
    let (_world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::Empty, ..Options::default() }).await;
    let window = session.window(&start).await;
    paste(&window, &address).await;
    to_the_end(&window).await;
    session.tray().shows("Connected").await;
    window.press("Settings").await;
    window.choose_labelled("Start Heliograph at login").await;
    let entry = session.root().join("home/.config/autostart/heliograph.desktop");
    holds("there is an entry", LIMIT, async || entry.exists()).await;
    window.choose_labelled("Remind me to change").await;
    holds("there is a file of settings", LIMIT, async || config(&session).contains("rotate = false")).await;

    window.press("Security").await;
    window.press("Show what would go").await;
    window.says("This goes, and does not come back").await;
    for thing in [
        "The database’s address, with its password",
        "keychain: heliograph / redis-url",
        "The entry that starts Heliograph at login",
        "Messages, and the window’s own files",
        "Settings",
        "Logs",
    ] {
        let text = window.text().await.replace('\'', "’");
        assert!(text.contains(thing), "{thing} is listed: {text}");
    }
    assert!(!window.text().await.contains(password(&address)));
    session.screenshot("forget-light");
    let typed = "form .word input";
    window.write(typed, "forge").await;
    let barred = "return document.querySelector('form button[type=submit]').disabled";
    assert_eq!(window.script(barred).await, true, "not before the whole word is typed");
    window.write(typed, "t").await;
    let app = window.app();
    window.press("Forget everything").await;
    holds("the program has ended", LIMIT, async || !lives(app)).await;
    assert_eq!(session.kept("redis-url"), None);
    assert_eq!(session.kept("redis-url-new"), None);
    assert!(!entry.exists());
    for folder in ["data", "config", "logs"] {
        assert!(!session.home().join(folder).exists(), "{folder} is gone");
    }
    drop(window);

    let window = session.window(&start).await;
    window.heading(super::steps::WHERE).await;
    session.tray().shows("Set-up needed").await;
    window.ends_by(Signal::TERM).await;
}
