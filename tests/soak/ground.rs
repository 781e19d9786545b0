//! What the program stands on: a Redis with TLS and a way to it, and a GitHub. Each can be broken and mended.

use std::collections::HashMap;

use heliograph_sandbox::{
    Github, GithubOptions, Redis, RedisOptions,
    proxy::{Mode, Proxy},
};
use redis::{Client, RedisResult, aio::MultiplexedConnection};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use crate::{
    clock::{Millis, now},
    quota::UsedUp,
};

/// A time in which Redis lost its data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss {
    pub(crate) killed: Millis,
    pub(crate) back: Millis,
}

/// The server's number of an entry in a record.
pub(crate) type Entry = (u64, u64);

pub(crate) struct Ground {
    pub(crate) redis: Redis,
    /// The program's way to it; the fleet has one of its own.
    pub(crate) way: Proxy,
    pub(crate) github: Github,
    pub(crate) losses: Vec<Loss>,
    used_up: UsedUp,
    password: SecretString,
    killed: Millis,
    _folder: TempDir,
}

impl Ground {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = RedisOptions { plain: true, keeps: true, ..RedisOptions::default() };
        let redis = Redis::start(folder.path(), options).await.unwrap();
        let way = Proxy::start(redis.port()).await.unwrap();
        let used_up = UsedUp::start(folder.path()).await;
        let github = Github::start(GithubOptions::default()).await.unwrap();
        let url = redis.url();
        let (_, rest) = url.expose_secret().split_once("default:").unwrap();
        let password = rest.split_once('@').unwrap().0.into();
        Self { redis, way, github, losses: Vec::new(), used_up, password, killed: 0, _folder: folder }
    }

    /// The address that leads the program's way.
    pub(crate) fn address(&self) -> String {
        let url = self.redis.url();
        let (rest, _) = url.expose_secret().rsplit_once(':').unwrap();
        format!("{rest}:{}", self.way.port())
    }

    pub(crate) async fn kill_redis(&mut self) {
        self.killed = now();
        self.redis.kill().await.unwrap();
    }

    pub(crate) async fn restart_redis(&mut self) {
        self.redis.restart().await.unwrap();
    }

    pub(crate) async fn restart_redis_empty(&mut self) {
        self.redis.restart_empty().await.unwrap();
        self.losses.push(Loss { killed: self.killed, back: now() });
    }

    /// Changes the password under everybody, and ends what stands.
    pub(crate) async fn change_password(&mut self) {
        self.redis.set_password("somebody-elses".into()).await.unwrap();
        let mut owner = self.owner().await.unwrap();
        for words in [&["KILL", "TYPE", "pubsub"][..], &["KILL", "TYPE", "normal", "SKIPME", "yes"]] {
            let () = redis::cmd("CLIENT").arg(words).query_async(&mut owner).await.unwrap();
        }
    }

    pub(crate) async fn give_password_back(&mut self) {
        self.redis.set_password(self.password.clone()).await.unwrap();
    }

    pub(crate) fn use_quota_up(&self) {
        self.way.to_new(Mode::Elsewhere(self.used_up.port));
        self.way.to_live(&Mode::Close);
    }

    /// The program's way is free again; what was broken on it stays so, if it is not closed.
    pub(crate) fn free_way(&self) {
        self.way.to_new(Mode::Forward);
    }

    async fn owner(&self) -> RedisResult<MultiplexedConnection> {
        let url = self.redis.plain_url().unwrap();
        Client::open(url.expose_secret())?.get_multiplexed_async_connection().await
    }

    /// The last entry of each record, by the name of its channel.
    pub(crate) async fn ends_of_records(&self) -> HashMap<String, Entry> {
        let mut owner = self.owner().await.unwrap();
        let keys: Vec<String> = redis::cmd("KEYS").arg("record:*").query_async(&mut owner).await.unwrap();
        let mut ends = HashMap::new();
        for key in keys {
            let ask = redis::cmd("XREVRANGE").arg(&key).arg(&["+", "-", "COUNT", "1"]).to_owned();
            let last: Vec<(String, Vec<String>)> = ask.query_async(&mut owner).await.unwrap();
            if let Some((entry, _)) = last.first() {
                ends.insert(key["record:".len()..].to_owned(), read_entry(entry));
            }
        }
        ends
    }
}

/// From the server's form.
pub(crate) fn read_entry(text: &str) -> Entry {
    let (ms, nth) = text.split_once('-').unwrap();
    (ms.parse().unwrap(), nth.parse().unwrap())
}
