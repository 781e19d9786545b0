//! The password is nowhere but in the memory of the program.

use std::fs;

use crate::session::{FROM_CHAD, LIMIT, Options, Session, Start, World, files, holds, still_there};

const CANARY: &str = "Canary-4fj2-Canary";
/// The password by the name that the console gives it for its other way in.
const TOKEN: (&str, &str) = ("UPSTASH_REDIS_REST_TOKEN", "Canary-9xq7-Canary");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_is_in_no_file_no_log_and_no_other_process() {
    let mut world = World::start().await;
    world.change_password(CANARY).await;
    let session = Session::start(Options::default()).await;
    let mut helios = world.hear(FROM_CHAD).await;
    let start = Start::with(world.address()).variable("HELIOGRAPH_LOG", "trace").variable(TOKEN.0, TOKEN.1);
    let app = session.app(&start);
    session.window_title().await;
    world.heard_within(LIMIT).await;
    holds("the page is drawn by a web process", LIMIT, async || !app.web_processes().is_empty()).await;
    world.task("a", "A task").await;
    session.seen.titled("A task").await;
    session.press_accept().await;
    helios.answer("accepted").await;
    session.no_trace(app.pid(), &[CANARY, TOKEN.1], "connected");

    world.redis.kill().await.unwrap();
    session.tray().shows("Offline").await;
    session.no_trace(app.pid(), &[CANARY], "offline");
    world.redis.restart().await.unwrap();
    world.reconnect().await;
    world.change_password("another").await;
    // It may be connected again already, or be about to try.
    world.end_connections().await;
    session.tray().click("Reconnect now").await;
    session.tray().shows("Password refused").await;
    session.no_trace(app.pid(), &[CANARY], "refused");
    let pid = app.pid();
    app.ends_when_asked().await;
    session.no_trace(pid, &[CANARY], "ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_cannot_be_read_is_not_repeated() {
    for address in [
        format!("rediss://default:{CANARY}@ho st:6379"),
        format!("rediss://default:{CANARY}@"),
        format!("https://default:{CANARY}@example.invalid"),
        format!("redis://default:{CANARY}@example.invalid:6379"),
        format!("--tls -u redis://default:{CANARY}@localhost:6379"),
    ] {
        let session = Session::start(Options::default()).await;
        let app = session.app(&Start::with(&address).variable("HELIOGRAPH_LOG", "trace").in_background());
        session.tray().shows("Address unreadable").await;
        session.no_trace(app.pid(), &[CANARY], &address);
        app.ends_when_asked().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address()));
    session.window_title().await;
    world.heard_within(LIMIT).await;
    world.task("a", "A task").await;
    session.inbox().holds(1).await;
    for folder in ["data", "logs", "config"] {
        let mode = fs::metadata(session.home().join(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{folder}: {mode:o}");
    }
    for file in files(&session.home().join("data")).into_iter().chain(files(&session.home().join("logs"))) {
        let Some(about) = still_there(fs::metadata(&file)) else { continue };
        let mode = about.permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", file.display());
    }
    app.ends_when_asked().await;
}
