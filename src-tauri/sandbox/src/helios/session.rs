//! One connection of Helios to the server, and the channels he uses on it.

use anyhow::Result;
use redis::{Msg, aio::PubSubStream};
use serde_json::{Value, json};

use super::{Names, envelope, tasks::Task};
use crate::address::{Address, Commands};

/// Both halves of a conversation: one connection listens, the other speaks.
pub(super) struct Session {
    pub(super) ear: PubSubStream,
    mouth: Commands,
    to_peer: String,
    me: String,
}

impl Session {
    /// Connects and subscribes.
    pub(super) async fn open(address: &Address, names: &Names) -> Result<Self> {
        let Names { me, peer, .. } = names;
        let mut ear = address.subscriber().await?;
        let channels = [format!("{peer}→{me}"), "broadcast".into(), "heartbeat".into(), format!("agent.{me}")];
        ear.subscribe(&channels[..]).await?;
        let mouth = address.commands().await?;
        Ok(Self { ear: ear.into_on_message(), mouth, to_peer: format!("{me}→{peer}"), me: me.clone() })
    }

    /// Sends tasks in one go; returns how many heard each.
    pub(super) async fn send(&mut self, tasks: &[Task]) -> Result<Vec<u64>> {
        let mut pipe = redis::pipe();
        for task in tasks {
            pipe.publish(&self.to_peer, &task.text);
        }
        Ok(pipe.query_async(&mut self.mouth.connection).await?)
    }

    /// Sends any other message to the peer.
    pub(super) async fn answer(&mut self, message: &Value) -> Result<()> {
        let to = self.to_peer.clone();
        self.publish(&to, message).await
    }

    /// Gives a sign of life.
    pub(super) async fn heartbeat(&mut self) -> Result<()> {
        let message = envelope::message(&self.me, "heartbeat", &json!({ "status": "online" }));
        self.publish("heartbeat", &Value::Object(message)).await
    }

    async fn publish(&mut self, channel: &str, message: &Value) -> Result<()> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(channel).arg(message.to_string());
        Ok(publish.query_async(&mut self.mouth.connection).await?)
    }
}

/// The channel and the text of what came; bytes that are no text are replaced.
pub(super) fn contents(message: &Msg) -> (String, String) {
    let text = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
    (message.get_channel_name().to_owned(), text)
}
