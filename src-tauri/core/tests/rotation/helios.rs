//! A Helios that takes a sealed address from Redis and moves to it as heliograph.py does: the new connection hears first,
//! the old one is read up to a mark that both hear. It goes back when the change is taken back.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::{Stream, StreamExt as _};
use redis::{Msg, aio::MultiplexedConnection};
use secrecy::SecretString;
use tokio::time::{interval, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    server::{Server, login},
    world::{SOON, exposed},
};

/// As it behaves, and what it saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// The messages that were heard live, by their ids.
    pub(crate) heard: Mutex<HashSet<String>>,
    /// It says something fifty times a second.
    pub(crate) talks: AtomicBool,
    pub(crate) said: AtomicU32,
    /// It moves without a word.
    pub(crate) mute: AtomicBool,
    /// It has changed its address so often.
    pub(crate) moves: AtomicU32,
    pub(crate) token: Mutex<String>,
}

pub(crate) struct Helios {
    pub(crate) seen: Arc<Seen>,
    pub(crate) public_key: String,
    _life: AbortOnDropHandle<()>,
}

impl Helios {
    pub(crate) async fn start(server: Server, url: &SecretString) -> Self {
        let identity = age::x25519::Identity::generate();
        let (seen, public_key) = (Arc::<Seen>::default(), identity.to_public().to_string());
        let first = Line::open(&server, url).await;
        *seen.token.lock().unwrap() = login(url).1;
        let life =
            Life { server, identity, seen: Arc::clone(&seen), line: first, url: url.clone(), before: None, beats: 0 };
        Self { seen, public_key, _life: AbortOnDropHandle::new(tokio::spawn(life.live())) }
    }

    /// Waits until it has changed its address so often.
    pub(crate) async fn moved(&self, times: u32) {
        let moved = async {
            while self.seen.moves.load(Relaxed) < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, moved).await.expect("it does not move");
    }

    pub(crate) fn token(&self) -> String {
        self.seen.token.lock().unwrap().clone()
    }
}

/// A subscription and a connection for commands.
struct Line {
    ears: Pin<Box<dyn Stream<Item = Msg> + Send>>,
    mouth: MultiplexedConnection,
}

impl Line {
    async fn open(server: &Server, url: &SecretString) -> Self {
        let client = server.client(url);
        let mut ears = client.get_async_pubsub().await.unwrap();
        let channels =
            ["chad→helios-urgent", "chad→helios", "chad→helios-low", "broadcast", "agent.helios", "heartbeat"];
        ears.subscribe(&channels).await.unwrap();
        let mouth = client.get_multiplexed_async_connection().await.unwrap();
        Self { ears: Box::pin(ears.into_on_message()), mouth }
    }

    async fn say(&mut self, channel: &str, kind: &str, id: &str, data: serde_json::Value) {
        let message = serde_json::json!({ "from": "helios", "type": kind, "id": id, "data": data }).to_string();
        let mut both = redis::pipe();
        both.atomic();
        if channel != "heartbeat" {
            both.cmd("XADD").arg(format!("record:{channel}")).arg("MAXLEN").arg("~").arg(10_000).arg("*").arg("m");
            both.arg(&message);
        }
        both.cmd("PUBLISH").arg(channel).arg(&message);
        both.exec_async(&mut self.mouth).await.unwrap();
    }
}

struct Life {
    server: Server,
    identity: age::x25519::Identity,
    seen: Arc<Seen>,
    line: Line,
    url: SecretString,
    before: Option<SecretString>,
    beats: u32,
}

impl Life {
    async fn live(mut self) {
        let mut tick = interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                message = self.line.ears.next() => match message {
                    Some(message) => self.hears(&message).await,
                    None => panic!("Helios is cut off"),
                },
                _ = tick.tick() => self.ticks().await,
            }
        }
    }

    async fn ticks(&mut self) {
        self.beats += 1;
        if self.beats % 50 == 1 {
            self.line.say("heartbeat", "heartbeat", &format!("b{}", self.beats), serde_json::json!({})).await;
        }
        if self.seen.talks.load(Relaxed) {
            let number = self.seen.said.fetch_add(1, Relaxed);
            self.line.say("helios→chad", "note", &format!("h{number}"), serde_json::json!({ "n": number })).await;
        }
    }

    async fn hears(&mut self, message: &Msg) {
        let Ok(said) = serde_json::from_slice::<serde_json::Value>(message.get_payload_bytes()) else { return };
        let id = said["data"]["rotation_id"].as_str().unwrap_or_default().to_owned();
        match said["type"].as_str().unwrap_or_default() {
            "note" => self.seen.counts(&said),
            "rotation.sealed" => {
                let sealed = said["data"]["sealed"].as_str().unwrap();
                let opened = age::decrypt(&self.identity, sealed.as_bytes()).unwrap();
                let url = SecretString::from(String::from_utf8(opened).unwrap());
                if exposed(&url) != exposed(&self.url) {
                    self.before = Some(self.url.clone());
                    self.moves_to(url).await;
                }
                if !self.seen.mute.load(Relaxed) {
                    let data = serde_json::json!({ "rotation_id": id });
                    self.line.say("helios→chad", "rotation.ack", &format!("ack {id}"), data).await;
                }
            }
            "rotation" if said["data"]["phase"] == "cancelled" => {
                if let Some(before) = self.before.take() {
                    self.moves_to(before).await;
                    self.beats = 0;
                }
            }
            _ => {}
        }
    }

    async fn moves_to(&mut self, url: SecretString) {
        let mut fresh = Line::open(&self.server, &url).await;
        let mark = uuid::Uuid::new_v4().to_string();
        fresh.say("heartbeat", "heartbeat", &mark, serde_json::json!({})).await;
        // What comes before the mark came on the old one; what the new one has heard of it falls away by its id.
        let up_to_mark = async {
            while let Some(message) = self.line.ears.next().await {
                let said: serde_json::Value = serde_json::from_slice(message.get_payload_bytes()).unwrap_or_default();
                if said["id"] == mark.as_str() {
                    return;
                }
                if said["type"] == "note" {
                    self.seen.counts(&said);
                }
            }
            panic!("the old connection ended");
        };
        timeout(SOON, up_to_mark).await.expect("the mark is not heard on the old connection");
        *self.seen.token.lock().unwrap() = login(&url).1;
        self.line = fresh;
        self.url = url;
        self.seen.moves.fetch_add(1, Relaxed);
    }
}

impl Seen {
    fn counts(&self, said: &serde_json::Value) {
        self.heard.lock().unwrap().insert(said["id"].as_str().unwrap().to_owned());
    }
}
