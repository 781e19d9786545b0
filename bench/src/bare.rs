//! A subscriber made with redis-rs and nothing else: what reading and parsing cost by themselves.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use futures_util::StreamExt as _;
use serde::Serialize;

use crate::{CHANNEL, clock, memory, ready, say, spread::Spread, task::Parsed};

/// What is to be heard, and how.
#[derive(Args)]
pub(crate) struct Options {
    /// The server's port on loopback.
    #[arg(long)]
    port: u16,
    /// How many messages.
    #[arg(long)]
    count: usize,
    /// Takes so many messages a second and no more.
    #[arg(long)]
    slow: Option<u32>,
}

#[derive(Serialize)]
struct Heard {
    last: u64,
    idle_kb: u64,
    peak_kb: u64,
    late: Option<Spread>,
}

/// Hears so many messages, and says when the last one was parsed and how late each was.
pub(crate) async fn run(options: Options) -> Result<()> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{}", options.port))?;
    let mut subscription = client.get_async_pubsub().await?;
    subscription.subscribe(CHANNEL).await?;
    let mut messages = subscription.into_on_message();
    let idle_kb = memory::resident()?;
    ready()?;
    let mut late = Vec::with_capacity(options.count);
    let batch = options.slow.map(|rate| usize::try_from(rate / 100).unwrap_or(1).max(1));
    for number in 0..options.count {
        let message = messages.next().await.context("the server ended the connection")?;
        let parsed: Parsed = serde_json::from_slice(message.get_payload_bytes())?;
        late.extend(parsed.made_at().filter(|at| *at > 0).map(|at| clock::now() - at));
        if batch.is_some_and(|batch| number % batch == 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    say(&Heard { last: clock::now(), idle_kb, peak_kb: memory::peak()?, late: Spread::of(late) })
}
