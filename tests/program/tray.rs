//! The tray: the item, its picture and its menu, read and clicked over the bus.

use std::time::Duration;

use crate::session::{LIMIT, Options, QUICK, Session, Start, World, found, holds, stays};

const ICONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/icons/tray");

/// Waits until the tray draws that picture.
async fn draws(session: &Session, name: &str) {
    let wanted = std::path::Path::new(ICONS).join(name).with_extension("png");
    holds(&format!("the tray draws {name}"), LIMIT, async || {
        crate::session::same_picture(&session.tray().item().await.picture, &wanted)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_item_follows_the_state() {
    let mut world = World::start().await;
    let session = Session::start(Options { settings: QUICK, ..Options::default() }).await;
    let app = session.app(&Start::with(world.address()).in_background());
    session.tray().shows("Connected").await;
    let item = session.tray().item().await;
    assert_eq!(item.status, "Active");
    assert!(item.id.contains("heliograph"), "{item:?}");
    draws(&session, "connected").await;

    world.redis.kill().await.unwrap();
    session.tray().shows("Offline").await;
    draws(&session, "offline").await;
    world.redis.restart().await.unwrap();
    world.reconnect().await;
    session.tray().shows_within("Connected", Duration::from_secs(32)).await;

    session.tray().click("For 30 minutes").await;
    session.tray().shows("Notifications paused").await;
    draws(&session, "paused").await;
    assert_eq!(session.tray().icons(), 1, "one icon, however often it changed");
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn helios_falls_silent_and_is_heard_again() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;
    let beat = r#"{"from":"helios","type":"heartbeat","data":{"status":"online","interval":1}}"#;
    // Two, from which a short interval is learnt.
    world.publish("heartbeat", beat).await;
    world.publish("heartbeat", beat).await;
    session.tray().shows_within("Helios is silent", Duration::from_secs(10)).await;
    draws(&session, "helios_silent").await;
    world.publish("heartbeat", beat).await;
    session.tray().shows("Connected").await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_menu_holds_the_last_tasks_and_opens_them() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address()).in_background());
    session.tray().shows("Connected").await;
    assert_eq!(
        session.tray().labels().await,
        ["Open inbox", "Pause notifications", "Reconnect now", "Rotate key…", "Connected", "Settings", "Quit"]
    );
    for (id, title) in [("a", "Task one"), ("b", "Task_two & more"), ("c", "Task three"), ("d", "Task four")] {
        world.task(id, title).await;
    }
    session.tray().shows("Open inbox (4)").await;
    found("the newest three tasks are in the menu", LIMIT, async || {
        let labels = session.tray().labels().await;
        (labels[1..4] == ["Task four", "Task three", "Task_two & more"]).then_some(())
    })
    .await;
    assert!(session.windows().is_empty());
    session.tray().click("Task three").await;
    assert_eq!(session.window_title().await, "Heliograph");
    holds("the task is shown, and so read", LIMIT, async || {
        session.inbox().ask::<i64>("SELECT seen FROM messages WHERE id = 'c'") == Some(1)
    })
    .await;
    session.close_window().await;
    session.tray().click("Open inbox").await;
    session.window_title().await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds_notifications_back_and_sums_them_up() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;
    session.tray().click("For 30 minutes").await;
    session.tray().shows("Notifications paused").await;
    world.task("a", "Held back").await;
    world.task("b", "Held back too").await;
    session.tray().shows("Open inbox (2)").await;
    stays("nothing is shown", Duration::from_secs(1), async || session.seen.count() == 0).await;
    session.tray().click("Resume").await;
    session.seen.titled("2 tasks while notifications were paused").await;
    session.tray().shows("Connected").await;
    assert_eq!(session.seen.count(), 1);
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_ends_the_program_in_time() {
    let world = World::start().await;
    let session = Session::start(Options::default()).await;
    let mut app = session.app(&Start::with(world.address()));
    session.window_title().await;
    session.tray().shows("Connected").await;
    let web = app.web_processes();
    assert!(!web.is_empty());
    session.tray().click("Quit").await;
    let (took, status) = app.ends_within(Duration::from_secs(2)).await;
    assert!(status.success(), "{status} after {took:?}");
    holds("its web processes are gone", LIMIT, async || {
        !web.iter().any(|(process, _)| crate::session::lives(*process))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconnect_now_cuts_the_wait_short() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address()).in_background());
    session.tray().shows("Connected").await;
    world.redis.kill().await.unwrap();
    session.tray().shows("Offline").await;
    // Long enough that the waits between tries, by now of up to eight seconds, have outgrown the bound below.
    stays("it stays offline", Duration::from_secs(8), async || {
        !session.tray().labels().await.contains(&"Connected".into())
    })
    .await;
    world.redis.restart().await.unwrap();
    world.reconnect().await;
    session.tray().click("Reconnect now").await;
    world.heard_within(Duration::from_secs(3)).await;
    app.ends_when_asked().await;
}
