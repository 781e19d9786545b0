//! The main story: a plain script sends a task, the desktop shows it, a person accepts it there, the script reads
//! the answer.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    sync::mpsc,
};

use serde_json::{Value, json};

use crate::session::{LIMIT, Options, Running, Session, Start, World};

/// As anybody would write it: no id, no time, nothing of ours.
const SCRIPT: &str = r"
import json, os, redis
r = redis.Redis.from_url(os.environ['REDIS_URL'])
answers = r.pubsub()
answers.subscribe('chad→helios')
for heard in answers.listen():
    if heard['type'] == 'subscribe':
        r.publish('helios→chad', json.dumps({'from': 'helios', 'type': 'task', 'data': {'title': 'Water the plants', 'room': 7}}))
    else:
        print(heard['data'].decode(), flush=True)
";

/// The script with Debian's interpreter and library, and the lines it prints.
fn script(session: &Session, address: &str) -> (Running, mpsc::Receiver<String>) {
    let mut command = session.environment.command("/usr/bin/python3".as_ref());
    command.args(["-c", SCRIPT]).env("REDIS_URL", address).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = Running::start(&mut command);
    let out = BufReader::new(running.child().stdout.take().unwrap());
    let (sender, lines) = mpsc::channel();
    // It ends with the script.
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    (running, lines)
}

fn next(lines: &mpsc::Receiver<String>) -> Value {
    let line = lines.recv_timeout(LIMIT).expect("the script hears an answer");
    serde_json::from_str(&line).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_script_sends_a_task_and_hears_that_it_was_accepted() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address()).in_background());
    world.heard_within(LIMIT).await;

    let (_script, lines) = script(&session, &world.address());
    let received = next(&lines);
    assert_eq!(received["type"], "response");
    assert_eq!(received["from"], "chad");
    assert_eq!(received["data"]["status"], "received");
    assert_eq!(received["data"]["task"], json!({"title": "Water the plants", "room": 7}));

    let shown = session.seen.titled("Water the plants").await;
    assert!(shown.buttons.iter().any(|word| word == "Accept"), "{:?}", shown.buttons);
    assert!(shown.buttons.iter().any(|word| word == "Open"), "{:?}", shown.buttons);
    assert_eq!((shown.urgency, shown.replaces), (1, 0));
    session.tray().shows("Open inbox (1)").await;
    session.screenshot("notification");

    session.press_accept().await;
    let accepted = next(&lines);
    assert_eq!(accepted["data"]["status"], "accepted");
    assert_eq!(accepted["data"]["task"], json!({"title": "Water the plants", "room": 7}));
    assert_eq!(session.inbox().ask::<i64>("SELECT state FROM messages"), Some(2), "it stands there as accepted");
    assert!(session.windows().is_empty(), "all this without a window");
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_an_urgent_task_is_shown_as_urgent() {
    let mut world = World::start().await;
    let session = Session::start(Options::default()).await;
    let (address, authority) = world.secure();
    let app = session.app(&Start::with(address).variable("SSL_CERT_FILE", authority).in_background());
    world.heard_within(LIMIT).await;
    let urgent =
        json!({"from": "helios", "type": "task", "priority": "urgent", "data": {"title": "Fire & <b>smoke</b>"}});
    world.publish("helios→chad", urgent.to_string()).await;
    let shown = session.seen.titled("Fire").await;
    assert_eq!(shown.urgency, 2);
    assert!(!shown.body.contains("<b>"), "markup stays text: {}", shown.body);
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_notification_server_it_says_so_and_keeps_the_task() {
    let mut world = World::start().await;
    let session = Session::start(Options { notifications: false, ..Options::default() }).await;
    let window = session.window(&Start::with(world.address())).await;
    world.heard_within(LIMIT).await;
    world.task("a", "Nobody shows this").await;
    window.says("No notifications on this desktop").await;
    window.says("Nobody shows this").await;
}
