//! A server, a link on it, and ways to wait for what they do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use heliograph_core::link::{Address, Delivery, Heard, Heartbeat, Link, LinkState, Missed, Plan, Status, Tuning};
use heliograph_sandbox::{Redis, RedisOptions};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

pub(crate) const SOON: Duration = Duration::from_secs(10);
/// A heartbeat that does not come within a test, once the first has passed.
pub(crate) const RARELY: Duration = Duration::from_mins(10);

/// A server with TLS, and without it on another port.
pub(crate) struct Server {
    pub(crate) redis: Redis,
    _dir: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let redis = Redis::start(dir.path(), RedisOptions { plain: true, ..RedisOptions::default() }).await.unwrap();
        Self { redis, _dir: dir }
    }

    /// Limits for a link to this server, with its authority trusted and the computer's own events left out.
    pub(crate) fn tuning(&self) -> Tuning {
        Tuning { authorities: Some(self.redis.ca_file().to_owned()), watch_surroundings: false, ..Tuning::default() }
    }

    /// The server's address with another port in it.
    pub(crate) fn through(&self, port: u16, tls: bool) -> SecretString {
        let url = if tls { self.redis.url() } else { self.redis.plain_url().unwrap() };
        let (rest, _) = url.expose_secret().rsplit_once(':').unwrap();
        format!("{rest}:{port}").into()
    }

    /// A connection of our own, for commands.
    pub(crate) async fn commands(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.redis.plain_url().unwrap().expose_secret()).unwrap();
        // By itself it waits for half a second, and a busy machine takes longer.
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(SOON));
        client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
    }

    pub(crate) async fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query_async(&mut self.commands().await).await.unwrap()
    }

    /// How often a command was called.
    pub(crate) async fn calls(&self, command: &str) -> u64 {
        let stats: String = self.command(&["INFO", "commandstats"]).await;
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
    }
}

/// A running link and what comes out of it.
pub(crate) struct Subject {
    pub(crate) link: Link,
    pub(crate) deliveries: mpsc::Receiver<Delivery>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Subject {
    /// A link without a plan.
    pub(crate) fn idle(tuning: Tuning) -> Self {
        let (sink, deliveries) = mpsc::channel(4);
        let (link, supervisor) = Link::new(sink, tuning);
        let stop = CancellationToken::new();
        let task = tokio::spawn(supervisor.run(stop.clone()));
        Self { link, deliveries, stop, task }
    }

    /// A link that connects to this address, with a heartbeat this often.
    pub(crate) fn start(tuning: Tuning, url: &SecretString, every: Duration) -> Self {
        let subject = Self::idle(tuning);
        subject.link.connect(plan(url, every));
        subject
    }

    /// Waits until the status is as asked.
    pub(crate) async fn until(&self, limit: Duration, what: impl FnMut(&Status) -> bool) -> Status {
        let mut status = self.link.status();
        let seen = timeout(limit, status.wait_for(what)).await;
        let Ok(seen) = seen else { panic!("after {limit:?} still {:?}", self.link.status().borrow()) };
        seen.unwrap().clone()
    }

    pub(crate) async fn connected(&self) -> Status {
        self.until(SOON, |status| status.state == LinkState::Connected).await
    }

    /// Waits until a state other than this.
    pub(crate) async fn left(&self, limit: Duration, state: LinkState) -> Status {
        self.until(limit, |status| status.state != state).await
    }

    pub(crate) async fn delivery(&mut self, limit: Duration) -> Delivery {
        timeout(limit, self.deliveries.recv()).await.expect("a delivery in time").expect("an open channel")
    }

    /// The next connection's gap; messages before it are passed over.
    pub(crate) async fn next_connected(&mut self, limit: Duration) -> Option<Missed> {
        let end = Instant::now() + limit;
        loop {
            if let Delivery::Connected { missed, .. } = self.delivery(end - Instant::now()).await {
                return missed;
            }
        }
    }

    /// The next messages on channel `work`, until there are so many of them.
    pub(crate) async fn messages(&mut self, count: usize, limit: Duration) -> Vec<Heard> {
        let end = Instant::now() + limit;
        let mut heard = Vec::new();
        while heard.len() < count {
            if let Delivery::Messages(batch) = self.delivery(end - Instant::now()).await {
                heard.extend(batch.into_iter().filter(|message| &*message.channel == "work"));
            }
        }
        heard
    }

    /// Ends it, and says how long that took.
    pub(crate) async fn end(self) -> Duration {
        let began = Instant::now();
        self.stop.cancel();
        timeout(SOON, self.task).await.expect("an end in time").unwrap();
        began.elapsed()
    }
}

/// Listens on `work` and `heartbeat`.
pub(crate) fn plan(url: &SecretString, every: Duration) -> Plan {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let payload = || format!("beat {}", COUNT.fetch_add(1, Ordering::Relaxed)).into_bytes();
    Plan {
        address: Address::parse(url).unwrap(),
        channels: vec!["work".to_owned(), "heartbeat".to_owned()],
        heartbeat: Heartbeat { channel: "heartbeat".to_owned(), every, payload: Arc::new(payload) },
    }
}
