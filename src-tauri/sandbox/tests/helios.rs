//! Helios does what he is asked to, and another client of the same server hears it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends by panicking")]

mod common;

use std::{collections::HashSet, io::Write, process::Stdio, time::Duration};

use common::{LIMIT, eventually_async};
use futures_util::StreamExt;
use heliograph_sandbox::{Helios, HeliosAct, HeliosEvent, Names, Redis, RedisOptions, Sandbox, helios::BURST};
use redis::{AsyncCommands, aio::MultiplexedConnection, aio::PubSub};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::{sync::mpsc::Receiver, time::timeout};

/// A server, Helios on it, and a client in Chad's place.
struct Stage {
    redis: Redis,
    helios: Helios,
    events: Receiver<HeliosEvent>,
    ear: PubSub,
    mouth: MultiplexedConnection,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set(names: Names) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = RedisOptions { plain: true, ..Default::default() };
        let redis = Redis::start(folder.path(), options).await.unwrap();
        let client = redis::Client::open(redis.plain_url().unwrap().expose_secret()).unwrap();
        let mut ear = client.get_async_pubsub().await.unwrap();
        ear.subscribe(&["helios→chad", "heartbeat"]).await.unwrap();
        let mouth = client.get_multiplexed_async_connection().await.unwrap();
        let (helios, events) = Helios::start(redis.address(), names);
        let mut stage = Self { redis, helios, events, ear, mouth, _folder: folder };
        stage.event(|event| matches!(event, HeliosEvent::Connected)).await;
        stage
    }

    /// The next message of this type, whatever comes between.
    async fn hear(&mut self, kind: &str) -> Value {
        let mut messages = self.ear.on_message();
        let heard = async {
            loop {
                let message = messages.next().await.unwrap();
                let value: Value = serde_json::from_slice(message.get_payload_bytes()).unwrap();
                if value["type"] == kind {
                    return value;
                }
            }
        };
        timeout(LIMIT, heard).await.unwrap_or_else(|_| panic!("no {kind} in time"))
    }

    async fn event(&mut self, wanted: impl Fn(&HeliosEvent) -> bool) -> HeliosEvent {
        let found = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if wanted(&event) {
                    return event;
                }
            }
        };
        timeout(LIMIT, found).await.expect("the event did not come in time")
    }

    async fn say(&mut self, channel: &str, message: Value) -> u64 {
        self.mouth.publish(channel, message.to_string()).await.unwrap()
    }
}

#[tokio::test]
async fn he_says_hello_by_himself_once() {
    let mut stage = Stage::set(Names::default()).await;
    let hello = stage.hear("task").await;
    assert_eq!(hello["from"], "helios");
    assert!(hello["data"]["what"].as_str().unwrap().contains("Hello chad"));
    assert_eq!(uuid::Uuid::parse_str(hello["id"].as_str().unwrap()).unwrap().get_version_num(), 7);
    assert!(hello["timestamp"].is_number());

    stage.say("heartbeat", json!({ "from": "chad", "type": "heartbeat", "data": {} })).await;
    stage.helios.act(HeliosAct::Task).await.unwrap();
    assert_ne!(stage.hear("task").await["data"]["title"], hello["data"]["title"], "the second task is no hello");
    stage.helios.stop().await;
}

#[tokio::test]
async fn a_heartbeat_of_the_other_agent_brings_the_hello_at_once() {
    let mut stage = Stage::set(Names::default()).await;
    stage.say("heartbeat", json!({ "from": "chad", "type": "heartbeat", "data": {} })).await;
    stage.event(|event| *event == HeliosEvent::Heartbeat { from: "chad".into() }).await;
    let hello = timeout(Duration::from_millis(1500), stage.hear("task")).await;
    assert!(hello.is_ok(), "it came only after the time he waits without a sign");
}

#[tokio::test]
async fn he_keeps_the_hello_until_somebody_listens() {
    let mut stage = Stage::set(Names::default()).await;
    stage.ear.unsubscribe("helios→chad").await.unwrap();
    stage.event(|event| matches!(event, HeliosEvent::Sent { heard_by: 0, .. })).await;
    stage.ear.subscribe("helios→chad").await.unwrap();
    stage.say("heartbeat", json!({ "from": "chad", "type": "heartbeat", "data": {} })).await;
    assert_eq!(stage.hear("task").await["data"]["title"], "Say hello");
}

#[tokio::test]
async fn tasks_are_usual_urgent_and_many() {
    let mut stage = Stage::set(Names::default()).await;
    stage.hear("task").await;
    stage.helios.act(HeliosAct::Task).await.unwrap();
    assert_eq!(stage.hear("task").await.get("priority"), None);
    stage.helios.act(HeliosAct::UrgentTask).await.unwrap();
    let urgent = stage.hear("task").await;
    assert_eq!(urgent["priority"], "urgent");
    assert!(urgent["expires"].as_u64() > urgent["timestamp"].as_u64());

    stage.helios.act(HeliosAct::Burst).await.unwrap();
    let mut ids = HashSet::new();
    for _ in 0..BURST {
        ids.insert(stage.hear("task").await["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), BURST);
}

#[tokio::test]
async fn he_gives_signs_of_life_and_answers_a_ping() {
    let mut stage = Stage::set(Names { heartbeat: Duration::from_millis(200), ..Names::default() }).await;
    for _ in 0..3 {
        assert_eq!(stage.hear("heartbeat").await["from"], "helios");
    }
    stage.say("chad→helios", json!({ "from": "chad", "type": "ping", "id": "p1", "data": { "n": 1 } })).await;
    let pong = stage.hear("pong").await;
    assert_eq!((&pong["reply_to"], &pong["data"]["n"]), (&json!("p1"), &json!(1)));
}

#[tokio::test]
async fn he_acknowledges_a_reply_and_tells_of_what_he_cannot_read() {
    let mut stage = Stage::set(Names::default()).await;
    let task = stage.hear("task").await["id"].clone();
    let reply = json!({ "from": "chad", "type": "response", "id": "r1", "reply_to": task,
        "data": { "task_id": task, "status": "done", "note": "gladly" } });
    stage.say("chad→helios", reply).await;
    let ack = stage.hear("ack").await;
    assert_eq!((&ack["reply_to"], &ack["data"]["task_id"]), (&json!("r1"), &task));
    let wanted = HeliosEvent::Reply {
        from: "chad".into(),
        task_id: task.as_str().unwrap().into(),
        status: "done".into(),
        note: Some("gladly".into()),
    };
    stage.event(|event| *event == wanted).await;

    let () = stage.mouth.publish("broadcast", b"no json \xff").await.unwrap();
    let odd = stage.event(|event| matches!(event, HeliosEvent::Other { .. })).await;
    assert_eq!(odd, HeliosEvent::Other { channel: "broadcast".into(), text: "no json \u{fffd}".into() });
}

#[tokio::test]
async fn asleep_he_is_deaf_and_dumb_until_woken() {
    let mut stage = Stage::set(Names::default()).await;
    stage.hear("task").await;
    stage.helios.act(HeliosAct::Sleep).await.unwrap();
    let call = || json!({ "from": "chad", "type": "status", "data": {} });
    let mut mouth = stage.mouth.clone();
    let mut listeners = async || mouth.publish::<_, _, u64>("chad→helios", call().to_string()).await.unwrap();
    eventually_async(async || listeners().await == 0).await;
    let refused = stage.helios.act(HeliosAct::Task).await.unwrap_err();
    assert!(refused.to_string().contains("asleep"), "{refused}");
    stage.helios.act(HeliosAct::Wake).await.unwrap();
    stage.event(|event| matches!(event, HeliosEvent::Connected)).await;
    assert_eq!(stage.say("chad→helios", call()).await, 1);
}

#[tokio::test]
async fn without_his_key_he_is_refused_and_stays_away_until_woken() {
    let mut stage = Stage::set(Names::default()).await;
    stage.helios.act(HeliosAct::LoseKey).await.unwrap();
    let refused = stage.event(|event| matches!(event, HeliosEvent::Disconnected { .. })).await;
    let HeliosEvent::Disconnected { reason } = refused else { unreachable!() };
    assert!(reason.to_lowercase().contains("password"), "{reason}");
    let stats: String = redis::cmd("INFO").arg("stats").query_async(&mut stage.mouth).await.unwrap();
    assert!(!stats.contains("acl_access_denied_auth:0"), "the server refused somebody");
    let mut mouth = stage.mouth.clone();
    eventually_async(async || mouth.publish::<_, _, u64>("chad→helios", "x").await.unwrap() == 0).await;
    stage.helios.act(HeliosAct::Wake).await.unwrap();
    stage.event(|event| matches!(event, HeliosEvent::Connected)).await;
}

#[tokio::test]
async fn he_comes_back_when_the_server_does() {
    let mut stage = Stage::set(Names::default()).await;
    stage.redis.kill().await.unwrap();
    stage.event(|event| matches!(event, HeliosEvent::Disconnected { .. })).await;
    stage.redis.restart().await.unwrap();
    stage.event(|event| matches!(event, HeliosEvent::Connected)).await;
}

#[tokio::test]
async fn he_stops_in_time_while_the_server_is_frozen() {
    let stage = Stage::set(Names { heartbeat: Duration::from_millis(50), ..Names::default() }).await;
    stage.redis.freeze().unwrap();
    timeout(Duration::from_secs(3), stage.helios.stop()).await.expect("he did not stop in time");
}

#[tokio::test]
async fn the_whole_sandbox_starts_acts_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path()).await.unwrap();
    eventually_async(async || sandbox.act(HeliosAct::Task).await.is_ok()).await;
    timeout(Duration::from_secs(5), sandbox.stop()).await.expect("it did not stop in time");
}

/// As the set-up page for this service has it, with an id for the reply to name.
const SCRIPT: &str = r"
import json, os, redis
r = redis.from_url(os.environ['UPSTASH_REDIS_URL'], ssl_ca_certs=os.environ['SSL_CERT_FILE'])
pubsub = r.pubsub()
pubsub.subscribe('chad→helios', 'helios→chad')
r.publish('helios→chad', json.dumps({'from': 'script', 'type': 'task', 'data': {'title': 'Water the plants'}}))
r.publish('chad→helios', json.dumps({'from': 'chad', 'type': 'ping', 'id': 'from-python', 'data': {}}))
for message in pubsub.listen():
    if message['type'] == 'message':
        data = json.loads(message['data'])
        print(json.dumps(data), flush=True)
        if data['type'] == 'pong':
            break
";

#[tokio::test]
async fn a_plain_python_script_speaks_with_him() {
    let stage = Stage::set(Names::default()).await;
    let mut python = tokio::process::Command::new("/usr/bin/python3")
        .arg("-")
        .env("UPSTASH_REDIS_URL", stage.redis.url().expose_secret())
        .env("SSL_CERT_FILE", stage.redis.ca_file())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap().into_owned_fd().map(std::fs::File::from).unwrap();
    input.write_all(SCRIPT.as_bytes()).unwrap();
    drop(input);
    let output = timeout(LIMIT, python.wait_with_output()).await.expect("no answer in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("Water the plants"), "{output:?}");
    assert!(said.contains(r#""reply_to": "from-python""#), "{output:?}");
}
