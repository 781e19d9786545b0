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
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::account::Wanted;
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
    password: Mutex<SecretString>,
    ca: PathBuf,
    state: watch::Receiver<State>,
    orders: mpsc::Sender<NewPassword>,
    stop: CancellationToken,
}

/// The server is to have this password.
#[derive(Debug)]
struct NewPassword {
    password: SecretString,
    done: oneshot::Sender<Result<()>>,
}

impl Database {
    /// Starts the server in a task of `servers`; the database becomes active when it answers.
    pub(super) fn start(wanted: Wanted, made: Made, servers: &TaskTracker) -> Self {
        let password = redis::fresh_password();
        let (state_sender, state) = watch::channel(State::Passive);
        // A full queue makes the next one who wants a new password wait.
        let (orders, order_receiver) = mpsc::channel(4);
        let database = Self {
            id: uuid::Uuid::new_v4().to_string(),
            region: wanted.region,
            plan: wanted.plan,
            port: made.port,
            created: jiff::Timestamp::now().as_second(),
            lent: made.lent,
            name: Mutex::new(wanted.name),
            password: Mutex::new(password.clone()),
            ca: made.certificates.ca.clone(),
            state,
            orders,
            stop: made.stop.clone(),
        };
        servers.spawn(serve(made, password, order_receiver, state_sender));
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
        self.password.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// Gives the server another password; the old one is refused from then on.
    pub(super) async fn reset_password(&self) -> Result<()> {
        let password = redis::fresh_password();
        let (done, answer) = oneshot::channel();
        self.orders.send(NewPassword { password: password.clone(), done }).await.context("the server has ended")?;
        answer.await.context("the server has ended")??;
        *self.password.lock().unwrap_or_else(PoisonError::into_inner) = password;
        Ok(())
    }

    /// Ends its server, by and by.
    pub(super) fn end(&self) {
        self.stop.cancel();
    }
}

/// Owns the server from its start to its end.
async fn serve(
    made: Made,
    password: SecretString,
    mut orders: mpsc::Receiver<NewPassword>,
    state: watch::Sender<State>,
) {
    let options = RedisOptions { port: Some(made.port), ..RedisOptions::default() };
    let given = Given { password: Some(password), certificates: Some(made.certificates), ..Given::default() };
    let started = tokio::select! {
        () = made.stop.cancelled() => return,
        started = Redis::start_with(&made.folder, options, given) => started,
    };
    let Ok(mut redis) = started else {
        state.send_replace(State::Suspended);
        return;
    };
    state.send_replace(State::Active);
    loop {
        let order = tokio::select! {
            () = made.stop.cancelled() => break,
            Some(order) = orders.recv() => order,
        };
        let changed = redis.set_password(order.password).await;
        // Whoever asked may have gone.
        let _ = order.done.send(changed);
    }
    redis.stop().await;
    // What stays behind is a configuration file without a server.
    let _ = fs::remove_dir_all(&made.folder);
}
