//! The Redis that a fleet lives on, and what it has counted.

use anyhow::{Context as _, Result};
use heliograph_sandbox::{Redis, RedisOptions};
use redis::aio::MultiplexedConnection;
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

pub(super) struct Server {
    redis: Redis,
    /// Opened before the counting begins, so that only its questions have to be taken off.
    admin: MultiplexedConnection,
    _folder: TempDir,
}

impl Server {
    pub(super) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let redis = Redis::start(folder.path(), RedisOptions { plain: true, ..RedisOptions::default() }).await?;
        let url = redis.plain_url().context("the server has no plain port")?;
        let mut admin = redis::Client::open(url.expose_secret())?.get_multiplexed_async_connection().await?;
        let () = redis::cmd("CONFIG").arg("RESETSTAT").query_async(&mut admin).await?;
        Ok(Self { redis, admin, _folder: folder })
    }

    pub(super) fn port(&self) -> Result<u16> {
        self.redis.plain_port().context("the server has no plain port")
    }

    /// Its plain address, with another port in it where one is given.
    pub(super) fn url(&self, port: Option<u16>) -> Result<SecretString> {
        let url = self.redis.plain_url().context("the server has no plain port")?;
        let (rest, own) = url.expose_secret().rsplit_once(':').context("the address has no port")?;
        Ok(format!("{rest}:{}", port.map_or(own.to_owned(), |port| port.to_string())).into())
    }

    /// Every command that was sent to it, without our own question.
    pub(super) async fn counted(&mut self) -> Result<u64> {
        let stats: String = redis::cmd("INFO").arg("commandstats").query_async(&mut self.admin).await?;
        let number = |fields: &str, name: &str| {
            let field = fields.trim().split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
            field.and_then(|value| value.parse::<u64>().ok()).unwrap_or_default()
        };
        let of = |line: &str| {
            let (name, fields) = line.strip_prefix("cmdstat_")?.split_once(':')?;
            (!name.starts_with("config")).then(|| number(fields, "calls") + number(fields, "rejected_calls"))
        };
        Ok(stats.lines().filter_map(of).sum())
    }
}
