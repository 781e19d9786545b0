//! A connection for the test's commands, which counts each where it is sent. It must not decide what an answer means.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use redis::{AsyncConnectionConfig, Cmd, Value, aio::MultiplexedConnection};
use tokio_util::task::AbortOnDropHandle;

use super::MOST_COMMANDS;
use crate::link::{
    fault::{Failure, Stage, ends_session},
    session::silent_setup,
    tap::{Gauge, at_most},
    transport::Wire,
};
use crate::usage::{CommandKind, Meter, Metered};

/// More than all answers of a test together; a server that says more is no Redis that we know.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// How many commands were sent.
#[derive(Clone, Debug)]
pub(super) struct Cost {
    sent: Arc<AtomicU32>,
    meter: Meter,
}

impl Cost {
    /// Of a test whose commands this meter counts as well.
    pub(super) fn new(meter: Meter) -> Self {
        Self { sent: Arc::default(), meter }
    }

    /// One is about to be sent.
    pub(super) fn one(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.meter.count(CommandKind::Test, 1);
    }

    /// What came of it. One that the service did not take is not billed, though it was sent.
    pub(super) fn came<T>(&self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        outcome.inspect_err(|failure| failure.uncount(&self.meter, CommandKind::Test))
    }

    /// A stream whose bytes are counted.
    pub(super) fn on<S>(&self, stream: S) -> Metered<S> {
        self.meter.on(stream)
    }

    pub(super) fn so_far(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many more may be sent.
    pub(super) fn left(&self) -> u32 {
        MOST_COMMANDS.saturating_sub(self.so_far())
    }
}

/// What the server answered: a value, or its error line where that concerns this command only.
pub(super) type Answer = Result<Value, String>;

/// A connection that is logged in. Dropping it closes it.
pub(super) struct Line {
    connection: MultiplexedConnection,
    _driver: AbortOnDropHandle<()>,
    gauge: Gauge,
    pub(super) cost: Cost,
}

impl Line {
    /// Over a wire on which the log-in is done. Sends nothing.
    pub(super) async fn over(wire: Box<dyn Wire>, cost: Cost) -> Result<Self, Failure> {
        let (wire, gauge) = at_most(wire, MOST_BYTES);
        // Each step has a limit of its own.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) = MultiplexedConnection::new_with_config(&silent_setup(), wire, config)
            .await
            .map_err(|error| Failure::from_redis(Stage::LogIn, &error, gauge.end().map(|(end, _)| end)))?;
        Ok(Self { connection, _driver: AbortOnDropHandle::new(tokio::spawn(driver)), gauge, cost })
    }

    /// Sends one command and waits for its answer. Fails where the connection, or every command with this one, does.
    pub(super) async fn ask(&mut self, words: &[&str]) -> Result<Answer, Failure> {
        let mut command = Cmd::new();
        for word in words {
            command.arg(*word);
        }
        self.cost.one();
        let answer = command.query_async::<Value>(&mut self.connection).await;
        let answer =
            answer.map_err(|error| Failure::from_redis(Stage::Live, &error, self.gauge.end().map(|(end, _)| end)));
        match self.cost.came(answer) {
            Ok(value) => Ok(Ok(value)),
            Err(Failure::Refused(_, text)) if !ends_session(&text) => Ok(Err(text)),
            Err(failure) => Err(failure),
        }
    }
}
