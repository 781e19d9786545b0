//! What was recorded while the program did not run is there afterwards, told in one notification.

use serde_json::json;

use crate::session::{LIMIT, Options, QUICK, Session, Start, TO_CHAD, World, holds};

/// As a Helios does that wants nothing lost.
async fn record(world: &mut World, id: &str, title: &str) {
    let text = json!({"from": "helios", "type": "task", "id": id, "data": {"title": title}}).to_string();
    world.ask(&["XADD", &format!("record:{TO_CHAD}"), "*", "m", &text]).await;
    world.publish(TO_CHAD, text).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_meanwhile_is_told_in_one() {
    let mut world = World::start().await;
    let session = Session::start(Options { settings: QUICK, ..Options::default() }).await;
    let start = Start::with(world.address()).in_background();
    let app = session.app(&start);
    world.heard_within(LIMIT).await;
    let begun = "SELECT count(*) > 0 FROM records";
    holds("it is known where the records begin", LIMIT, async || session.inbox().ask::<bool>(begun) == Some(true))
        .await;
    record(&mut world, "0", "Heard live").await;
    session.inbox().holds(1).await;
    // Read again from the record, so that it is known where that was left.
    let ways = "SELECT ways FROM messages WHERE id = '0'";
    holds("it is found in the record as well", LIMIT, async || session.inbox().ask::<i64>(ways) == Some(3)).await;
    app.ends_when_asked().await;

    for number in 1..=7 {
        record(&mut world, &number.to_string(), &format!("Task {number}")).await;
    }
    let app = session.app(&start);
    let shown = session.seen.titled("7 tasks while you were away").await;
    assert!(shown.body.contains("The latest: Task 7"), "{}", shown.body);
    session.screenshot("away");
    session.inbox().holds(8).await;
    assert_eq!(session.inbox().ask::<i64>("SELECT count(*) FROM messages WHERE ways = 2"), Some(7));
    assert_eq!(session.inbox().ask::<i64>("SELECT count(*) FROM gaps"), Some(0), "nothing can be missing");
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_before_the_first_start_is_offered() {
    let mut world = World::start().await;
    record(&mut world, "1", "From before").await;
    let session = Session::start(Options::default()).await;
    let window = session.window(&Start::with(world.address())).await;
    window.says("There are earlier messages").await;
    session.screenshot("earlier-light");
    window.press("Fetch them").await;
    window.says("From before").await;
    holds("it is no longer offered", LIMIT, async || !window.text().await.contains("There are earlier messages")).await;
}
