//! The world around the program: a Redis server of its own, and whoever else speaks on it.

use std::time::Duration;

use futures_util::StreamExt as _;
use heliograph_sandbox::{Redis, RedisOptions};
use redis::{Client, aio::MultiplexedConnection};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::wait::{LIMIT, holds};

/// What the program listens to.
pub(crate) const TO_CHAD: &str = "helios→chad";
/// What it answers on.
pub(crate) const FROM_CHAD: &str = "chad→helios";

/// A server, and a connection on it for what tests have to say.
pub(crate) struct World {
    pub(crate) redis: Redis,
    commands: MultiplexedConnection,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = Redis::start(folder.path(), RedisOptions { plain: true, ..RedisOptions::default() }).await.unwrap();
        let commands = commands(&redis).await;
        Self { redis, commands, _folder: folder }
    }

    /// The address without TLS: the server's old version on Debian 12 breaks TLS connections in a flood.
    pub(crate) fn address(&self) -> String {
        self.redis.plain_url().unwrap().expose_secret().to_owned()
    }

    /// The same through something that listens on `port`.
    pub(crate) fn address_through(&self, port: u16) -> String {
        let address = self.address();
        let (rest, _) = address.rsplit_once(':').unwrap();
        format!("{rest}:{port}")
    }

    /// The encrypted address, and the file of the authority that vouches for it.
    pub(crate) fn secure(&self) -> (String, String) {
        (self.redis.url().expose_secret().to_owned(), self.redis.ca_file().display().to_string())
    }

    /// The port without TLS.
    pub(crate) fn port(&self) -> u16 {
        self.redis.plain_port().unwrap()
    }

    /// A command as the server's owner.
    pub(crate) async fn ask(&mut self, words: &[&str]) -> redis::Value {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut self.commands).await.unwrap()
    }

    /// After the server was killed and started again.
    pub(crate) async fn reconnect(&mut self) {
        self.commands = commands(&self.redis).await;
    }

    /// Publishes bytes, and says how many heard them.
    pub(crate) async fn publish(&mut self, channel: &str, payload: impl AsRef<[u8]>) -> u64 {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(payload.as_ref());
        command.query_async(&mut self.commands).await.unwrap()
    }

    /// A task from Helios.
    pub(crate) async fn task(&mut self, id: &str, title: &str) -> u64 {
        self.publish(TO_CHAD, task(id, title)).await
    }

    /// Many at once, in one write.
    pub(crate) async fn tasks(&mut self, ids: impl Iterator<Item = u32>) {
        let mut pipeline = redis::pipe();
        for id in ids {
            pipeline.cmd("PUBLISH").arg(TO_CHAD).arg(task(&id.to_string(), &format!("Task {id}"))).ignore();
        }
        let () = pipeline.query_async(&mut self.commands).await.unwrap();
    }

    /// How many listen for tasks.
    pub(crate) async fn listeners(&mut self) -> i64 {
        match self.ask(&["PUBSUB", "NUMSUB", TO_CHAD]).await {
            redis::Value::Array(row) => match row.get(1) {
                Some(redis::Value::Int(count)) => *count,
                other => panic!("no count: {other:?}"),
            },
            other => panic!("no counts: {other:?}"),
        }
    }

    /// Waits until the program listens, and says how long that took.
    pub(crate) async fn heard_within(&mut self, limit: Duration) -> Duration {
        holds("the program listens", limit, async || self.listeners().await > 0).await
    }

    /// Changes the password at the server. Connections that stand are left alone.
    pub(crate) async fn change_password(&mut self, password: &str) {
        self.redis.set_password(SecretString::from(password)).await.unwrap();
        self.reconnect().await;
    }

    /// Ends everybody else's connections.
    pub(crate) async fn end_connections(&mut self) {
        self.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
        self.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
    }

    /// Hears what is said on a channel from now on.
    pub(crate) async fn hear(&self, channel: &str) -> Ear {
        let client = Client::open(self.address()).unwrap();
        let mut subscription = client.get_async_pubsub().await.unwrap();
        subscription.subscribe(channel).await.unwrap();
        let (sender, heard) = mpsc::channel(100_000);
        let listener = tokio::spawn(async move {
            let mut messages = subscription.into_on_message();
            while let Some(message) = messages.next().await {
                // What cannot be read as JSON is handed on as null, so that a test sees that something came.
                let value = serde_json::from_slice(message.get_payload_bytes()).unwrap_or(Value::Null);
                if sender.send(value).await.is_err() {
                    return;
                }
            }
        });
        Ear { heard, listener }
    }
}

async fn commands(redis: &Redis) -> MultiplexedConnection {
    let url = redis.plain_url().unwrap();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(LIMIT));
    Client::open(url.expose_secret()).unwrap().get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

/// A task as Helios writes it.
pub(crate) fn task(id: &str, title: &str) -> Vec<u8> {
    json!({"from": "helios", "type": "task", "id": id, "data": {"title": title}}).to_string().into_bytes()
}

/// Hears a channel. Dropping it ends that.
pub(crate) struct Ear {
    heard: mpsc::Receiver<Value>,
    listener: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Ear {
    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        let next = timeout(LIMIT, self.heard.recv()).await.expect("nothing was said in time");
        next.expect("the server goes on")
    }

    /// What has been heard and not been looked at.
    pub(crate) fn so_far(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }

    /// What has been heard and not been looked at, as soon as that is anything.
    pub(crate) async fn soon(&mut self) -> Vec<Value> {
        let first = self.next().await;
        std::iter::once(first).chain(self.so_far()).collect()
    }

    /// The next answer with that status; others before it are passed over.
    pub(crate) async fn answer(&mut self, status: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == "response" && message["data"]["status"] == status {
                return message;
            }
        }
    }
}
