//! A stand-in for the Developer API of Upstash: plain HTTP on loopback, one account, and behind each of its databases
//! a real `redis-server`.
//!
//! Paths, fields, types and status codes are those of the published description, so that other programs' clients can
//! use it. What the description leaves open (how the free plan's limit is refused, whether a list has passwords) is
//! answered in the way that asks most of a client. On request it misbehaves. It must not use anything of the client
//! that it tests.

mod account;
mod counters;
mod database;
mod description;
mod fault;
mod front;
mod habits;
mod lent;
mod order;
mod reset;
mod routes;

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use secrecy::SecretString;
use tokio::{net::TcpListener, task::JoinSet, time::timeout};

use crate::redis::{self, Certificates};
use account::{Account, Wanted};
pub use fault::{Fault, ResetFault};
pub use habits::Habits;
pub use order::Order;
pub use routes::Seen;

/// How long conversations may take to end before they are cut off.
const STOP_LIMIT: Duration = Duration::from_secs(1);
const EMAIL: &str = "newcomer@example.com";

/// What can be chosen about the stand-in.
#[derive(Clone, Debug, Default)]
pub struct UpstashOptions {
    /// The port; a free one if none is given.
    pub port: Option<u16>,
}

/// A running stand-in. Dropping it ends it and kills its servers.
#[derive(Debug)]
pub struct Upstash {
    url: String,
    account: Arc<Account>,
    // Dropped with us, and then cut off.
    server: JoinSet<std::io::Result<()>>,
}

impl Upstash {
    /// Starts it with an account without databases, and all files under `home`. Fails where there is no
    /// `redis-server`, saying what to install.
    pub async fn start(home: &Path, options: UpstashOptions) -> Result<Self> {
        let certificates = Certificates::make(&home.join("certificates"))?;
        Self::start_under(home, options, certificates).await
    }

    /// The same, under an authority that is there already.
    pub(crate) async fn start_under(home: &Path, options: UpstashOptions, certificates: Certificates) -> Result<Self> {
        // A database would only say so when it is made, to somebody who cannot help it.
        redis::find_server()?;
        let home = redis::private_dir(home)?;
        end_leftovers(&home).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port.unwrap_or(0))).await;
        let listener = listener.context("the stand-in cannot listen on its port")?;
        let url = format!("http://{}", listener.local_addr()?);
        let account = Arc::new(Account::new(home, EMAIL.into(), redis::fresh_password(), certificates));
        let app = routes::router(Arc::clone(&account));
        let stopped = account.stopping().cancelled_owned();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
        Ok(Self { url, account, server })
    }

    /// Where it is: what comes before `/v2`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whose account it is.
    pub fn email(&self) -> &str {
        &self.account.email
    }

    /// The account's API key.
    pub fn key(&self) -> &SecretString {
        &self.account.key
    }

    /// The certificate of the authority that vouches for the databases.
    pub fn ca_file(&self) -> &Path {
        &self.account.certificates.ca
    }

    /// Makes a free database as if the person had done it in the console, and gives its id when it is active.
    pub async fn make(&self, name: &str) -> Result<String> {
        self.make_wanted(Wanted::free(name)).await
    }

    /// The same with a database on the plan that is paid by use, which has an access control list.
    pub async fn make_paid(&self, name: &str) -> Result<String> {
        self.make_wanted(Wanted::paid(name)).await
    }

    async fn make_wanted(&self, wanted: Wanted) -> Result<String> {
        let database = self.account.make(wanted).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
        database.until_active().await?;
        Ok(database.id.clone())
    }

    /// The address of a database: `rediss://default:…@localhost:port`.
    pub fn database_url(&self, id: &str) -> Option<SecretString> {
        Some(self.account.find(id)?.url())
    }

    /// How often a database's password was reset, whatever was answered.
    pub fn resets(&self, id: &str) -> Option<u32> {
        Some(self.account.find(id)?.resets())
    }

    /// Refuses every command with these words on connections to a database that are made from now on, as where a quota
    /// is used up; `None` takes them again. Of the free one, which nothing stands before, it can not be had.
    pub fn refuse_commands(&self, id: &str, refusal: Option<&str>) {
        if let Some(database) = self.account.find(id) {
            database.refuse(refusal.map(str::to_owned));
        }
    }

    /// Refuses the API key from now on.
    pub fn revoke_key(&self) {
        self.account.revoke_key();
    }

    /// From now on the service is like this, where its documents leave it open.
    pub fn adopt(&self, habits: Habits) {
        self.account.habits.set(habits);
    }

    /// Lets it do what a line asked for.
    pub fn obey(&self, order: Order) {
        order.carry_out(self);
    }

    /// Answers every question in this way until [`Upstash::behave`].
    pub fn misbehave(&self, fault: Fault) {
        self.account.manners.set(fault, None);
    }

    /// Answers the next `times` questions in this way.
    pub fn misbehave_times(&self, fault: Fault, times: u32) {
        self.account.manners.set(fault, Some(times));
    }

    /// Answers as it should.
    pub fn behave(&self) {
        self.account.manners.clear();
    }

    /// The last questions, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.account.seen()
    }

    /// Ends it and its servers, within a few seconds at the most.
    pub async fn stop(mut self) {
        self.account.stop().await;
        if timeout(STOP_LIMIT, self.server.join_next()).await.is_err() {
            self.server.shutdown().await;
        }
    }
}

impl Drop for Upstash {
    fn drop(&mut self) {
        self.account.stopping().cancel();
    }
}

/// Ends the servers of an earlier, killed run.
async fn end_leftovers(home: &Path) -> Result<()> {
    let entries = fs::read_dir(home).context("cannot read the stand-in's folder")?;
    let folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        redis::end_leftover(folder).await?;
    }
    Ok(())
}
