//! A month of many agents in minutes: real links over a real Redis, with a clock that only says what comes next.
//!
//! Each agent is the app's own link. What it does in a day (messages to its neighbour, heartbeats) is done in that order
//! and as fast as it goes, instead of at its hour. What it costs is predicted by the planner and counted by the server,
//! and by the meter that the app counts with. In a month before that one, the service refuses from a limit on: what is
//! not taken waits, and goes out when the month turns.

mod agent;
mod server;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use heliograph_core::{
    link::Tuning,
    settings::Settings,
    usage::{CommandKind, Fleet, Meter, plan},
};
use heliograph_sandbox::proxy::{Mode, Proxy};
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
        beyond(options).await?;
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

/// A month in which the service takes no more from a limit on, and the next one. Says how many messages had to wait for
/// it; `None` where the limit was not reached.
async fn beyond(options: Options) -> Result<Option<usize>> {
    let server = Server::start().await?;
    let proxy = Proxy::start(server.port()?).await?;
    let meter = Meter::default();
    let mut agents = gather(options, &server.url(Some(proxy.port()))?, &meter).await?;
    let mut refused_at = None;
    for _ in 0..options.days {
        let mut days = JoinSet::new();
        for mut agent in agents.drain(..) {
            days.spawn(async move { agent.day(options).await.map(|()| agent) });
        }
        // While the day goes on, for the limit is in the middle of one.
        loop {
            tokio::select! {
                done = days.join_next() => match done {
                    Some(done) => agents.push(done.context("an agent broke down")??),
                    None => break,
                },
                () = tokio::time::sleep(std::time::Duration::from_millis(1)), if refused_at.is_none() => {
                    if meter.so_far().commands() >= options.limit {
                        let text = format!("ERR max requests limit exceeded. Limit: {0}, Usage: {0}", options.limit);
                        proxy.to_all(&Mode::Refuse(text));
                        refused_at = Some(meter.so_far().commands());
                    }
                }
            }
        }
        if refused_at.is_some() {
            break;
        }
    }
    let Some(refused_at) = refused_at else {
        println!("the limit of {} commands is not reached in this month", options.limit);
        return Ok(None);
    };
    let waiting: usize = agents.iter().map(Agent::waiting).sum();
    println!("at {refused_at} commands the service refuses; {waiting} messages wait");
    proxy.to_all(&Mode::Forward);
    for agent in &mut agents {
        agent.next_month(options).await?;
    }
    let sent: u64 = agents.iter().map(|agent| agent.sent).sum();
    let heard = agent::heard(&agents, sent).await;
    println!("the next month all of them go out: {sent} sent, {heard} heard");
    for agent in agents {
        agent.end().await;
    }
    if heard < sent {
        bail!("{} messages are lost", sent - heard);
    }
    Ok(Some(waiting))
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
    async fn what_a_limit_holds_back_goes_out_in_the_next_month() {
        let waited = beyond(Options { messages: 4_000, ..SMALL }).await.unwrap();
        assert!(waited.is_some_and(|waited| waited > 1_000), "{waited:?}");
    }
}
