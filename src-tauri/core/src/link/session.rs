//! Opening one session: two connections side by side, one that listens and one that publishes.
//!
//! A session stands only once the server has confirmed every subscription. It must not be tried again here.

use std::sync::Arc;

use redis::{
    AsyncConnectionConfig, RedisConnectionInfo,
    aio::{MultiplexedConnection, PubSub, PubSubSink},
};
use rustls::ClientConfig;
use tokio::time::{Instant, timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    Address, Plan, Tuning,
    ears::Ears,
    fault::{Failure, Stage},
    login::counted_log_in,
    now,
    tap::{Gauge, Tap, tap},
    transport::{Progress, Wire, dial, resolve},
};
use crate::{
    message::Millis,
    usage::{CommandKind, Meter},
};

type Tapped = Tap<Box<dyn Wire>>;

/// An open session. Dropping it closes both connections, which takes a moment: see `sockets` of [`open`].
pub(super) struct Session {
    /// The subscription.
    pub(super) ears: Ears,
    /// The subscription's own way out.
    pub(super) pings: PubSubSink,
    /// The other connection.
    pub(super) exit: Exit,
    /// When the subscription was confirmed.
    pub(super) at: Millis,
    /// The same, for measuring.
    pub(super) opened: Instant,
}

/// The connection for commands; it stays open until the last clone is dropped.
#[derive(Clone)]
pub(super) struct Exit {
    pub(super) commands: MultiplexedConnection,
    /// How it ended, if it did; gone when it did.
    pub(super) gauge: Gauge,
    /// What drives it.
    pub(super) driver: Arc<AbortOnDropHandle<()>>,
}

/// Opens a session within the time limit, name and encryption included. For each socket that may outlive this call
/// or the session by a moment, `sockets` gets a token that fires when it is closed.
pub(super) async fn open(
    plan: &Plan,
    tls: Option<&Arc<ClientConfig>>,
    tuning: &Tuning,
    sockets: &mut Vec<CancellationToken>,
) -> Result<Session, Failure> {
    let progress = Progress::default();
    let opening = open_unbounded(plan, tls, tuning, sockets, &progress);
    timeout(tuning.connect_limit, opening).await.unwrap_or_else(|_| Err(Failure::TimedOut(progress.stage())))
}

async fn open_unbounded(
    plan: &Plan,
    tls: Option<&Arc<ClientConfig>>,
    tuning: &Tuning,
    sockets: &mut Vec<CancellationToken>,
    progress: &Progress,
) -> Result<Session, Failure> {
    let address = &plan.address;
    let found = resolve(address).await?;
    let (listening, publishing) =
        tokio::try_join!(dial(&found, &address.host, tls, progress), dial(&found, &address.host, tls, progress))?;
    let meter = &tuning.meter;
    let (mut listening, gauge) = tap(metered(listening, meter), tuning.unread_limit);
    let (publishing, commands_gauge) = tap(metered(publishing, meter), usize::MAX);
    sockets.extend([gauge.gone(), commands_gauge.gone()]);
    progress.reached(Stage::LogIn);
    // One log-in before the other: a password that is refused is then offered once and not twice. It costs no time,
    // as the second goes along with the subscription.
    counted_log_in(&mut listening, address, meter, CommandKind::Connect).await?;
    progress.reached(Stage::Subscribe);
    let channels = channels(plan);
    let (listening, (commands, driver)) = tokio::try_join!(
        subscribe(listening, &gauge, &channels, meter),
        command_connection(publishing, &commands_gauge, address, meter)
    )?;
    let (pings, stream) = listening.split();
    Ok(Session {
        ears: Ears::new(stream, gauge, &channels, &plan.heartbeat.channel),
        pings,
        exit: Exit { commands, gauge: commands_gauge, driver: Arc::new(driver) },
        at: now(),
        opened: Instant::now(),
    })
}

/// What is listened to, each once: a server confirms a channel named twice only in its own way.
fn channels(plan: &Plan) -> Vec<&str> {
    let mut channels: Vec<&str> = Vec::with_capacity(plan.channels.len() + 1);
    for channel in plan.channels.iter().chain([&plan.heartbeat.channel]) {
        if !channels.contains(&channel.as_str()) {
            channels.push(channel);
        }
    }
    channels
}

fn metered(wire: Box<dyn Wire>, meter: &Meter) -> Box<dyn Wire> {
    Box::new(meter.on(wire))
}

async fn subscribe(stream: Tapped, gauge: &Gauge, channels: &[&str], meter: &Meter) -> Result<PubSub, Failure> {
    let failed = |error| Failure::from_redis(Stage::Subscribe, &error, gauge.end().map(|(end, _)| end));
    let mut listening = PubSub::new(&silent_setup(), stream).await.map_err(failed)?;
    meter.count(CommandKind::Connect, 1);
    let outcome = listening.subscribe(channels).await.map_err(failed);
    outcome.inspect_err(|failure| failure.uncount(meter, CommandKind::Connect)).map(|()| listening)
}

async fn command_connection(
    mut stream: Tapped,
    gauge: &Gauge,
    address: &Address,
    meter: &Meter,
) -> Result<(MultiplexedConnection, AbortOnDropHandle<()>), Failure> {
    counted_log_in(&mut stream, address, meter, CommandKind::Connect).await?;
    // Whoever sends a command bounds its answer, by what else is on its way.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let (connection, driver) = MultiplexedConnection::new_with_config(&silent_setup(), stream, config)
        .await
        .map_err(|error| Failure::from_redis(Stage::LogIn, &error, gauge.end().map(|(end, _)| end)))?;
    Ok((connection, AbortOnDropHandle::new(tokio::spawn(driver))))
}

/// No log-in (done already) and no introduction of the library: each would be a billed command.
pub(crate) fn silent_setup() -> RedisConnectionInfo {
    RedisConnectionInfo::default().set_skip_set_lib_name()
}
