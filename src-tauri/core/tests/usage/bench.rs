//! A server, an engine on it, and a connection of our own whose every byte and command is known.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::Ipv4Addr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use heliograph_core::{
    discover::Surroundings,
    engine::{Condition, Draft, Engine, Setup, Snapshot, Source},
    guide::Keep,
    home::Home,
    message::Priority,
    notification::{NotShown, Notification, Notifier, Subject},
    settings::Settings,
    store::{Amount, Store},
    usage::{CommandKind, Level, UsageView},
};
use heliograph_sandbox::{Redis, RedisOptions};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, watch},
    time::timeout,
};

pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// A desktop that notes what it shows, and what it refused to.
#[derive(Default)]
pub(crate) struct Screen {
    pub(crate) shown: watch::Sender<Vec<Notification>>,
    pub(crate) refused: watch::Sender<Vec<Notification>>,
    pub(crate) refuses: AtomicBool,
}

impl Notifier for Screen {
    fn show<'a>(&'a self, n: &'a Notification) -> Pin<Box<dyn Future<Output = Result<(), NotShown>> + Send + 'a>> {
        let refuses = self.refuses.load(Relaxed);
        let noted = if refuses { &self.refused } else { &self.shown };
        noted.send_modify(|noted| noted.push(n.clone()));
        Box::pin(std::future::ready(if refuses { Err(NotShown::Refused("not now".into())) } else { Ok(()) }))
    }

    fn withdraw(&self, _subject: Subject) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// A server with a plain port, and a folder for the engine.
pub(crate) struct Scene {
    pub(crate) redis: Redis,
    pub(crate) screen: Arc<Screen>,
    pub(crate) folder: TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = RedisOptions { plain: true, ..RedisOptions::default() };
        let redis = Redis::start(&folder.path().join("redis"), options).await.unwrap();
        Self { redis, screen: Arc::default(), folder }
    }

    /// The plain address with another port in it.
    pub(crate) fn through(&self, port: u16) -> SecretString {
        let url = self.redis.plain_url().unwrap();
        let (rest, _) = url.expose_secret().rsplit_once(':').unwrap();
        format!("{rest}:{port}").into()
    }

    /// The server's host and port, as a database is known by them.
    pub(crate) fn place(&self) -> String {
        let url = self.redis.plain_url().unwrap();
        url.expose_secret().rsplit_once('@').unwrap().1.trim_end_matches('/').to_owned()
    }

    pub(crate) fn home(&self) -> Home {
        let home = Home::under(self.folder.path());
        home.create().unwrap();
        home
    }

    /// What an earlier run left: what it had told and done, and what it had counted.
    pub(crate) async fn earlier(&self, kept: Value, amounts: Vec<Amount>) {
        let (committed, _nobody) = mpsc::channel(1);
        let store = Store::open(self.home().database(), committed);
        store.keep("usage", &kept).await.unwrap();
        store.set_usage(amounts, "2000-01-01".into()).await.unwrap();
        store.stop().await;
    }

    /// Heartbeats are so rare that each connection sends one.
    pub(crate) fn setup(&self, url: SecretString) -> Setup {
        let home = self.home();
        let mut settings = Settings::default();
        settings.heartbeat.every = 3_600;
        Setup {
            home,
            settings,
            address: Some((url, Source::Environment)),
            authorities: Some(self.redis.ca_file().to_owned()),
            surroundings: Surroundings::default(),
            api: None,
            github: None,
            mailbox: None,
            rotation: heliograph_core::rotation::Tuning::default(),
            notifier: Arc::clone(&self.screen) as Arc<dyn Notifier>,
            version: "0".into(),
            sandbox: false,
        }
    }

    pub(crate) async fn admin(&self) -> Admin {
        let url = self.redis.plain_url().unwrap();
        let url = url::Url::parse(url.expose_secret()).unwrap();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, url.port().unwrap())).await.unwrap();
        Admin::over(Box::new(stream), url.password().unwrap()).await
    }
}

/// Waits until the engine is as wanted.
pub(crate) async fn until(engine: &Engine, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let mut events = engine.events();
    let found = timeout(LIMIT, async {
        while !wanted(&engine.snapshot()) {
            events.next().await;
        }
    });
    assert!(found.await.is_ok(), "{:#?}", engine.snapshot());
    engine.snapshot()
}

pub(crate) async fn connected(engine: &Engine) {
    until(engine, |state| state.condition == Condition::Connected).await;
}

/// Everything that is to go out is out, and was answered.
pub(crate) async fn sent(engine: &Engine) {
    timeout(LIMIT, engine.inbox().wait_for(|inbox| inbox.waiting_to_send == 0)).await.unwrap().unwrap();
}

pub(crate) async fn say(engine: &Engine, kind: &str, text: &str) {
    let draft =
        Draft { channel: "chad→helios".into(), kind: kind.into(), text: text.into(), priority: Priority::Normal };
    engine.send(draft).await.unwrap();
}

/// The same, and it has gone out.
pub(crate) async fn say_and_send(engine: &Engine, kind: &str, text: &str) {
    let published = || of(&engine.usage(), CommandKind::Publish);
    let before = published();
    say(engine, kind, text).await;
    let gone = timeout(LIMIT, async {
        while published() == before {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("it goes out");
    sent(engine).await;
}

/// Returns when everything that is looked at once a minute was looked at, wholly: a limit comes and goes, several times.
pub(crate) async fn looked_over(engine: &Engine) {
    for (most, level) in [(1, Level::Scarce), (0, Level::Usual)].repeat(3) {
        let mut settings = engine.settings();
        settings.usage.most_commands = most;
        engine.change_settings(engine.settings(), settings).await.unwrap();
        until(engine, |state| state.saving == level).await;
    }
}

/// Tries an address and uses it from now on.
pub(crate) async fn move_to(engine: &Engine, url: &SecretString) {
    engine.guide().try_address(url, true).await.unwrap();
    let mut guide = engine.guide().changes();
    timeout(LIMIT, guide.wait_for(|view| !view.testing && !view.checks.is_empty())).await.unwrap().unwrap();
    engine.guide().keep(Keep::Session).await.unwrap();
}

pub(crate) fn of(view: &UsageView, kind: CommandKind) -> u64 {
    view.kinds.iter().find(|count| count.kind == kind).map_or(0, |count| count.commands)
}

pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// By the command's name, in small letters: calls, with those that were rejected.
pub(crate) type ByName = BTreeMap<String, u64>;

/// A connection of our own.
pub(crate) struct Admin {
    stream: Box<dyn Wire>,
    came: u64,
    went: u64,
    said: ByName,
}

/// What the server says it was asked, without what we asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) by_name: ByName,
    pub(crate) commands: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl Counted {
    /// Of these commands, all together.
    pub(crate) fn named(&self, names: &[&str]) -> u64 {
        self.by_name.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, count)| count).sum()
    }
}

impl Admin {
    pub(crate) async fn over(stream: Box<dyn Wire>, password: &str) -> Self {
        let mut admin = Self { stream, came: 0, went: 0, said: ByName::new() };
        assert_eq!(admin.say(&["AUTH", "default", password]).await, "+OK");
        admin
    }

    /// Sends one command and gives its answer, raw but for its end.
    pub(crate) async fn say(&mut self, words: &[&str]) -> String {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            let _ = write!(command, "${}\r\n{word}\r\n", word.len());
        }
        self.stream.write_all(command.as_bytes()).await.unwrap();
        self.went += command.len() as u64;
        *self.said.entry(name(words)).or_default() += 1;
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            assert_ne!(self.stream.read_buf(&mut answer).await.unwrap(), 0, "the server hung up");
        }
        self.came += answer.len() as u64;
        String::from_utf8(answer).unwrap().trim_end().to_owned()
    }

    /// From now on the server counts from nothing.
    pub(crate) async fn reset(&mut self) {
        assert_eq!(self.say(&["CONFIG", "RESETSTAT"]).await, "+OK");
        // The command itself stands in the statistics afterwards; its answer is sent after them as well.
        (self.went, self.came) = (0, 5);
        self.said = ByName::from([(name(&["CONFIG", "RESETSTAT"]), 1)]);
    }

    /// What others were counted for since.
    pub(crate) async fn counted(&mut self) -> Counted {
        let (said, came) = (self.said.clone(), self.came);
        let info = self.say(&["INFO", "everything"]).await;
        let number = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap().trim().parse::<u64>().unwrap()
        };
        let mut counted = Counted {
            bytes_in: number("total_net_input_bytes") - self.went,
            bytes_out: number("total_net_output_bytes") - came,
            ..Counted::default()
        };
        for line in info.lines() {
            let Some((name, fields)) = line.strip_prefix("cmdstat_").and_then(|line| line.split_once(':')) else {
                continue;
            };
            let field = |wanted: &str| {
                let value = fields.trim().split(',').find_map(|field| field.strip_prefix(wanted)?.strip_prefix('='));
                value.map_or(0, |value| value.parse::<u64>().unwrap())
            };
            let others = field("calls") + field("rejected_calls") - said.get(name).copied().unwrap_or_default();
            if others > 0 {
                counted.by_name.insert(name.to_owned(), others);
            }
        }
        counted.commands = counted.by_name.values().sum();
        counted
    }
}

/// As the server calls it.
fn name(words: &[&str]) -> String {
    let parts = if matches!(words[0], "ACL" | "CLIENT" | "CONFIG") { 2 } else { 1 };
    words[..parts].join("|").to_lowercase()
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(2).position(|pair| pair == b"\r\n") else { return false };
    match answer[0] {
        b'$' => {
            let size: i64 = std::str::from_utf8(&answer[1..end]).unwrap().parse().unwrap();
            size < 0 || answer.len() == end + 2 + usize::try_from(size).unwrap() + 2
        }
        _ => answer.len() == end + 2,
    }
}
