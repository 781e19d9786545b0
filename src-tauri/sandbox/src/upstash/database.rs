//! One database: what is known of it, and the task that owns its server.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{account::Wanted, front::Front};
use crate::{
    address::Address,
    redis::{self, Certificates, Given, Redis, RedisOptions},
};

const ACTIVE_LIMIT: Duration = Duration::from_secs(15);

/// Whether its server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Passive,
    Active,
    /// It did not start.
    Suspended,
}

/// What a new database is made of.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    pub(super) certificates: Certificates,
    pub(super) lent: bool,
    /// The service's rules for access control stand before the server.
    pub(super) controlled: bool,
    pub(super) stop: CancellationToken,
}

/// A database.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) id: String,
    pub(super) region: String,
    pub(super) plan: String,
    pub(super) port: u16,
    /// In seconds since 1970.
    pub(super) created: i64,
    pub(super) lent: bool,
    name: Mutex<String>,
    key: watch::Receiver<Key>,
    ca: PathBuf,
    state: watch::Receiver<State>,
    orders: mpsc::Sender<Reset>,
    refusal: watch::Sender<Option<String>>,
    stop: CancellationToken,
}

/// The password that the server has, and the how many-eth it is.
#[derive(Clone, Debug)]
struct Key {
    password: SecretString,
    resets: u32,
}

/// The server is to have another password.
#[derive(Debug)]
struct Reset {
    cut: bool,
    late: Duration,
    done: oneshot::Sender<Result<()>>,
}

impl Database {
    /// Starts the server in a task of `servers`; the database becomes active when it answers.
    pub(super) fn start(wanted: Wanted, made: Made, servers: &TaskTracker) -> Self {
        let (state_sender, state) = watch::channel(State::Passive);
        let (key_sender, key) = watch::channel(Key { password: redis::fresh_password(), resets: 0 });
        // A full queue makes the next one who wants a new password wait.
        let (orders, order_receiver) = mpsc::channel(4);
        let (refusal, refused) = watch::channel(None);
        let database = Self {
            id: uuid::Uuid::new_v4().to_string(),
            region: wanted.region,
            plan: wanted.plan,
            port: made.port,
            created: jiff::Timestamp::now().as_second(),
            lent: made.lent,
            name: Mutex::new(wanted.name),
            key,
            ca: made.certificates.ca.clone(),
            state,
            orders,
            refusal,
            stop: made.stop.clone(),
        };
        servers.spawn(serve(made, order_receiver, refused, Told { state: state_sender, key: key_sender }));
        database
    }

    pub(super) fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Returns when its server answers; fails if it does not start.
    pub(super) async fn until_active(&self) -> Result<()> {
        let mut state = self.state.clone();
        let settled = timeout(ACTIVE_LIMIT, state.wait_for(|state| *state != State::Passive)).await;
        match *settled.context("the database did not become active in time")?.context("the stand-in has ended")? {
            State::Active => Ok(()),
            _ => bail!("the database's server did not start"),
        }
    }

    pub(super) fn name(&self) -> String {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn rename(&self, name: String) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }

    pub(super) fn password(&self) -> SecretString {
        self.key.borrow().password.clone()
    }

    /// How often the password was reset.
    pub(super) fn resets(&self) -> u32 {
        self.key.borrow().resets
    }

    /// The name alone, as the console shows it.
    pub(super) fn bare_endpoint(&self) -> String {
        format!("calm-owl-{}", self.port)
    }

    /// Host and port, as a full endpoint.
    pub(super) fn endpoint(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(super) fn url(&self) -> SecretString {
        format!("rediss://default:{}@{}", self.password().expose_secret(), self.endpoint()).into()
    }

    pub(super) fn address(&self) -> Address {
        Address::new(self.url(), Some(self.ca.clone()))
    }

    /// Gives the server another password; the old one is refused from then on. `cut` ends the connections that were
    /// made with it. Once it is under way it is done, whether or not anybody waits for it. Where the server is to be `late`,
    /// the new one is told before it has it.
    pub(super) async fn reset_password(&self, cut: bool, late: Duration) -> Result<()> {
        let (done, answer) = oneshot::channel();
        self.orders.send(Reset { cut, late, done }).await.context("the server has ended")?;
        answer.await.context("the server has ended")?
    }

    /// Refuses every command with these words, on connections that are made from now on; or takes them again.
    pub(super) fn refuse(&self, refusal: Option<String>) {
        self.refusal.send_replace(refusal);
    }

    /// Ends its server, by and by.
    pub(super) fn end(&self) {
        self.stop.cancel();
    }
}

/// What everybody hears of the server.
#[derive(Debug)]
struct Told {
    state: watch::Sender<State>,
    key: watch::Sender<Key>,
}

/// Owns the server from its start to its end.
async fn serve(made: Made, mut orders: mpsc::Receiver<Reset>, refusal: watch::Receiver<Option<String>>, told: Told) {
    let password = told.key.borrow().password.clone();
    let started = tokio::select! {
        () = made.stop.cancelled() => return,
        started = start(&made, password, refusal) => started,
    };
    let Ok((mut redis, _front)) = started else {
        told.state.send_replace(State::Suspended);
        return;
    };
    told.state.send_replace(State::Active);
    loop {
        let order = tokio::select! {
            () = made.stop.cancelled() => break,
            Some(order) = orders.recv() => order,
        };
        tokio::select! {
            () = made.stop.cancelled() => break,
            () = carry_out(order, &mut redis, &told.key) => {}
        }
    }
    redis.stop().await;
    // What stays behind is a configuration file without a server.
    let _ = fs::remove_dir_all(&made.folder);
}

/// The server, and what stands before it.
async fn start(
    made: &Made,
    password: SecretString,
    refusal: watch::Receiver<Option<String>>,
) -> Result<(Redis, Option<Front>)> {
    // Where something stands before the server, that has the port, and the server is reached in clear behind it.
    let options = RedisOptions {
        port: (!made.controlled).then_some(made.port),
        plain: made.controlled,
        ..RedisOptions::default()
    };
    let certificates = Some(made.certificates.clone());
    let given = Given { password: Some(password), certificates, ..Given::default() };
    let redis = Redis::start_with(&made.folder, options, given).await?;
    let front = match redis.plain_port() {
        Some(port) => Some(Front::start(made.port, port, &made.certificates, refusal).await?),
        None => None,
    };
    Ok((redis, front))
}

async fn carry_out(order: Reset, redis: &mut Redis, key: &watch::Sender<Key>) {
    let password = redis::fresh_password();
    let tell = |password| key.send_modify(|key| *key = Key { password, resets: key.resets + 1 });
    // Whoever asked may have gone.
    if order.late.is_zero() {
        let changed = reset(redis, &password, order.cut, || tell(password.clone())).await;
        let _ = order.done.send(changed);
    } else {
        tell(password.clone());
        let _ = order.done.send(Ok(()));
        sleep(order.late).await;
        // Nobody waits for what comes of it any more.
        let _ = reset(redis, &password, order.cut, || {}).await;
    }
}

async fn reset(redis: &mut Redis, password: &SecretString, cut: bool, changed: impl FnOnce()) -> Result<()> {
    redis.set_password(password.clone()).await?;
    changed();
    if cut { redis.cut_connections().await } else { Ok(()) }
}
