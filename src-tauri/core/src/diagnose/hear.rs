//! Publishing and hearing ourselves, over a second connection as the link has one.

use std::{pin::Pin, time::Duration};

use futures_util::StreamExt;
use redis::aio::{PubSub, PubSubSink, PubSubStream};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    CheckKind,
    board::{Finding, Step},
    connect::Route,
    line::{Answer, Cost, Line, MOST_BYTES},
    words,
};
use crate::{
    link::{
        Address,
        fault::{Failure, Meaning, Stage, ends_session, meaning},
        login,
        session::silent_setup,
        tap::{Gauge, at_most},
        transport::{Progress, dial},
    },
    message::channel::between,
};

const KIND: CheckKind = CheckKind::Hear;
/// Leaves time for the rest of the step.
const ECHO_LIMIT: Duration = Duration::from_secs(3);

/// A connection that listens. Dropping it closes it.
pub(super) struct Ears {
    sink: PubSubSink,
    stream: PubSubStream,
    gauge: Gauge,
    cost: Cost,
}

impl Ears {
    async fn open(route: &Route, address: &Address, cost: &Cost) -> Result<Self, Failure> {
        let wire = dial(&[route.place], &address.host, route.tls.as_ref(), &Progress::default()).await?;
        let mut wire = cost.on(wire);
        if address.password().is_some() {
            cost.one();
            cost.came(login::log_in(&mut wire, address).await)?;
        }
        let (wire, gauge) = at_most(wire, MOST_BYTES);
        let listening = PubSub::new(&silent_setup(), wire)
            .await
            .map_err(|error| Failure::from_redis(Stage::Live, &error, gauge.end().map(|(end, _)| end)))?;
        let (sink, stream) = listening.split();
        Ok(Self { sink, stream, gauge, cost: cost.clone() })
    }

    /// Subscribes to these in one command.
    pub(super) async fn subscribe(&mut self, channels: &[String]) -> Result<Result<(), String>, Failure> {
        self.cost.one();
        let asked = self.sink.subscribe(channels).await;
        let asked = asked.map_err(|e| Failure::from_redis(Stage::Live, &e, self.gauge.end().map(|(end, _)| end)));
        match self.cost.came(asked) {
            Ok(()) => Ok(Ok(())),
            Err(Failure::Refused(_, text)) if !ends_session(&text) => Ok(Err(text)),
            Err(failure) => Err(failure),
        }
    }

    /// Waits for this message on this channel.
    async fn hear(&mut self, channel: &str, payload: &str) -> Result<(), Failure> {
        let mut stream = Pin::new(&mut self.stream);
        while let Some(message) = stream.next().await {
            if message.get_channel_name() == channel && message.get_payload_bytes() == payload.as_bytes() {
                return Ok(());
            }
        }
        Err(self.gauge.end().map_or(Failure::Garbled(Vec::new()), |(end, _)| Failure::Ended(Stage::Live, end)))
    }
}

/// Publishes on a throwaway channel and hears it.
pub(super) async fn hear(route: &Route, line: &mut Line, address: &Address) -> Step<Ears> {
    // Where only this second connection fails, the first one still serves.
    let second = |failure: Failure| {
        let finding = words::failed(KIND, &failure, address);
        if matches!(&failure, Failure::Refused(_, text) if ends_session(text)) { finding } else { finding.bars(None) }
    };
    let mut ears = Ears::open(route, address, &line.cost).await.map_err(second)?;
    let channel = between(&format!("heliograph-test-{}", Uuid::new_v4()), "test");
    let payload = Uuid::new_v4().to_string();
    if let Err(text) = ears.subscribe(std::slice::from_ref(&channel)).await.map_err(second)? {
        return refused("SUBSCRIBE", text, address, ears);
    }
    let published: Answer =
        line.ask(&["PUBLISH", &channel, &payload]).await.map_err(|failure| words::failed(KIND, &failure, address))?;
    if let Err(text) = published {
        return refused("PUBLISH", text, address, ears);
    }
    match timeout(ECHO_LIMIT, ears.hear(&channel, &payload)).await {
        Ok(Ok(())) => {
            let finding = Finding::good("Hears its own message");
            Ok((finding.detail("published on a throwaway channel and heard over a second connection"), ears))
        }
        Ok(Err(failure)) => Err(second(failure)),
        Err(_) => Err(words::not_heard()),
    }
}

fn refused(command: &str, text: String, address: &Address, ears: Ears) -> Step<Ears> {
    match meaning(&text) {
        Meaning::ReadOnly => Err(words::read_only()),
        Meaning::NotPermitted if words::names_command(&text) => Err(words::may_not(KIND, command)),
        // Held to certain channels, which is good practice; ours are looked at by the step on rights.
        Meaning::NotPermitted => {
            let finding = Finding::skipped(words::subject(KIND));
            Ok((finding.detail("Not tried: this user may use certain channels only. Ours are looked at below."), ears))
        }
        _ => Err(words::failed(KIND, &Failure::Refused(Stage::Live, text), address)),
    }
}
