//! Starting at login, and the clipboard: what the program leaves with the desktop, read as others read it.

use std::{fs, path::PathBuf, process::Stdio, time::Duration};

use rustix::process::Signal;

use super::steps::{COMPUTER, HELIOS, NAMES, WORKS, password, paste, secure_world};
use crate::session::{App, Keychain, LIMIT, Options, Running, Session, Start, Window, World, holds, stays};

/// As far as the page for Helios.
async fn at_helios() -> (World, String, Session, Window, Start) {
    let (world, address, start) = secure_world().await;
    let session = Session::start(Options { keychain: Keychain::Empty, ..Options::default() }).await;
    let window = session.window(&start).await;
    paste(&window, &address).await;
    window.heading(WORKS).await;
    window.press("Continue").await;
    window.heading(NAMES).await;
    window.press("Continue").await;
    window.heading(HELIOS).await;
    (world, address, session, window, start)
}

fn entry(session: &Session) -> PathBuf {
    session.root().join("home/.config/autostart/heliograph.desktop")
}

/// The command in it; none while it is being written.
fn exec(session: &Session) -> Option<String> {
    let text = fs::read_to_string(entry(session)).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Exec=")).map(str::to_owned)
}

/// Runs the entry as a desktop does at login.
fn log_in(session: &Session, authority: &str) -> Running {
    let mut command = session.environment.command("/usr/bin/gio".as_ref());
    command.arg("launch").arg(entry(session)).env("SSL_CERT_FILE", authority);
    Running::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
}

async fn starts_at_login(session: &Session, world: &mut World) {
    let authority = world.secure().1;
    let started = log_in(session, &authority);
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    stays("it is in the background", Duration::from_secs(1), async || session.windows().is_empty()).await;
    session.tray().click("Quit").await;
    holds("it has ended", LIMIT, async || world.listeners().await == 0).await;
    drop(started);
}

fn started_again(session: &Session, start: &Start) -> App {
    session.app(&start.clone().in_background())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_starts_at_login_when_that_is_switched_on_and_no_longer_when_off() {
    let (mut world, _, session, window, start) = at_helios().await;
    window.press("Skip for now").await;
    window.heading(COMPUTER).await;
    assert!(!entry(&session).exists(), "nobody asked for it yet");
    window.choose_labelled("Start Heliograph at login").await;
    holds("there is an entry", LIMIT, async || entry(&session).exists()).await;
    window.press("Finish").await;
    window.says("Nothing open").await;
    let command = exec(&session).expect("a command");
    assert!(command.ends_with("heliograph --background"), "{command}");
    window.ends_by(Signal::TERM).await;
    starts_at_login(&session, &mut world).await;

    // As after the program was moved.
    let text = fs::read_to_string(entry(&session)).unwrap().replace(&command, "/nowhere/heliograph --background");
    fs::write(entry(&session), text).unwrap();
    let app = started_again(&session, &start);
    holds("it points here again", LIMIT, async || exec(&session).as_ref() == Some(&command)).await;
    app.ends_when_asked().await;
    starts_at_login(&session, &mut world).await;

    // As a desktop does that switches it off by itself: that is the person's wish.
    let text = fs::read_to_string(entry(&session)).unwrap() + "Hidden=true\n";
    fs::write(entry(&session), &text).unwrap();
    let window = session.window(&start).await;
    window.press("Settings").await;
    let on = "return document.querySelector('input[role=switch]')?.checked ?? null";
    holds("the switch is off", LIMIT, async || window.script(on).await == false).await;
    assert_eq!(fs::read_to_string(entry(&session)).unwrap(), text, "and stays so");
    window.choose_labelled("Start Heliograph at login").await;
    holds("it is on again", LIMIT, async || !fs::read_to_string(entry(&session)).unwrap().contains("Hidden=true"))
        .await;
    window.choose_labelled("Start Heliograph at login").await;
    holds("the entry is gone", LIMIT, async || !entry(&session).exists()).await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_is_shown_to_try_it_and_help_where_it_was_not_seen() {
    let (_world, _, session, window, _) = at_helios().await;
    window.press("Skip for now").await;
    window.heading(COMPUTER).await;
    window.press("Show one").await;
    window.says("Did you see it?").await;
    session.seen.titled("This is how a task will look").await;
    window.press("No").await;
    window.says("What to look at").await;
    window.press("Show another").await;
    holds("another is shown", LIMIT, async || session.seen.count() == 2).await;
    window.press("Yes").await;
    window.says("Tasks will show like that").await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_line_is_copied_marked_as_a_secret_and_taken_off_again() {
    let (_world, address, session, window, _) = at_helios().await;
    let line = format!("UPSTASH_REDIS_URL={address}");
    window.press("Copy: Environment").await;
    holds("the line is on the clipboard", LIMIT, async || session.clipboard().as_deref() == Some(line.as_str())).await;
    let kinds = session.clipboard_kinds();
    assert!(kinds.iter().any(|kind| kind == "x-kde-passwordManagerHint"), "{kinds:?}");
    window.says("It is taken off the clipboard in").await;
    assert!(!window.text().await.contains(password(&address)), "it did not pass through the window");
    let long = Duration::from_secs(25);
    stays("it can be pasted for a while", long, async || session.clipboard().as_deref() == Some(line.as_str())).await;
    holds("it is gone", LIMIT, async || session.clipboard().is_none()).await;
    window.says("Taken off the clipboard again.").await;

    window.press("Copy: Python: listen").await;
    holds("what is no secret is copied, too", LIMIT, async || {
        session.clipboard().is_some_and(|text| text.contains("pubsub.listen()"))
    })
    .await;
    window.press("Copy: Environment").await;
    holds("the line is on the clipboard", LIMIT, async || session.clipboard().as_deref() == Some(line.as_str())).await;
    window.ends_by(Signal::TERM).await;
    assert_eq!(session.clipboard(), None, "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_copied_is_left_alone() {
    let (_world, address, session, window, _) = at_helios().await;
    window.press("Copy: Environment").await;
    holds("the line is on the clipboard", LIMIT, async || session.clipboard().is_some()).await;
    assert!(session.clipboard().unwrap().ends_with(&address));
    let other = session.copy("something else");
    holds("something else is", LIMIT, async || session.clipboard().as_deref() == Some("something else")).await;
    window.ends_by(Signal::TERM).await;
    assert_eq!(session.clipboard().as_deref(), Some("something else"));
    drop(other);
}
