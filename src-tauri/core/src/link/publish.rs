//! Publishing: whatever waits goes out in one round trip, and each message gets its own answer.
//!
//! It must not try anything twice: only its caller knows whether a message may be sent again.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use redis::{Pipeline, Value, aio::MultiplexedConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::fault::{self, Failure, Stage};
use crate::trouble::Trouble;

/// How many messages may wait to be published before [`Link::publish`](super::Link::publish) waits itself.
pub(super) const QUEUE: usize = 256;

/// At most so many messages, or about so many bytes, in one round trip.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1024 * 1024;
/// The slowest way out that still counts as one: large messages get more time by this.
const SLOWEST: usize = 64 * 1024;

/// A message to publish, and where its answer goes.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) channel: String,
    pub(super) payload: Vec<u8>,
    pub(super) answer: oneshot::Sender<Result<u64, PublishFailed>>,
}

/// Why a message was not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishFailed {
    /// There was no connection: it was not sent.
    #[error("there is no connection")]
    NotConnected,
    /// It may have been sent or not: the connection ended before the answer.
    #[error("the connection ended before the answer")]
    Unknown,
    /// It was not sent, and this message will never be taken as things stand.
    #[error("{0}")]
    Refused(Trouble),
    /// It was not sent; the service takes no more for now.
    #[error("{0}")]
    Limited(Trouble),
}

/// How many bytes are on their way out: what follows them must be given the time they take.
#[derive(Debug, Default)]
pub(super) struct Load(AtomicUsize);

impl Load {
    /// How long an answer may take that must wait for all this.
    pub(super) fn limit(&self, limit: Duration) -> Duration {
        let seconds = self.0.load(Ordering::Relaxed) / SLOWEST;
        limit + Duration::from_secs(seconds as u64)
    }
}

/// Publishes whatever is asked for, until the connection fails. Messages on their way when this is dropped get no
/// answer, which [`Link::publish`](super::Link::publish) reports as unknown.
pub(super) async fn publish_all(
    requests: &mut mpsc::Receiver<Request>,
    mut commands: MultiplexedConnection,
    limit: Duration,
    load: &Load,
) -> Failure {
    loop {
        let Some(first) = requests.recv().await else { return std::future::pending().await };
        let batch = gather(first, requests);
        let mut pipeline = Pipeline::with_capacity(batch.len());
        for request in &batch {
            pipeline.cmd("PUBLISH").arg(&request.channel).arg(&request.payload);
        }
        load.0.store(batch.iter().map(|request| request.payload.len()).sum(), Ordering::Relaxed);
        let answers = timeout(load.limit(limit), commands.send_packed_commands(&pipeline, 0, batch.len())).await;
        load.0.store(0, Ordering::Relaxed);
        match answers {
            Ok(Ok(values)) => answer(batch, values),
            // The rest of the story, whether it is a lost connection or not, is told by the connection's end.
            Ok(Err(error)) => return Failure::from_redis(Stage::Live, &error, None),
            Err(_) => return Failure::Silent,
        }
    }
}

/// The first and what waits behind it. Whoever stopped waiting for an answer is not sent.
fn gather(first: Request, requests: &mut mpsc::Receiver<Request>) -> Vec<Request> {
    let mut bytes = first.payload.len();
    let mut batch = vec![first];
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Ok(request) = requests.try_recv() else { break };
        if !request.answer.is_closed() {
            bytes += request.payload.len();
            batch.push(request);
        }
    }
    batch
}

fn answer(batch: Vec<Request>, values: Vec<Value>) {
    let mut values = values.into_iter();
    for request in batch {
        let outcome = match values.next() {
            Some(Value::Int(count)) => Ok(u64::try_from(count).unwrap_or_default()),
            Some(Value::ServerError(error)) => {
                let text = format!("{} {}", error.code(), error.details().unwrap_or_default());
                Err(fault::publishing(&text, &request.channel, request.payload.len()))
            }
            _ => Err(PublishFailed::Unknown),
        };
        // Whoever asked may have stopped waiting.
        let _ = request.answer.send(outcome);
    }
}
