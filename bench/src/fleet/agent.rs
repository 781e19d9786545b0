//! One agent: the app's own link, and what it does in a day.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use futures_util::future::join_all;
use heliograph_core::{
    link::{Address, Delivery, Heartbeat, Link, LinkState, Plan, PublishFailed, Published, Tuning},
    usage::CommandKind,
};
use secrecy::SecretString;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{KEPT, Options, SIZE};

const HEARTBEAT: &str = "heartbeat";
/// So many go out in one round trip.
const AT_ONCE: usize = 128;
const LIMIT: Duration = Duration::from_secs(30);
/// The link's own heartbeat comes once, when it has connected; all others by the clock of this program.
const NEVER: Duration = Duration::from_hours(240);

/// Something an agent does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Message,
    Beat,
}

pub(super) struct Agent {
    link: Link,
    to: String,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    heard: Arc<AtomicU64>,
    /// The first heartbeat of the month is the link's own.
    first: bool,
    /// What the service did not take, in order.
    waiting: VecDeque<u64>,
    /// Messages that were to be sent so far.
    pub(super) sent: u64,
}

impl Agent {
    pub(super) fn start(number: u32, agents: u32, url: &SecretString, tuning: Tuning) -> Result<Self> {
        let before = (number + agents - 1) % agents;
        let channel = |number: u32| format!("agent-{number}→agent-{}", (number + 1) % agents);
        let (deliveries, mut delivered) = mpsc::channel(4);
        let (link, supervisor) = Link::new(deliveries, tuning);
        let (stop, heard) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        tasks.spawn(supervisor.run(stop.clone()));
        let count = Arc::clone(&heard);
        tasks.spawn(async move {
            while let Some(delivery) = delivered.recv().await {
                if let Delivery::Messages(messages) = delivery {
                    let mine = messages.iter().filter(|message| &*message.channel != HEARTBEAT).count();
                    count.fetch_add(mine as u64, Ordering::Relaxed);
                }
            }
        });
        link.connect(Plan {
            address: Address::parse(url).map_err(anyhow::Error::from)?,
            channels: vec![channel(before), HEARTBEAT.into()],
            heartbeat: Heartbeat { channel: HEARTBEAT.into(), every: NEVER, payload: Arc::new(beat) },
        });
        let to = channel(number);
        Ok(Self { link, to, stop, tasks, heard, first: true, waiting: VecDeque::new(), sent: 0 })
    }

    /// Waits until it is connected, and its own first heartbeat was answered.
    pub(super) async fn connected(&self) -> Result<()> {
        let mut status = self.link.status();
        let proved = status.wait_for(|now| now.state == LinkState::Connected && now.round_trip.is_some());
        timeout(LIMIT, proved).await.context("an agent does not connect")?.context("its link has ended")?;
        Ok(())
    }

    /// Everything of a day, in its order.
    pub(super) async fn day(&mut self, options: Options) -> Result<()> {
        let acts = acts(options);
        for some in acts.chunks(AT_ONCE) {
            let mut some = some.to_vec();
            if std::mem::take(&mut self.first)
                && let Some(own) = some.iter().position(|act| *act == Act::Beat)
            {
                some.remove(own);
            }
            let answers = join_all(some.iter().map(|act| self.perform(*act, options))).await;
            for (act, answer) in some.into_iter().zip(answers) {
                self.sent += u64::from(act == Act::Message);
                self.take(act, answer)?;
            }
        }
        Ok(())
    }

    async fn perform(&self, act: Act, options: Options) -> Result<Published, PublishFailed> {
        let record = (!options.unrecorded).then_some(KEPT);
        match act {
            Act::Message => self.link.publish_as(CommandKind::Publish, &self.to, message(), record).await,
            Act::Beat => self.link.publish_as(CommandKind::Heartbeat, HEARTBEAT, beat(), None).await,
        }
    }

    /// A message that was not taken waits, as in the app's outbox. A heartbeat that was not is of no use any more.
    fn take(&mut self, act: Act, answer: Result<Published, PublishFailed>) -> Result<()> {
        match answer {
            Err(PublishFailed::Refused(trouble)) => bail!("refused: {trouble}"),
            Err(_) if act == Act::Message => self.waiting.push_back(self.sent),
            Ok(_) | Err(_) => {}
        }
        Ok(())
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The service takes everything again: what waits goes out.
    pub(super) async fn next_month(&mut self, options: Options) -> Result<()> {
        self.link.reconnect_now();
        self.connected().await?;
        while !self.waiting.is_empty() {
            let some: Vec<u64> = self.waiting.drain(..self.waiting.len().min(AT_ONCE)).collect();
            let answers = join_all(some.iter().map(|_| self.perform(Act::Message, options))).await;
            for answer in answers {
                self.take(Act::Message, answer)?;
            }
        }
        Ok(())
    }

    pub(super) async fn end(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// How many were heard, as soon as these are all, or no more come.
pub(super) async fn heard(agents: &[Agent], sent: u64) -> u64 {
    let heard = || agents.iter().map(|agent| agent.heard.load(Ordering::Relaxed)).sum::<u64>();
    let (mut last, mut since) = (heard(), Instant::now());
    while last < sent && since.elapsed() < LIMIT {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if heard() != last {
            (last, since) = (heard(), Instant::now());
        }
    }
    heard()
}

/// A day's messages and heartbeats by the time of day at which they are due.
fn acts(options: Options) -> Vec<Act> {
    const DAY: u64 = 86_400;
    let spread = |count: u64, act| (0..count).map(move |nth| (nth * DAY * 1_000 / count.max(1), act));
    let beats = DAY / u64::from(options.heartbeat);
    let mut acts: Vec<_> = spread(beats, Act::Beat).chain(spread(options.messages.into(), Act::Message)).collect();
    acts.sort_by_key(|(at, _)| *at);
    acts.into_iter().map(|(_, act)| act).collect()
}

fn message() -> Vec<u8> {
    let head = format!(r#"{{"from":"agent","type":"note","id":"{}","data":{{"text":""#, uuid::Uuid::new_v4());
    let size = SIZE as usize;
    let mut text = format!("{head:.<width$}", width = size - 3).into_bytes();
    text.extend(b"\"}}");
    text
}

fn beat() -> Vec<u8> {
    format!(
        r#"{{"from":"agent","type":"heartbeat","id":"{}","timestamp":"2026-11-25T12:00:00.000Z","data":{{"status":"online","interval":120,"program":"heliograph 0.1.0"}}}}"#,
        uuid::Uuid::new_v4()
    )
    .into_bytes()
}
