//! The key is due: the tray's entry, and the notification's three buttons, pressed on the bus.
//!
//! The program looks for the first time two minutes after its start, so what is pressed there is pressed side by side.

use std::time::Duration;

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::json;

use super::{
    desk::{Desk, Shown},
    ground::Ground,
};
use crate::session::{LIMIT, Options, holds};

const DUE: &str = "Time to change the database’s key";

const DAY: i64 = 24 * 3_600_000;

/// After two minutes it must have said so.
const SAID: Duration = Duration::from_mins(3);

/// A session in which the key is 31 days old, Helios is heard, and there is a way to give it a new one.
async fn overdue() -> (Ground, Desk) {
    let settings = "[rotation]\nhandover = \"command\"\ncommand = \"cat\"\n";
    let ground = Ground::start(settings, Options { notifications: false, ..Options::default() }).await;
    let desk = Desk::start(&ground.session).await;
    let app = ground.session.app(&ground.begin().in_background());
    ground.session.tray().shows("Connected").await;
    let known = "SELECT json_extract(value, '$.keys.database.since') FROM kept WHERE name = 'key_ages'";
    holds("the key's age is known", LIMIT, async || ground.session.inbox().ask::<i64>(known).is_some()).await;
    app.ends_when_asked().await;
    let older = "UPDATE kept SET value = json_set(value, '$.keys.database.since',
                 json_extract(value, '$.keys.database.since') - ?1) WHERE name = 'key_ages'";
    assert_eq!(Connection::open(ground.database()).unwrap().execute(older, [31 * DAY]).unwrap(), 1);
    (ground, desk)
}

async fn told(desk: &Desk) -> Shown {
    let shown = desk.titled(DUE, SAID).await;
    assert!(shown.body.contains("31 days"), "{shown:?}");
    let words: Vec<&str> = shown.buttons.iter().map(|(_, word)| word.as_str()).collect();
    for word in ["Rotate now", "In three days", "Why?"] {
        assert!(words.contains(&word), "{words:?}");
    }
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trays_entry_opens_the_page() {
    let ground = Ground::start("", Options::default()).await;
    let window = ground.session.window(&ground.begin()).await;
    ground.session.tray().shows("Connected").await;
    window.heading("Inbox").await;
    ground.session.tray().click("Rotate key…").await;
    window.heading("Keys").await;
    window.button("Rotate now").await;
    ground.session.screenshot("keys-from-the-tray");
    assert_eq!((ground.resets(), ground.standing()), (0, None), "nothing is begun by looking");
    window.ends_by(Signal::TERM).await;

    let app = ground.session.app(&ground.begin().in_background());
    ground.session.tray().shows("Connected").await;
    assert!(ground.session.windows().is_empty());
    ground.session.tray().click("Rotate key…").await;
    assert_eq!(ground.session.window_title().await, "Heliograph");
    app.ends_when_asked().await;
}

async fn why_opens_the_page() {
    let (ground, desk) = overdue().await;
    let window = ground.session.window(&ground.begin()).await;
    let shown = told(&desk).await;
    ground.session.tray().shows("Connected").await;
    desk.press(&shown, "Why?").await;
    window.heading("Keys").await;
    window.says("Overdue").await;
    ground.session.screenshot("keys-overdue");
    assert_eq!((ground.resets(), ground.standing()), (0, None));
    window.ends_by(Signal::TERM).await;
}

async fn in_three_days_puts_it_off() {
    let (ground, desk) = overdue().await;
    let app = ground.session.app(&ground.begin().in_background());
    let shown = told(&desk).await;
    desk.press(&shown, "In three days").await;
    let later = "SELECT json_extract(value, '$.later.database') - json_extract(value, '$.told.database')
                 FROM kept WHERE name = 'key_ages'";
    holds("it is put off by three days", LIMIT, async || {
        let by = ground.session.inbox().ask::<Option<i64>>(later).flatten();
        by.is_some_and(|by| (3 * DAY..3 * DAY + DAY / 8).contains(&by))
    })
    .await;
    assert!(ground.session.windows().is_empty(), "nothing is opened");
    assert_eq!((ground.resets(), ground.standing()), (0, None));
    app.ends_when_asked().await;
}

async fn rotate_now_rotates() {
    let (ground, desk) = overdue().await;
    let app = ground.session.app(&ground.begin().in_background());
    ground.watch(app.pid());
    let beat = json!({ "from": "helios", "type": "heartbeat", "data": { "status": "online", "interval": 120 } });
    let shown = told(&desk).await;
    ground.session.tray().shows("Connected").await;
    ground.voice().await.say("heartbeat", &beat).await.unwrap();
    let heard = "SELECT count(*) FROM agents WHERE name = 'helios'";
    holds("Helios is heard", LIMIT, async || ground.session.inbox().ask::<i64>(heard) == Some(1)).await;
    desk.press(&shown, "Rotate now").await;
    ground.reaches("await_ack").await;
    let id = ground.standing().unwrap().id;
    ground.helios_says("rotation.ack", json!({ "rotation_id": id })).await;
    let (receipt, journal) = ground.ends().await;
    let receipt = receipt.unwrap_or_else(|| panic!("there is no receipt: {journal}"));
    assert_eq!((&receipt["reason"], &receipt["outcome"]), (&json!("monthly"), &json!("done")));
    assert_eq!(ground.session.window_title().await, "Heliograph");
    ground.ends_well(app.pid(), 1, "rotated by the notification").await;
    drop(app);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reminders_buttons_do_what_they_say() {
    let (why, later, rotate) = (why_opens_the_page(), in_three_days_puts_it_off(), rotate_now_rotates());
    tokio::join!(Box::pin(why), Box::pin(later), Box::pin(rotate));
}
