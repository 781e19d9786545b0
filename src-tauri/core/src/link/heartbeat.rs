//! Sending one heartbeat, and by which way. What its silence means is the probe's to say.

use std::time::Duration;

use redis::{Cmd, aio::MultiplexedConnection, aio::PubSubSink};
use tokio::time::timeout;

use super::fault::{self, Failure, Stage};
use crate::usage::{CommandKind, Meter};

/// What became of a heartbeat on its way out.
#[derive(Debug)]
pub(super) enum Beat {
    /// The server took it.
    Taken,
    /// The server refused it with these words; that is a sign of life of the other connection alone.
    Refused(String),
    /// The subscription itself answered a ping.
    Ponged(Vec<u8>),
    /// The subscription did not answer a ping.
    Unanswered,
    /// No answer, or the connection ended.
    Failed(Failure),
}

/// Publishes a heartbeat, and waits for the server's answer to that.
pub(super) async fn publish(
    mut commands: MultiplexedConnection,
    channel: String,
    payload: Vec<u8>,
    limit: Duration,
    meter: Meter,
) -> Beat {
    let mut command = Cmd::new();
    command.arg("PUBLISH").arg(channel).arg(payload);
    meter.count(CommandKind::Heartbeat, 1);
    match timeout(limit, commands.send_packed_command(&command)).await {
        Ok(Ok(redis::Value::ServerError(error))) => {
            let text = format!("{} {}", error.code(), error.details().unwrap_or_default());
            if fault::takes_none(&text) {
                meter.take_back(CommandKind::Heartbeat, 1);
            }
            Beat::Refused(text)
        }
        Ok(Ok(_)) => Beat::Taken,
        Ok(Err(error)) => Beat::Failed(Failure::from_redis(Stage::Live, &error, None)),
        Err(_) => Beat::Failed(Failure::Silent),
    }
}

/// Pings on the subscription: for users who may listen and not publish.
pub(super) async fn ping(mut pings: PubSubSink, payload: Vec<u8>, limit: Duration, meter: Meter) -> Beat {
    meter.count(CommandKind::KeepAlive, 1);
    match timeout(limit, pings.ping_message::<redis::Value>(payload.as_slice())).await {
        // A refusal came over the subscription as well, and proves it.
        Ok(Ok(_)) => Beat::Ponged(payload),
        Ok(Err(error)) if error.code().is_some() => {
            Failure::from_redis(Stage::Live, &error, None).uncount(&meter, CommandKind::KeepAlive);
            Beat::Ponged(payload)
        }
        // The connection's end is noticed where it is read.
        Ok(Err(_)) | Err(_) => Beat::Unanswered,
    }
}
