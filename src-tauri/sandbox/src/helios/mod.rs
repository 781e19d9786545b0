//! A Helios: the agent at the other end, speaking plain Redis pub/sub as a ten-line script would.
//!
//! He says hello with a task, sends more when asked to, answers and acknowledges, sleeps, and loses his key.
//! He keeps nothing: what is published while he cannot hear is lost to him.

mod actor;
mod envelope;
mod session;
mod tasks;

use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

use crate::Address;

/// How long Helios may take to end before his tasks are aborted.
const STOP_LIMIT: Duration = Duration::from_secs(2);
/// How many tasks a burst has.
pub const BURST: usize = 40;

/// What Helios can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum HeliosAct {
    /// Send a task.
    Task,
    /// Send a task that cannot wait.
    UrgentTask,
    /// Send forty tasks at once.
    Burst,
    /// Fall silent and deaf.
    Sleep,
    /// Come back, from sleep or with the right key.
    Wake,
    /// Lose the key: come back with a wrong one, be refused, and stay away.
    LoseKey,
}

/// What Helios did or heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum HeliosEvent {
    /// He is connected and listens.
    Connected,
    /// He is not connected any more, or could not connect.
    Disconnected {
        /// Why, in words.
        reason: String,
    },
    /// He sent a task.
    Sent {
        /// Its id.
        task_id: String,
        /// Its title.
        title: String,
        /// How many were listening.
        heard_by: u64,
    },
    /// He heard an agent's heartbeat.
    Heartbeat {
        /// Whose.
        from: String,
    },
    /// He heard an answer to a task.
    Reply {
        /// From whom.
        from: String,
        /// The id of the task.
        task_id: String,
        /// What it says of the task.
        status: String,
        /// The words with it.
        note: Option<String>,
    },
    /// He heard something else.
    Other {
        /// On which channel.
        channel: String,
        /// The message as it came.
        text: String,
    },
}

/// Who Helios is, whom he talks with, and how often he gives a sign of life.
#[derive(Clone, Debug)]
pub struct Names {
    /// His own name.
    pub me: String,
    /// The agent on this computer.
    pub peer: String,
    /// The time between two heartbeats.
    pub heartbeat: Duration,
}

impl Default for Names {
    fn default() -> Self {
        Self { me: "helios".into(), peer: "chad".into(), heartbeat: Duration::from_mins(2) }
    }
}

/// A running Helios. Dropping it ends him.
#[derive(Debug)]
pub struct Helios {
    stage: Stage,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

/// Lets Helios act from anywhere; cheap to clone.
#[derive(Clone, Debug)]
pub struct Stage {
    requests: mpsc::Sender<Request>,
}

/// An act, and where to say how it went.
#[derive(Debug)]
struct Request {
    act: HeliosAct,
    done: oneshot::Sender<Result<()>>,
}

impl Helios {
    /// Starts him. He connects by himself and again whenever the connection is lost; the receiver hears of it all,
    /// and may be dropped. One that is kept must be read, or he waits for it.
    pub fn start(address: Address, names: Names) -> (Self, mpsc::Receiver<HeliosEvent>) {
        let (events, receiver) = mpsc::channel(256);
        let (requests, acts) = mpsc::channel(16);
        let cancel = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let run = actor::Actor::new(address, names, events).run(acts);
        let cancelled = cancel.clone().cancelled_owned();
        tasks.spawn(async move {
            tokio::select! {
                () = cancelled => {}
                () = run => {}
            }
        });
        (Self { stage: Stage { requests }, cancel, tasks }, receiver)
    }

    /// Lets him do something, and returns when it is done; an error says why he cannot.
    pub async fn act(&self, act: HeliosAct) -> Result<()> {
        self.stage.act(act).await
    }

    /// A handle for others to let him act.
    pub fn stage(&self) -> Stage {
        self.stage.clone()
    }

    /// Ends him, within two seconds at the most.
    pub async fn stop(mut self) {
        self.cancel.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(STOP_LIMIT, ended).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

impl Stage {
    /// Lets Helios do something, and returns when it is done; an error says why he cannot.
    pub async fn act(&self, act: HeliosAct) -> Result<()> {
        let (done, answer) = oneshot::channel();
        self.requests.send(Request { act, done }).await.ok().context("Helios has ended")?;
        answer.await.context("Helios has ended")?
    }
}
