//! A connection for a few commands, each bounded in time. It must not decide what an answer means.

use std::path::PathBuf;

use futures_util::StreamExt as _;
use redis::{
    AsyncConnectionConfig, Cmd, Value,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    link::{
        Address,
        fault::{Failure, Stage, ends_session},
        reach::{LIMIT, reach},
        session::silent_setup,
        tap::{End, Gauge, Tap, at_most},
        transport::Wire,
    },
    usage::{CommandKind, Meter},
};

/// More than all answers together.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The server's error line, where it concerns one command only.
pub(super) type Answer<T = Value> = Result<T, String>;

/// A connection that is logged in. Dropping it closes it.
pub(super) struct Line {
    connection: MultiplexedConnection,
    _driver: AbortOnDropHandle<()>,
    gauge: Gauge,
    meter: Meter,
}

/// One that listens. Dropping it closes it.
pub(super) struct Ears {
    listening: PubSub,
    gauge: Gauge,
    meter: Meter,
}

impl Line {
    pub(super) async fn open(address: &Address, authorities: Option<PathBuf>, meter: &Meter) -> Result<Self, Failure> {
        let (wire, gauge) = wire(address, authorities, meter).await?;
        // Each answer has a limit of its own.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) = MultiplexedConnection::new_with_config(&silent_setup(), wire, config)
            .await
            .map_err(|error| Failure::from_redis(Stage::LogIn, &error, ended(&gauge)))?;
        let driver = AbortOnDropHandle::new(tokio::spawn(driver));
        Ok(Self { connection, _driver: driver, gauge, meter: meter.clone() })
    }

    /// Sends one command and waits for its answer. Fails where the connection does.
    pub(super) async fn ask(&mut self, words: &[&str]) -> Result<Answer, Failure> {
        let mut command = Cmd::new();
        for word in words {
            command.arg(*word);
        }
        self.meter.count(CommandKind::Test, 1);
        let asked = timeout(LIMIT, command.query_async::<Value>(&mut self.connection)).await;
        answer(asked.map_err(|_| Failure::TimedOut(Stage::Live))?, &self.gauge, &self.meter)
    }
}

impl Ears {
    pub(super) async fn open(address: &Address, authorities: Option<PathBuf>, meter: &Meter) -> Result<Self, Failure> {
        let (wire, gauge) = wire(address, authorities, meter).await?;
        let listening = PubSub::new(&silent_setup(), wire)
            .await
            .map_err(|error| Failure::from_redis(Stage::LogIn, &error, ended(&gauge)))?;
        Ok(Self { listening, gauge, meter: meter.clone() })
    }

    /// Subscribes to these in one command.
    pub(super) async fn subscribe(&mut self, channels: &[String]) -> Result<Answer<()>, Failure> {
        self.meter.count(CommandKind::Test, 1);
        let asked = timeout(LIMIT, self.listening.subscribe(channels)).await;
        answer(asked.map_err(|_| Failure::TimedOut(Stage::Subscribe))?, &self.gauge, &self.meter)
    }

    /// Waits for this message.
    pub(super) async fn hear(&mut self, payload: &str) -> Result<(), Failure> {
        let mut stream = self.listening.on_message();
        let heard = async {
            while let Some(message) = stream.next().await {
                if message.get_payload_bytes() == payload.as_bytes() {
                    return Ok(());
                }
            }
            Err(Failure::Silent)
        };
        timeout(LIMIT, heard).await.unwrap_or(Err(Failure::Silent))
    }
}

async fn wire(
    address: &Address,
    authorities: Option<PathBuf>,
    meter: &Meter,
) -> Result<(Tap<Box<dyn Wire>>, Gauge), Failure> {
    Ok(at_most(reach(address, authorities, meter).await?, MOST_BYTES))
}

/// What came of a command that was counted. One that the service did not take is not billed.
fn answer<T>(answer: redis::RedisResult<T>, gauge: &Gauge, meter: &Meter) -> Result<Answer<T>, Failure> {
    match answer.map_err(|error| Failure::from_redis(Stage::Live, &error, ended(gauge))) {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Refused(_, text)) if !ends_session(&text) => Ok(Err(text)),
        Err(failure) => {
            failure.uncount(meter, CommandKind::Test);
            Err(failure)
        }
    }
}

fn ended(gauge: &Gauge) -> Option<End> {
    gauge.end().map(|(end, _)| end)
}
