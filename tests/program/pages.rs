//! Every page, light and dark, as pictures for people and with a few looks at what must be there.

use serde_json::json;

use crate::session::{FROM_CHAD, Keychain, LIMIT, Options, Session, Start, TO_CHAD, Window, World, holds};

/// An afternoon's messages.
async fn afternoon(world: &mut World) {
    let beat = r#"{"from":"helios","type":"heartbeat","data":{"status":"online","interval":60}}"#;
    world.publish("heartbeat", beat).await;
    let messages = [
        json!({"from":"helios","type":"task","id":"t1","data":{"title":"Check the backup","host":"lab-3","paths":["/srv","/home"],"deadline":"today"}}),
        json!({"from":"helios","type":"status","data":{"text":"Training run 41 is at 80 %","loss":0.0213}}),
        json!({"from":"helios","type":"task","id":"t2","priority":"low","data":{"title":"Tidy the downloads folder","description":"Anything older than a month can go, except what is starred. Ask before deleting more than a gigabyte."}}),
        json!({"from":"helios","type":"task","id":"t3","data":{"title":"Summarise the meeting notes","file":"notes/2026-11-20.md","length":"five sentences"}}),
        json!({"from":"helios","type":"alert","id":"a1","data":{"text":"The disk of lab-3 is 96 % full"}}),
        json!({"from":"helios","type":"task","id":"t4","priority":"urgent","data":{"title":"Restart the render queue","queue":"night","since":"14:02"}}),
    ];
    for message in messages {
        world.publish(TO_CHAD, message.to_string()).await;
    }
    world.publish("broadcast", r#"{"from":"sol","type":"status","data":{"text":"Sol is up"}}"#).await;
}

async fn scheme(window: &Window) -> bool {
    window.script("return matchMedia('(prefers-color-scheme: dark)').matches").await == json!(true)
}

/// The page itself does not scroll; what is long scrolls within it.
async fn fits(window: &Window) {
    let size = "const page = document.documentElement;
        return [page.scrollWidth - innerWidth, page.scrollHeight - innerHeight]";
    assert_eq!(window.script(size).await, json!([0, 0]), "nothing hangs over the edge");
}

async fn pictures(dark: bool) {
    let name = if dark { "dark" } else { "light" };
    let mut world = World::start().await;
    let session = Session::start(Options { dark, notifications: false, ..Options::default() }).await;
    let _helios = world.hear(FROM_CHAD).await;
    let window = session.window(&Start::with(world.address())).await;
    world.heard_within(LIMIT).await;
    assert_eq!(scheme(&window).await, dark, "the page follows the system");
    window.says("Nothing open").await;
    session.screenshot(&format!("empty-{name}"));

    afternoon(&mut world).await;
    window.says("Restart the render queue").await;
    // That nothing shows notifications moves the list down.
    window.button("Dismiss").await;
    window.choose("Check the backup").await;
    window.press("Accept").await;
    window.says("accepted").await;
    window.choose("Restart the render queue").await;
    window.press("Dismiss").await;
    window.element("article h2").await;
    session.screenshot(&format!("inbox-{name}"));
    fits(&window).await;

    window.press("Link").await;
    window.says("Live feed").await;
    window.says("Alive").await;
    session.screenshot(&format!("link-{name}"));
    fits(&window).await;
    world.redis.kill().await.unwrap();
    window.says("Offline").await;
    let agents = window.script("return document.querySelector('table').innerText").await;
    assert!(!agents.as_str().unwrap().contains("Not heard yet"), "both were heard: {agents}");
    assert!(!window.text().await.contains("out and back"), "nothing goes out and back now");
    assert!(!window.text().await.contains("after 0 tries"));
    session.screenshot(&format!("link-offline-{name}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_the_light() {
    pictures(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_the_dark() {
    pictures(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_the_window_opens_on_the_set_up_which_can_be_left() {
    let session = Session::start(Options { keychain: Keychain::None, ..Options::default() }).await;
    let window = session.window(&Start::default()).await;
    window.heading("Where is the database?").await;
    window.button("Try it on this computer").await;
    session.tray().shows("Set-up needed").await;
    window.press("Leave the set-up").await;
    window.says("Nothing open").await;
    window.press("Finish the set-up").await;
    window.heading("Where is the database?").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_cannot_be_read_are_named() {
    let world = World::start().await;
    let session = Session::start(Options { settings: "[heartbeat]\nevery = 0\n", ..Options::default() }).await;
    let window = session.window(&Start::with(world.address())).await;
    window.says("heartbeat.every").await;
    window.press("Dismiss").await;
    holds("it is gone", LIMIT, async || !window.text().await.contains("heartbeat.every")).await;
}
