//! Answers written in the window, as Helios hears them.

use fantoccini::{Locator, key::Key};
use serde_json::json;

use crate::session::{FROM_CHAD, LIMIT, Options, Session, Start, TO_CHAD, Window, World, holds};

async fn started() -> (World, Session, Window) {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let window = session.window(&Start::with(world.address())).await;
    world.heard_within(LIMIT).await;
    (world, session, window)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accept_then_done_with_a_note() {
    let (mut world, session, window) = started().await;
    let mut helios = world.hear(FROM_CHAD).await;
    world.task("t1", "Count the owls").await;
    window.choose("Count the owls").await;
    window.press("Accept").await;
    let accepted = helios.answer("accepted").await;
    assert_eq!(accepted["reply_to"], "t1");
    assert_eq!(accepted["data"]["task_id"], "t1");
    let enter = char::from(Key::Enter);
    window.write("textarea[aria-label^='Answer']", &format!("There are twelve.{enter}Most of them sleep.")).await;
    window.press("Done").await;
    let done = helios.answer("done").await;
    assert_eq!(done["data"]["note"], "There are twelve.\nMost of them sleep.");
    assert_eq!(done["data"].get("result"), None);
    window.says("There are twelve.").await;
    holds("it is no longer open", LIMIT, async || {
        session.inbox().ask::<i64>("SELECT state FROM messages WHERE id = 't1'") == Some(3)
    })
    .await;
    session.tray().shows("Open inbox").await;
    window.press("Answered").await;
    window.choose("Count the owls").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_arrives_as_the_result_and_failure_as_failure() {
    let (mut world, _session, window) = started().await;
    let mut helios = world.hear(FROM_CHAD).await;
    world.task("t1", "Weigh it").await;
    window.choose("Weigh it").await;
    window.write("textarea[aria-label^='Answer']", r#"{"grams": 12.5, "of": ["a", "b"]}"#).await;
    window.press("Done").await;
    assert_eq!(helios.answer("done").await["data"]["result"], json!({"grams": 12.5, "of": ["a", "b"]}));

    world.task("t2", "Lift it").await;
    window.choose("Lift it").await;
    window.write("textarea[aria-label^='Answer']", "Too heavy").await;
    window.press("Failed").await;
    let failed = helios.answer("failed").await;
    assert_eq!((failed["reply_to"].as_str(), failed["data"]["note"].as_str()), (Some("t2"), Some("Too heavy")));

    world.task("t3", "Eat it").await;
    window.choose("Eat it").await;
    window.press("Decline").await;
    assert_eq!(helios.answer("declined").await["reply_to"], "t3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_heard_goes_out_once_more_when_helios_is_back() {
    let (mut world, _session, window) = started().await;
    world.task("t1", "Nobody listens").await;
    window.choose("Nobody listens").await;
    window.press("Accept").await;
    window.says("not heard by").await;
    let mut helios = world.hear(FROM_CHAD).await;
    world.publish("heartbeat", r#"{"from":"helios","type":"heartbeat","data":{}}"#).await;
    assert_eq!(helios.answer("accepted").await["reply_to"], "t1");
    window.says("heard by helios").await;
    world.publish("heartbeat", r#"{"from":"helios","type":"heartbeat","data":{}}"#).await;
    // A ping is answered after everything that waited: by then a second copy would have been heard.
    world.publish(TO_CHAD, r#"{"from":"helios","type":"ping","id":"p"}"#).await;
    loop {
        let message = helios.next().await;
        assert_ne!(message["data"]["status"], "accepted", "it came a second time");
        if message["type"] == "pong" {
            assert_eq!(message["reply_to"], "p");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_our_own_goes_to_helios_unless_another_channel_is_chosen() {
    let (world, _session, window) = started().await;
    let mut helios = world.hear(FROM_CHAD).await;
    window.press("Link").await;
    window.write("form textarea", "Good morning").await;
    window.press("Send").await;
    window.says("Put in the outbox").await;
    loop {
        let message = helios.next().await;
        if message["data"]["text"] == "Good morning" {
            assert_eq!((message["from"].as_str(), message["type"].as_str()), (Some("chad"), Some("message")));
            break;
        }
    }
    let mut everybody = world.hear("broadcast").await;
    window.press("Link").await;
    window.client.find(Locator::Css("form select")).await.unwrap().select_by_value("broadcast").await.unwrap();
    window.write("form textarea", r#"{"all": "of you"}"#).await;
    window.press("Send").await;
    assert_eq!(everybody.next().await["data"], json!({"all": "of you"}));
}
