//! `--sandbox`: the whole program with nothing else given.

use std::{fs, time::Duration};

use crate::session::{LIMIT, Options, Session, Start, found, holds, lives};

/// The sandbox's own server.
async fn server(session: &Session, not: Option<u32>) -> u32 {
    let file = session.home().join("data/sandbox/redis/redis.pid");
    found("the sandbox's server runs", LIMIT, async || {
        let process = fs::read_to_string(&file).ok()?.trim().parse().ok()?;
        (Some(process) != not && lives(process)).then_some(process)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_connects_and_sends_a_task_by_itself() {
    let session = Session::start(Options::default()).await;
    let window = session.window(&Start::default().arguments(&["--sandbox"])).await;
    session.tray().shows("Connected (Sandbox)").await;
    let task = found("a task comes by itself", LIMIT, async || session.seen.all().first().cloned()).await;
    window.says(&task.title).await;
    window.says("Sandbox").await;
    assert_eq!(session.window_title().await, "Heliograph — Sandbox");
    window.choose(&task.title).await;
    session.screenshot("sandbox-light");
    window.press("Accept").await;
    window.says("heard by helios").await;
    window.press("Link").await;
    window.press("Send an urgent task").await;
    holds("the urgent one is shown as urgent", LIMIT, async || session.seen.all().iter().any(|one| one.urgency == 2))
        .await;
    session.screenshot("sandbox-link-light");
    assert!(!session.home().join("data/messages.db").exists(), "it has messages of its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_leaves_no_server_behind() {
    let session = Session::start(Options::default()).await;
    let start = Start::default().arguments(&["--sandbox", "--background"]);
    let mut killed = session.app(&start);
    session.tray().shows("Connected (Sandbox)").await;
    let first = server(&session, None).await;
    killed.kill().await;
    assert!(lives(first), "nobody has ended it yet");
    let app = session.app(&start);
    let second = server(&session, Some(first)).await;
    holds("the first server is gone", LIMIT, async || !lives(first)).await;
    session.tray().shows("Connected (Sandbox)").await;
    app.ends_when_asked().await;
    holds("the second server is gone", Duration::from_secs(10), async || !lives(second)).await;
}
