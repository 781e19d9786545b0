//! Killed in the middle of it, ten times: what was acknowledged is there, and nothing is there twice.

use std::collections::HashSet;

use serde_json::Value;

use crate::session::{FROM_CHAD, LIMIT, Options, Session, Start, World};

const KILLS: u32 = 10;
/// So many are sent at once, and so many may be unanswered before more are sent.
const CHUNK: u32 = 50;
const STREAM: u32 = 500;

/// The id of the task that this answer acknowledges.
fn receipt(answer: &Value) -> Option<String> {
    (answer["data"]["status"] == "received").then(|| answer["reply_to"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_being_killed_ten_times() {
    let mut world = World::start().await;
    let session = Session::start(Options { notifications: false, panel: false, ..Options::default() }).await;
    let mut helios = world.hear(FROM_CHAD).await;
    let mut acknowledged = HashSet::new();
    let mut next = 0;
    for round in 0..KILLS {
        let mut app = session.app(&Start::with(world.address()).in_background());
        world.heard_within(LIMIT).await;
        // Whoever heard no answer sends again: the last of what came before comes once more.
        if next > 0 {
            world.tasks(next - STREAM.min(next)..next).await;
        }
        // Each time a little later, and always with some on their way.
        let enough = acknowledged.len() + 1 + usize::try_from(round * 37).unwrap();
        let mut on_their_way = 0;
        while acknowledged.len() < enough {
            // Answers wait until a flood is over; this is to be a stream.
            if on_their_way < STREAM {
                world.tasks(next..next + CHUNK).await;
                next += CHUNK;
                on_their_way += CHUNK;
            }
            let answers = helios.soon().await;
            on_their_way = on_their_way.saturating_sub(u32::try_from(answers.len()).unwrap());
            acknowledged.extend(answers.iter().filter_map(receipt));
        }
        app.kill().await;
    }
    acknowledged.extend(helios.so_far().iter().filter_map(receipt));
    let app = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;
    let stored: Vec<String> = session.inbox().all("SELECT id FROM messages WHERE kind = 'task'");
    let different: HashSet<_> = stored.iter().cloned().collect();
    assert_eq!(stored.len(), different.len(), "nothing is there twice");
    let lost: Vec<_> = acknowledged.difference(&different).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    println!("{} stored, {} of them acknowledged", stored.len(), acknowledged.len());
    assert_eq!(session.inbox().ask::<String>("PRAGMA integrity_check").as_deref(), Some("ok"));
    app.ends_when_asked().await;
}
