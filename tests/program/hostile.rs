//! Messages that no honest sender writes: all of them are kept, none of them does harm.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::session::{LIMIT, Options, Session, Start, TO_CHAD, World, holds};

/// What comes, and under which title it is shown, where it has one of its own.
fn messages() -> Vec<(Vec<u8>, Option<&'static str>)> {
    let task =
        |data: serde_json::Value| json!({"from": "helios", "type": "task", "data": data}).to_string().into_bytes();
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    vec![
        (task(json!({"title": "A megabyte", "blob": "x".repeat(1024 * 1024)})), Some("A megabyte")),
        (b"\xff\xfe not UTF-8 \x80".to_vec(), None),
        ([br#"{"from":"helios","type":"task","data":{"title":"half "#.as_slice(), b"\xff\"}}"].concat(), None),
        (
            format!(r#"{{"from":"helios","type":"task","data":{{"title":"Deep","x":{}}}}}"#, deep("[", "]"))
                .into_bytes(),
            None,
        ),
        (deep("[", "]").into_bytes(), None),
        (deep(r#"{"a":"#, "}").into_bytes(), None),
        (task(json!({"title": "<img src=x onerror=alert(1)>"})), Some("<img src=x onerror=alert(1)>")),
        (task(json!({"title": "invoice \u{202e}fdp.exe"})), Some("invoice")),
        (task(json!({"title": "null \0 byte and \u{1b}[31mred"})), Some("null")),
        (task(json!({"title": "&lt;b&gt; & <b>bold</b>"})), Some("&lt;b&gt; & <b>bold</b>")),
        (task(json!({"title": ""})), None),
        (task(json!(null)), None),
        (task(json!([1, 2, 3])), None),
        (b"".to_vec(), None),
        (b"42".to_vec(), None),
        (br#"{"from":7,"type":["task"],"data":1e999,"timestamp":"soon","id":{}}"#.to_vec(), None),
        (br#"{"from":"helios","from":"chad","type":"task","type":"ping"}"#.to_vec(), None),
        (br#"{"type":"\ud800"}"#.to_vec(), None),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_are_stored_and_the_next_message_is_fine() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address()));
    world.heard_within(LIMIT).await;
    session.window_title().await;
    let messages = messages();
    let count = i64::try_from(messages.len()).unwrap();
    for (payload, _) in &messages {
        assert_eq!(world.publish(TO_CHAD, payload).await, 1, "somebody listens");
    }
    session.inbox().holds(count).await;
    let began = Instant::now();
    world.task("after", "After all that").await;
    session.inbox().holds(count + 1).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for (place, (payload, _)) in messages.iter().enumerate() {
        let stored: Vec<u8> =
            session.inbox().ask(&format!("SELECT payload FROM messages WHERE seq = {}", place + 1)).unwrap();
        assert!(stored == *payload, "message {place} is kept byte for byte");
    }
    assert_eq!(session.inbox().ask::<i64>("SELECT count(*) FROM gaps"), Some(0), "the connection held");
    session.tray().shows("Connected").await;
    for (payload, _) in &messages {
        world.publish(TO_CHAD, payload).await;
    }
    // In the middle of them.
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_shown_as_the_text_it_is() {
    let mut world = World::start().await;
    for (payload, title) in messages() {
        let Some(title) = title else { continue };
        // A session each, for they would be counted in one notification otherwise.
        let session = Session::start(Options::default()).await;
        let app = session.app(&Start::with(world.address()).in_background());
        world.heard_within(LIMIT).await;
        world.publish(TO_CHAD, payload).await;
        let shown = session.seen.titled(title).await;
        let all = format!("{}{}", shown.title, shown.body);
        let controls = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!all.contains(controls), "{all:?}");
        assert!(shown.title.chars().count() <= 100 && shown.body.chars().count() <= 2000, "{all}");
        app.ends_when_asked().await;
        holds("it listens no more", LIMIT, async || world.listeners().await == 0).await;
    }
}
