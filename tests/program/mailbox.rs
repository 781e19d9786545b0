//! The way round Redis in the whole program: set up in the window, used while Redis is away, left again.

use heliograph_sandbox::{Github, GithubOptions};
use rustix::process::Signal;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::session::{Keychain, LIMIT, Options, QUICK, Session, Start, Window, World, found, holds};

fn start(world: &World, github: &Github) -> Start {
    Start::with(world.address())
        .variable("GITHUB_API_URL", github.url())
        .variable("GITHUB_REPOSITORY", github.repository())
        .variable("GITHUB_TOKEN", github.token().expose_secret())
        .variable("HELIOGRAPH_LOG", "trace")
}

async fn set_up(window: &Window, github: &Github) {
    window.press("Settings").await;
    window.press("Mailbox").await;
    window.says(github.repository()).await;
    window.press("Check it").await;
    window.says("The repository is private").await;
    window.press("Use it as the mailbox").await;
    window.says("Ready, looked into now and then").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_is_set_up_on_one_page_and_stands_in_for_redis() {
    let mut world = World::start().await;
    let github = Github::start(GithubOptions::default()).await.unwrap();
    let session = Session::start(Options { keychain: Keychain::Empty, settings: QUICK, ..Options::default() }).await;
    let window = session.window(&start(&world, &github)).await;
    world.heard_within(LIMIT).await;
    set_up(&window, &github).await;
    session.screenshot("mailbox-light");
    let token = github.token().expose_secret().to_owned();
    assert_eq!(session.kept("github-token").as_deref(), Some(token.as_str()));

    world.redis.kill().await.unwrap();
    let issue = github.issue("heliograph: helios→chad").unwrap();
    let task = json!({"from": "helios", "type": "task", "id": "g1", "data": {"title": "Sent by the other way"}});
    github.comment_as(github.login(), issue, &format!("```json\n{task}\n```")).unwrap();
    github.comment_as(github.other_login(), issue, "```json\n{\"from\":\"helios\",\"type\":\"task\"}\n```").unwrap();
    // It counts as away after as long a time by itself.
    session.tray().shows_within("Via GitHub", LIMIT * 2).await;
    session.seen.titled("Sent by the other way").await;
    window.press("Inbox").await;
    window.choose("Sent by the other way").await;
    window.says("By GitHub").await;
    session.screenshot("via-github-light");
    window.press("Done").await;
    let left = found("the answer is left at GitHub", LIMIT, async || {
        github.comments().into_iter().find(|one| one.issue == "heliograph: chad→helios")
    })
    .await;
    assert!(left.body.contains("\"status\":\"done\""), "{}", left.body);
    session.no_trace(window.app(), &[&token], "by GitHub");

    world.redis.restart().await.unwrap();
    world.reconnect().await;
    // It counts as back after ten seconds in one piece; the wait for the next try would come on top of that.
    session.tray().click("Reconnect now").await;
    session.tray().shows("Connected").await;
    assert_eq!(session.inbox().ask::<i64>("SELECT count(*) FROM messages WHERE id = 'g1'"), Some(1));
    window.press("Settings").await;
    window.press("Mailbox").await;
    window.press("Do without it").await;
    window.says("Set one up").await;
    assert_eq!(session.kept("github-token"), None);
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_dark_a_public_repository_is_warned_of() {
    let world = World::start().await;
    let github = Github::start(GithubOptions::default()).await.unwrap();
    github.set_private(false);
    let session = Session::start(Options { keychain: Keychain::Empty, dark: true, ..Options::default() }).await;
    let window = session.window(&start(&world, &github)).await;
    window.press("Settings").await;
    window.press("Mailbox").await;
    window.press("Check it").await;
    window.says("The repository is public").await;
    session.screenshot("mailbox-dark");
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_out_to_a_file_and_come_in_from_it_once() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let window = session.window(&Start::with(world.address())).await;
    world.heard_within(LIMIT).await;
    world.task("a", "To be given out").await;
    window.says("To be given out").await;
    window.press("Settings").await;
    window.press("Messages").await;
    session.screenshot("messages-light");
    window.press("Export all messages").await;
    window.says("1 message written to").await;
    let file = found("there is a file", LIMIT, async || {
        crate::session::files(session.root()).into_iter().find(|file| file.ends_with("heliograph-messages.jsonl"))
    })
    .await;
    assert!(std::fs::read_to_string(&file).unwrap().contains("To be given out"));
    window.element("input[type=file]").await.send_keys(&file.display().to_string()).await.unwrap();
    window.says("0 messages taken in, 1 were there already").await;
    holds("nothing is left over", LIMIT, async || !session.home().join("data/import.jsonl").exists()).await;
    window.ends_by(Signal::TERM).await;
}
