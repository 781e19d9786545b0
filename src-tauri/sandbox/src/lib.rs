//! The outside world of Heliograph on this computer: a real Redis server, a Helios who speaks to it,
//! a Developer API that makes more such servers, and a GitHub for the mailbox.
//!
//! For newcomers, developers and tests alike. It speaks the protocol on its own, without `heliograph-core`, so
//! that a mistake there is not made twice and cancelled out. It must not reach beyond loopback by itself.

mod address;
pub mod github;
pub mod helios;
mod manners;
pub mod port;
pub mod proxy;
pub mod redis;
pub mod upstash;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub use crate::{
    address::Address,
    github::{Github, GithubOptions},
    helios::{Helios, HeliosAct, HeliosEvent, Names},
    redis::{Redis, RedisOptions},
    upstash::{Upstash, UpstashOptions},
};

/// A Redis server and a Helios on it, for as long as this value lives.
#[derive(Debug)]
pub struct Sandbox {
    home: PathBuf,
    upstash: Option<Upstash>,
    github: Option<Github>,
    redis: Redis,
    helios: Helios,
}

impl Sandbox {
    /// Starts both, with all files under `home`. Fails where there is no `redis-server`, saying what to install.
    pub async fn start(home: &Path) -> Result<Self> {
        let redis = Redis::start(&home.join("redis"), RedisOptions::default()).await?;
        // Nobody reads the events here: the receiver goes, and Helios goes on without it.
        let (helios, _) = Helios::start(redis.address(), Names::default());
        Ok(Self { home: home.to_owned(), upstash: None, github: None, redis, helios })
    }

    /// How the server is reached, password and all.
    pub fn url(&self) -> secrecy::SecretString {
        self.redis.url()
    }

    /// The certificate of the authority that vouches for the server.
    pub fn ca_file(&self) -> &Path {
        self.redis.ca_file()
    }

    /// The server, for whoever wants to disturb it.
    pub fn redis(&mut self) -> &mut Redis {
        &mut self.redis
    }

    /// Lets Helios do something, and returns when it is done.
    pub async fn act(&self, act: HeliosAct) -> Result<()> {
        self.helios.act(act).await
    }

    /// A handle that lets Helios do something from elsewhere.
    pub fn stage(&self) -> helios::Stage {
        self.helios.stage()
    }

    /// An account at a Developer API, for making databases; started when it is first asked for. The authority that
    /// vouches for the server vouches for these too.
    pub async fn account(&mut self) -> Result<&Upstash> {
        let started = if let Some(started) = self.upstash.take() {
            started
        } else {
            let certificates = self.redis.certificates();
            Upstash::start_under(&self.home.join("upstash"), UpstashOptions::default(), certificates).await?
        };
        Ok(self.upstash.insert(started))
    }

    /// A repository at a GitHub, for the mailbox; started when it is first asked for.
    pub async fn github(&mut self) -> Result<&Github> {
        let started = match self.github.take() {
            Some(started) => started,
            None => Github::start(GithubOptions::default()).await?,
        };
        Ok(self.github.insert(started))
    }

    /// Ends everything, within a few seconds at the most.
    pub async fn stop(self) {
        if let Some(upstash) = self.upstash {
            upstash.stop().await;
        }
        if let Some(github) = self.github {
            github.stop().await;
        }
        self.helios.stop().await;
        self.redis.stop().await;
    }
}
