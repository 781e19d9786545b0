//! The inbox in the window: finding, filtering, scrolling, and words that try to be more than words.

use heliograph_core::{
    message::{Kind, read},
    store::{Arrival, Store},
};
use serde_json::json;
use tokio::sync::mpsc;

use crate::session::{LIMIT, Options, Session, Start, TO_CHAD, World, found, holds, task};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_and_filters_show_what_is_asked_for() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let window = session.window(&Start::with(world.address())).await;
    world.heard_within(LIMIT).await;
    world.task("a", "Feed the otters").await;
    world.task("b", "Polish the mirror").await;
    world.publish(TO_CHAD, r#"{"from":"helios","type":"status","data":{"text":"Otters are well"}}"#).await;
    found("both tasks are listed, the newest first", LIMIT, async || {
        (window.titles().await == ["Polish the mirror", "Feed the otters"]).then_some(())
    })
    .await;

    window.write("input[type=search]", "otter").await;
    holds("one task is found", LIMIT, async || window.titles().await == ["Feed the otters"]).await;
    window.press("All").await;
    holds("the status is found, too", LIMIT, async || window.titles().await.len() == 2).await;
    window.clear("input[type=search]").await;
    window.press("Feed").await;
    holds("the feed holds what is no task", LIMIT, async || window.titles().await == ["Otters are well"]).await;
    window.write("input[type=search]", "zebra").await;
    window.says("Nothing found").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_words_are_shown_as_words() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let window = session.window(&Start::with(world.address())).await;
    world.heard_within(LIMIT).await;
    window.script("window.hurt = 0; return 0").await;
    let markup = r#"<img src=x onerror="window.hurt=1"><script>window.hurt=2</script>"#;
    let hostile = json!({"from": "<b>helios</b>", "type": "task", "id": "<i>", "data": {
        "title": format!("{markup} \u{202e}gnp.exe\0\u{1b}[31m end"),
        "link": "javascript:window.hurt=3",
        "<u>name</u>": markup,
    }});
    world.publish(TO_CHAD, hostile.to_string()).await;
    window.choose("<img src=x").await;
    window.says("<u>name</u>").await;
    session.screenshot("hostile");
    let page = window.script("return [window.hurt, document.querySelectorAll('img, b, i, u, main script').length]");
    assert_eq!(page.await, json!([0, 0]), "nothing ran, nothing became markup");
    let shown = window.text().await;
    assert!(!shown.contains(['\u{202e}', '\0', '\u{1b}']), "{shown:?}");
    let links = window.script("return document.querySelectorAll('article a').length").await;
    assert_eq!(links, json!(0), "no link of theirs can be clicked");
    let notification = session.seen.titled("<img").await;
    assert!(!notification.title.contains(['\u{202e}', '\0', '\u{1b}']));
}

const MANY: u32 = 100_000;

/// Writes so many tasks into the file, before the program has it.
async fn fill(session: &Session, count: u32) {
    let folder = session.home().join("data");
    std::fs::create_dir_all(&folder).unwrap();
    let (committed, mut told) = mpsc::channel(1);
    let listener = tokio::spawn(async move { while told.recv().await.is_some() {} });
    let store = Store::open(folder.join("messages.db"), committed);
    let arrivals = store.arrivals();
    for thousand in 0..count / 1000 {
        let batch = (0..1000).map(|place| arrival(thousand * 1000 + place)).collect();
        arrivals.send(batch).await.unwrap();
    }
    store.stop().await;
    listener.abort();
}

fn arrival(number: u32) -> Arrival {
    let payload = task(&format!("many-{number}"), &format!("Task number {number}"));
    let header = read(TO_CHAD, &payload);
    assert_eq!(header.kind, Kind::Task);
    // A few thousand a day, so that there are days to tell apart.
    let at = 1_790_000_000_000 + i64::from(number) * 20_000;
    Arrival::live(TO_CHAD.into(), header, payload, at, false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_messages_scroll() {
    let session = Session::start(Options::default()).await;
    fill(&session, MANY).await;
    assert_eq!(session.inbox().count(), i64::from(MANY));
    let world = World::start().await;
    let window = session.window(&Start::with(world.address())).await;
    holds("the newest is at the top", LIMIT, async || {
        window.titles().await.first().is_some_and(|title| title == "Task number 99999")
    })
    .await;
    let drawn = window.script("return document.querySelectorAll('[role=option]').length").await;
    assert!(drawn.as_u64().unwrap() < 100, "only what is seen is drawn: {drawn}");
    window
        .script(
            "const list = document.querySelector('[role=listbox]'); list.scrollTop = list.scrollHeight / 2; return 0",
        )
        .await;
    let middle = found("rows in the middle are drawn", LIMIT, async || {
        let titles = window.titles().await;
        let number: u32 = titles.get(titles.len() / 2)?.strip_prefix("Task number ")?.parse().ok()?;
        (40_000..60_000).contains(&number).then_some(number)
    })
    .await;
    window
        .script("const list = document.querySelector('[role=listbox]'); list.scrollTop = list.scrollHeight; return 0")
        .await;
    holds("the oldest is at the end", LIMIT, async || {
        window.titles().await.last().is_some_and(|title| title == "Task number 0")
    })
    .await;
    window.write("input[type=search]", &format!("number {middle}")).await;
    holds("one of them is found", LIMIT, async || window.titles().await == [format!("Task number {middle}")]).await;
}
