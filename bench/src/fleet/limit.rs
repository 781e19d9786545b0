//! A month in which the service takes no more from a limit on, and the next one: nothing is lost, a mailbox takes over
//! where there is one, and all returns.

use anyhow::{Context as _, Result, bail};
use heliograph_core::usage::Meter;
use heliograph_sandbox::proxy::{Mode, Proxy};
use tokio::{
    task::JoinSet,
    time::{Duration, sleep},
};

use super::{
    Options,
    agent::{self, Agent},
    chad::{Arrived, Chad},
    gather,
    server::Server,
};

/// How many Chad says before the limit and after it; and beyond it.
const SAYS: u64 = 5;
const SAYS_BEYOND: u64 = 3;

/// What the limit held back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Messages of agents without a mailbox, which waited for the next month.
    pub(super) waited: usize,
    /// What became of Chad's.
    pub(super) chad: Arrived,
}

/// Lives through both. `None` where the limit was not reached.
pub(super) async fn beyond(options: Options) -> Result<Option<Held>> {
    let server = Server::start().await?;
    let proxy = Proxy::start(server.port()?).await?;
    let meter = Meter::default();
    let url = server.url(Some(proxy.port()))?;
    let mut agents = gather(options, &url, &meter).await?;
    let mut chad = Chad::start(&url, &server.url(None)?).await?;
    chad.says(SAYS).await?;
    chad.sent().await?;
    let used = || meter.so_far().commands() + chad.used();
    let Some(refused_at) = use_up(options, &mut agents, &proxy, used).await? else {
        println!("the limit of {} commands is not reached in this month", options.limit);
        leave(agents, chad).await;
        return Ok(None);
    };
    let waited: usize = agents.iter().map(Agent::waiting).sum();
    println!("at {refused_at} commands the service refuses; {waited} messages wait");
    chad.says(SAYS_BEYOND).await?;
    chad.goes_by_mailbox().await?;
    println!("Chad, who is the app itself, goes on by the mailbox");

    proxy.to_all(&Mode::Forward);
    for agent in &mut agents {
        agent.next_month(options).await?;
    }
    chad.returns().await?;
    chad.says(SAYS).await?;
    chad.sent().await?;
    let sent: u64 = agents.iter().map(|agent| agent.sent).sum();
    let heard = agent::heard(&agents, sent).await;
    let arrived = chad.arrived().await;
    println!("the next month all of them go out: {sent} sent, {heard} heard");
    let Arrived { said, by_redis, by_mailbox, missing } = arrived;
    println!("of Chad's {said}, {by_redis} by Redis and {by_mailbox} by the mailbox");
    leave(agents, chad).await;
    if heard < sent || missing > 0 {
        bail!("{} messages are lost", sent - heard + missing);
    }
    Ok(Some(Held { waited, chad: arrived }))
}

/// Lets the agents live until the service refuses, which it does in the middle of a day. Says at how many commands.
async fn use_up(
    options: Options,
    agents: &mut Vec<Agent>,
    proxy: &Proxy,
    used: impl Fn() -> u64,
) -> Result<Option<u64>> {
    let mut refused_at = None;
    for _ in 0..options.days {
        let mut days = JoinSet::new();
        for mut agent in agents.drain(..) {
            days.spawn(async move { agent.day(options).await.map(|()| agent) });
        }
        loop {
            tokio::select! {
                done = days.join_next() => match done {
                    Some(done) => agents.push(done.context("an agent broke down")??),
                    None => break,
                },
                () = sleep(Duration::from_millis(1)), if refused_at.is_none() => {
                    if used() >= options.limit {
                        let text = format!("ERR max requests limit exceeded. Limit: {0}, Usage: {0}", options.limit);
                        proxy.to_all(&Mode::Refuse(text));
                        refused_at = Some(used());
                    }
                }
            }
        }
        if refused_at.is_some() {
            break;
        }
    }
    Ok(refused_at)
}

async fn leave(agents: Vec<Agent>, chad: Chad) {
    for agent in agents {
        agent.end().await;
    }
    chad.end().await;
}
