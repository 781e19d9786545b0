//! A month of many agents in minutes: real links over a real Redis, with a clock that only says what comes next.
//!
//! Each agent is the app's own link. What it does in a day (messages to its neighbour, heartbeats) is done in that order
//! and as fast as it goes, instead of at its hour. What it costs is predicted by the planner and counted by the server,
//! and by the meter that the app counts with. In a month before that one, the service refuses from a limit on
//! ([`limit`]).

mod agent;
mod chad;
mod limit;
mod server;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use heliograph_core::{
    link::Tuning,
    settings::Settings,
    usage::{CommandKind, Fleet, Meter, plan},
};
use tokio::task::JoinSet;

use self::{agent::Agent, server::Server};

/// What a message holds, in bytes.
const SIZE: u32 = 500;
/// About so many are kept in each record.
const KEPT: u32 = 1_000;
/// AUTH twice and SUBSCRIBE: once for each agent, as none is cut off.
const CONNECTING: u64 = 3;

#[derive(Args, Clone, Copy)]
pub(crate) struct Options {
    #[arg(long)]
    agents: u32,
    #[arg(long)]
    messages: u32,
    #[arg(long)]
    days: u32,
    #[arg(long)]
    heartbeat: u32,
    #[arg(long)]
    unrecorded: bool,
    #[arg(long, default_value_t = 0)]
    limit: u64,
}

/// What a month came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Month {
    predicted: u64,
    /// By the server.
    counted: u64,
    /// By the app's own meter.
    metered: u64,
    /// Messages that were to be sent, and that were heard by whom they were for.
    sent: u64,
    heard: u64,
}

pub(crate) async fn run(options: Options) -> Result<()> {
    if options.heartbeat == 0 || options.agents == 0 {
        bail!("a fleet has agents, and each has heartbeats");
    }
    if options.limit > 0 {
        limit::beyond(options).await?;
    }
    let month = month(options).await?;
    println!("messages: {} sent, {} heard; the app's own meter says {}", month.sent, month.heard, month.metered);
    println!("predicted {}, counted {}", month.predicted, month.counted);
    if month.predicted != month.counted || month.metered != month.counted || month.sent != month.heard {
        bail!("these are not the same");
    }
    Ok(())
}

fn fleet(options: Options) -> Fleet {
    Fleet {
        agents: options.agents,
        messages_a_day: options.messages,
        size: SIZE,
        heartbeat_s: options.heartbeat,
        recorded: !options.unrecorded,
        kept: KEPT,
        read_regions: 0,
        days: options.days,
    }
}

/// A month in which the service takes everything.
async fn month(options: Options) -> Result<Month> {
    let mut server = Server::start().await?;
    let meter = Meter::default();
    let agents = gather(options, &server.url(None)?, &meter).await?;
    let mut running = JoinSet::new();
    for mut agent in agents {
        running.spawn(async move {
            for _ in 0..options.days {
                agent.day(options).await?;
            }
            anyhow::Ok(agent)
        });
    }
    let mut all = Vec::new();
    while let Some(done) = running.join_next().await {
        all.push(done.context("an agent broke down")??);
    }
    let sent: u64 = all.iter().map(|agent| agent.sent).sum();
    let heard = agent::heard(&all, sent).await;
    let planned = plan(fleet(options), &Settings::default().usage.prices);
    for line in &planned.formula {
        println!("{line}");
    }
    let connecting = CONNECTING * u64::from(options.agents);
    println!("Connecting: {CONNECTING} commands each = {connecting}");
    let tally = meter.so_far();
    for (what, predicted, kind) in [
        ("messages", planned.publishes, CommandKind::Publish),
        ("the record", planned.records, CommandKind::Record),
        ("heartbeats", planned.heartbeats, CommandKind::Heartbeat),
        ("connecting", connecting, CommandKind::Connect),
    ] {
        println!("{what:>12}: predicted {predicted:>10}, metered {:>10}", tally.of(kind));
    }
    let traffic = tally.bytes();
    println!("     traffic: predicted {:>10}, metered {traffic:>10} bytes", planned.bandwidth);
    let counted = server.counted().await?;
    for agent in all {
        agent.end().await;
    }
    Ok(Month { predicted: planned.commands + connecting, counted, metered: tally.commands(), sent, heard })
}

/// All agents, each connected; every one talks with the next.
async fn gather(options: Options, url: &secrecy::SecretString, meter: &Meter) -> Result<Vec<Agent>> {
    let tuning = Tuning { meter: meter.clone(), watch_surroundings: false, ..Tuning::default() };
    let mut agents = Vec::new();
    for number in 0..options.agents {
        agents.push(Agent::start(number, options.agents, url, tuning.clone())?);
    }
    for agent in &agents {
        agent.connected().await?;
    }
    Ok(agents)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SMALL: Options =
        Options { agents: 3, messages: 40, days: 2, heartbeat: 3_600, unrecorded: false, limit: 150 };

    #[tokio::test(flavor = "multi_thread")]
    async fn a_small_fleet_costs_what_was_predicted() {
        for unrecorded in [false, true] {
            let month = month(Options { unrecorded, ..SMALL }).await.unwrap();
            // 240 messages, their record, 3 × 2 × 24 heartbeats, and 9 for connecting.
            let predicted = if unrecorded { 393 } else { 633 };
            assert_eq!(month, Month { predicted, counted: predicted, metered: predicted, sent: 240, heard: 240 });
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn beyond_a_limit_nothing_is_lost_the_mailbox_takes_over_and_all_returns() {
        let held = limit::beyond(Options { messages: 4_000, ..SMALL }).await.unwrap().unwrap();
        assert!(held.waited > 1_000, "{held:?}");
        // Five before the limit, three beyond it, five after the month has turned.
        assert_eq!(held.chad, chad::Arrived { said: 13, by_redis: 10, by_mailbox: 3, missing: 0 });
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_limit_that_is_not_reached_is_said() {
        let held = limit::beyond(Options { limit: 1_000_000, messages: 5, ..SMALL }).await.unwrap();
        assert_eq!(held, None);
    }
}
