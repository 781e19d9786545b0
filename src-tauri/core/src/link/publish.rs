//! Publishing: whatever waits goes out in one round trip, and each message gets its own answer. And asking, for what
//! is not heard: one question at a time.
//!
//! It must not try anything twice: only its caller knows whether a message may be sent again.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use redis::{Cmd, Pipeline, Value};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    fault::{self, Failure, Stage},
    route::{Route, Side},
};
use crate::{
    message::Millis,
    trouble::Trouble,
    usage::{CommandKind, Meter},
};

/// How many messages may wait to be published before [`Link::publish`](super::Link::publish) waits itself.
pub(super) const QUEUE: usize = 256;

/// At most so many messages, or about so many bytes, in one round trip.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1024 * 1024;
/// What stands before a channel's name in the name of its record, and the field of an entry that holds the message:
/// docs/protocol.md.
pub(crate) const RECORD: &str = "record:";
pub(crate) const FIELD: &str = "m";
/// The slowest way out that still counts as one: large messages get more time by this.
const SLOWEST: usize = 64 * 1024;

/// How large an answer to a question may be before its time is up, at the slowest way that counts as one.
const ANSWER_BYTES: usize = 1024 * 1024;

/// What is to go out on the connection for commands.
#[derive(Debug)]
pub(super) enum Request {
    /// A message.
    Publish(Publish),
    /// A question.
    Ask(Ask),
}

/// A message to publish, and where its answer goes.
#[derive(Debug)]
pub(super) struct Publish {
    /// What it counts as.
    pub(super) kind: CommandKind,
    pub(super) channel: String,
    pub(super) payload: Vec<u8>,
    /// Written into the channel's record as well, which keeps about so many.
    pub(super) record: Option<u32>,
    pub(super) answer: oneshot::Sender<Result<Published, PublishFailed>>,
}

/// Commands whose answers matter, and where these go.
#[derive(Debug)]
pub(super) struct Ask {
    /// What they count as.
    pub(super) kind: CommandKind,
    pub(super) commands: Vec<Cmd>,
    /// Only on the session that stands since then, if one is named.
    pub(super) session: Option<Millis>,
    pub(super) answer: oneshot::Sender<Result<Vec<Value>, AskFailed>>,
}

/// A message that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// How many heard it.
    pub heard: u64,
    /// Why it does not stand in the channel's record, where it was to.
    pub unrecorded: Option<Trouble>,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskFailed {
    /// There was no connection, or it ended before the answer.
    #[error("there is no connection")]
    NotConnected,
    /// The server refused one of the commands.
    #[error("{0}")]
    Refused(Trouble),
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
    /// It was not sent; the server answered with an error of which it is not known whether it concerns this message.
    #[error("{0}")]
    Failed(Trouble),
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

/// Publishes and asks whatever is wanted, until the connection in use fails. What is on its way when this is dropped gets no
/// answer, which [`Link::publish`](super::Link::publish) reports as unknown.
pub(super) async fn publish_all(requests: &mut mpsc::Receiver<Request>, way: Way<'_>) -> Failure {
    let mut next = None;
    loop {
        let request = match next.take() {
            Some(request) => request,
            None => match requests.recv().await {
                Some(request) => request,
                None => return std::future::pending().await,
            },
        };
        let mut side = way.route.side();
        let outcome = match request {
            Request::Publish(first) => {
                let (batch, other) = gather(first, requests);
                next = other;
                way.publish(&mut side, batch).await
            }
            Request::Ask(question) => way.ask(&mut side, question).await,
        };
        if let Err(failure) = outcome
            && way.route.leads_by(&side)
        {
            return failure;
        }
    }
}

/// The way out.
pub(super) struct Way<'a> {
    pub(super) route: &'a Route,
    /// How long an answer may take.
    pub(super) limit: Duration,
    pub(super) load: &'a Load,
    pub(super) meter: &'a Meter,
}

impl Way<'_> {
    async fn publish(&self, side: &mut Side, batch: Vec<Publish>) -> Result<(), Failure> {
        let mut pipeline = Pipeline::with_capacity(batch.len());
        for request in &batch {
            // The record first: whoever subscribes and then reads it finds the message in one or the other. It need not
            // be one transaction for that, which would cost two commands more.
            if let Some(most) = request.record {
                let key = format!("{RECORD}{}", request.channel);
                pipeline
                    .cmd("XADD")
                    .arg(key)
                    .arg("MAXLEN")
                    .arg("~")
                    .arg(most)
                    .arg("*")
                    .arg(FIELD)
                    .arg(&request.payload);
                self.meter.count(CommandKind::Record, 1);
            }
            pipeline.cmd("PUBLISH").arg(&request.channel).arg(&request.payload);
            self.meter.count(request.kind, 1);
        }
        let bytes =
            batch.iter().map(|request| request.payload.len() * (1 + usize::from(request.record.is_some()))).sum();
        let values = self.send(side, &pipeline, bytes).await?;
        answer(batch, values, self.meter);
        Ok(())
    }

    async fn ask(&self, side: &mut Side, question: Ask) -> Result<(), Failure> {
        let Ask { kind, commands, session, answer } = question;
        if session.is_some_and(|session| session != side.session) {
            // Whoever asked may have stopped waiting.
            let _ = answer.send(Err(AskFailed::NotConnected));
            return Ok(());
        }
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command);
        }
        self.meter.count(kind, pipeline.len());
        let values = self.send(side, &pipeline, ANSWER_BYTES).await?;
        let mut refused = None;
        for value in &values {
            if let Value::ServerError(error) = value {
                let text = words(error);
                not_taken(&text, kind, self.meter);
                refused = refused.or_else(|| Some(fault::asking(&text)));
            }
        }
        // Whoever asked may have stopped waiting.
        let _ = answer.send(refused.map_or(Ok(values), Err));
        Ok(())
    }

    /// The rest of the story of an error, whether it is a lost connection or not, is told by the connection's end.
    async fn send(&self, side: &mut Side, pipeline: &Pipeline, bytes: usize) -> Result<Vec<Value>, Failure> {
        self.load.0.store(bytes, Ordering::Relaxed);
        let sending = side.exit.commands.send_packed_commands(pipeline, 0, pipeline.len());
        let answers = timeout(self.load.limit(self.limit), sending).await;
        self.load.0.store(0, Ordering::Relaxed);
        // What comes next is another answer, with a bound of its own.
        side.exit.gauge.drained(true);
        answers.map_err(|_| Failure::Silent)?.map_err(|error| Failure::from_redis(Stage::Live, &error, None))
    }
}

/// A command was answered with this error: was it taken at all?
fn not_taken(text: &str, kind: CommandKind, meter: &Meter) {
    if fault::takes_none(text) {
        meter.take_back(kind, 1);
    }
}

/// The first and what waits behind it, up to something of another kind. Whoever stopped waiting for an answer is not
/// sent.
fn gather(first: Publish, requests: &mut mpsc::Receiver<Request>) -> (Vec<Publish>, Option<Request>) {
    let mut bytes = first.payload.len();
    let mut batch = vec![first];
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        match requests.try_recv() {
            Ok(Request::Publish(request)) if request.answer.is_closed() => {}
            Ok(Request::Publish(request)) => {
                bytes += request.payload.len();
                batch.push(request);
            }
            Ok(other) => return (batch, Some(other)),
            Err(_) => break,
        }
    }
    (batch, None)
}

fn answer(batch: Vec<Publish>, values: Vec<Value>, meter: &Meter) {
    let mut values = values.into_iter();
    for request in batch {
        let unrecorded = request.record.and_then(|_| match values.next() {
            Some(Value::ServerError(error)) => {
                let text = words(&error);
                not_taken(&text, CommandKind::Record, meter);
                Some(fault::recording(&text, &request.channel))
            }
            _ => None,
        });
        let outcome = match values.next() {
            Some(Value::Int(count)) => Ok(Published { heard: u64::try_from(count).unwrap_or_default(), unrecorded }),
            Some(Value::ServerError(error)) => {
                let text = words(&error);
                not_taken(&text, request.kind, meter);
                Err(fault::publishing(&text, &request.channel, request.payload.len()))
            }
            _ => Err(PublishFailed::Unknown),
        };
        // Whoever asked may have stopped waiting.
        let _ = request.answer.send(outcome);
    }
}

fn words(error: &redis::ServerError) -> String {
    format!("{} {}", error.code(), error.details().unwrap_or_default())
}
