//! A server, a test of it, servers that misbehave, and what every report is held to.

use std::{future::Future, net::Ipv4Addr, path::PathBuf, time::Duration};

use heliograph_core::{
    diagnose::{Check, CheckKind, Help, Outcome, Report, Test},
    link::Address,
    message::Names,
    trouble::{Trouble, TroubleCode},
    usage::Meter,
};
use heliograph_sandbox::{Redis, RedisOptions, redis::Certificate};
use redis::aio::MultiplexedConnection;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep},
};

pub(crate) const SOON: Duration = Duration::from_secs(15);

/// A server with TLS, and without it on another port.
pub(crate) struct Server {
    pub(crate) redis: Redis,
    _dir: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::showing(Certificate::Right).await
    }

    pub(crate) async fn showing(certificate: Certificate) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = RedisOptions { plain: true, ..RedisOptions::default() };
        let redis = Redis::start_showing(dir.path(), options, certificate).await.unwrap();
        Self { redis, _dir: dir }
    }

    /// A test of it, over TLS.
    pub(crate) fn test(&self) -> Test {
        Test { authorities: Some(self.authority()), ..of(&self.redis.url()) }
    }

    /// A test as this user, who is made with these rules beside a password.
    pub(crate) async fn test_as(&self, user: &str, rules: &[&str]) -> Test {
        let mut words = vec!["ACL", "SETUSER", user, "on", ">the-users-password"];
        words.extend(rules);
        let () = self.command(&words).await;
        let url = format!("rediss://{user}:the-users-password@localhost:{}", self.redis.port());
        Test { authorities: Some(self.authority()), ..of(&url.into()) }
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.redis.ca_file().to_owned()
    }

    /// The server's address with another port in it.
    pub(crate) fn through(&self, port: u16, tls: bool) -> SecretString {
        let url = if tls { self.redis.url() } else { self.redis.plain_url().unwrap() };
        let (rest, _) = url.expose_secret().rsplit_once(':').unwrap();
        format!("{rest}:{port}").into()
    }

    /// A connection of our own, for commands.
    pub(crate) async fn commands(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.redis.plain_url().unwrap().expose_secret()).unwrap();
        // By itself it waits for half a second, and a busy machine takes longer.
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(SOON));
        client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
    }

    pub(crate) async fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        command(&mut self.commands().await, words).await
    }
}

pub(crate) async fn command<T: redis::FromRedisValue>(connection: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query_async(connection).await.unwrap()
}

/// How often a command was called, or all of them together.
pub(crate) async fn calls(connection: &mut MultiplexedConnection, name: Option<&str>) -> u32 {
    let stats: String = command(connection, &["INFO", "commandstats"]).await;
    let counted = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="));
    let wanted = counted.filter(|(command, _)| name.is_none_or(|name| name == *command));
    wanted.map(|(_, rest)| rest.split(',').next().unwrap().parse::<u32>().unwrap()).sum()
}

pub(crate) async fn eventually(mut condition: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + SOON;
    while !condition().await {
        assert!(Instant::now() < until, "it did not come to pass in time");
        sleep(Duration::from_millis(10)).await;
    }
}

/// A test of this address, as `chad` who talks with `helios`.
pub(crate) fn of(url: &SecretString) -> Test {
    Test {
        address: Address::parse(url).unwrap(),
        names: Names { me: "chad".into(), peers: vec!["helios".into()] },
        authorities: None,
        place: None,
        plan: None,
        meter: Meter::default(),
    }
}

/// Makes the test, and holds the report to what is so of each: the steps in order, every one ended, few commands, a
/// reason and a remedy for whatever failed, and none of the secrets.
pub(crate) async fn run(test: Test, secrets: &[&str]) -> Report {
    let mut shown = Vec::new();
    let report = test.run(|report| shown.push(report.clone())).await;
    let kinds: Vec<_> = report.checks.iter().map(|check| check.kind).collect();
    assert_eq!(kinds, STEPS, "{report:#?}");
    assert!(report.commands < 30, "{report:#?}");
    assert_eq!(shown.last().unwrap().checks, report.checks);
    for check in &report.checks {
        assert_ne!(check.outcome, Outcome::Running);
        assert_eq!(check.outcome == Outcome::Failed, check.trouble.is_some() && check.outcome != Outcome::Warning);
        assert_eq!(check.outcome == Outcome::Skipped, check.took_ms.is_none(), "{check:?}");
        assert!(check.outcome != Outcome::Skipped || check.detail.is_some(), "{check:?}");
    }
    let copied = report.text();
    for secret in secrets {
        for shown in &shown {
            assert!(!format!("{shown:?}").contains(secret), "{shown:#?}");
        }
        assert!(!copied.contains(secret), "{copied}");
    }
    report
}

const STEPS: [CheckKind; 10] = [
    CheckKind::Name,
    CheckKind::Reach,
    CheckKind::Encryption,
    CheckKind::LogIn,
    CheckKind::RoundTrip,
    CheckKind::ReadWrite,
    CheckKind::Hear,
    CheckKind::Streams,
    CheckKind::Rights,
    CheckKind::Plan,
];

pub(crate) fn check(report: &Report, kind: CheckKind) -> &Check {
    report.checks.iter().find(|check| check.kind == kind).unwrap()
}

pub(crate) fn outcome(report: &Report, kind: CheckKind) -> Outcome {
    check(report, kind).outcome
}

/// It failed at this step and no other, and what comes after was not tried. Gives the step's trouble.
pub(crate) fn stopped_at(report: &Report, kind: CheckKind, code: TroubleCode, help: Help) -> Trouble {
    let failed: Vec<_> = report.checks.iter().filter(|check| check.outcome == Outcome::Failed).collect();
    assert_eq!(failed.iter().map(|check| check.kind).collect::<Vec<_>>(), [kind], "{}", report.text());
    let after = report.checks.iter().skip_while(|check| check.kind != kind).skip(1);
    for check in after {
        assert_eq!(check.outcome, Outcome::Skipped, "{}", report.text());
    }
    let trouble = failed[0].trouble.clone().unwrap();
    assert_eq!((trouble.code, failed[0].help), (code, Some(help)), "{}", report.text());
    assert!(!trouble.remedy.contains("by itself"), "{trouble:?}");
    trouble
}

/// A server of our own on loopback that does the same with every connection.
pub(crate) struct Fake {
    pub(crate) port: u16,
    _tasks: JoinSet<()>,
}

impl Fake {
    pub(crate) async fn start<W>(with: impl Fn(TcpStream) -> W + Send + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(with(stream));
            }
        });
        Self { port, _tasks: tasks }
    }

    /// Answers each command as `answer` says, given its name. Nothing is said for an empty answer.
    pub(crate) async fn answering(answer: impl Fn(&str) -> Vec<u8> + Clone + Send + Sync + 'static) -> Self {
        Self::start(move |mut stream| {
            let answer = answer.clone();
            async move {
                let mut buffer = [0; 4096];
                while let Ok(read) = stream.read(&mut buffer).await {
                    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    // The test sends one command at a time: its name is the first text of the array.
                    let Some(name) = text.split("\r\n").nth(2) else { return };
                    if stream.write_all(&answer(name)).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    pub(crate) fn url(&self) -> SecretString {
        format!("redis://somebody:A-PASSWORD@127.0.0.1:{}", self.port).into()
    }
}
