//! The handle: what others may ask of the link. It must not do any of it.

use std::{fmt, sync::Arc, time::Duration};

use redis::{Cmd, Value};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Address, AskFailed, Delivery, PublishFailed, Published, Status, Supervisor, Tuning, now,
    publish::{Ask, Publish, QUEUE, Request},
    wake::Wake,
};
use crate::{message::Millis, usage::CommandKind};

/// Where to connect, and what to listen to.
#[derive(Debug)]
pub struct Plan {
    /// The server.
    pub address: Address,
    /// What is subscribed to, all in one command. The heartbeat's channel is added where it is missing.
    pub channels: Vec<String>,
    /// How the connection proves itself.
    pub heartbeat: Heartbeat,
}

impl Plan {
    /// Does it lead to the same server and the same channels, whoever logs in?
    pub(super) fn leads_where(&self, other: &Self) -> bool {
        let server = |plan: &Self| (plan.address.host.clone(), plan.address.port, plan.address.tls);
        server(self) == server(other)
            && self.channels == other.channels
            && self.heartbeat.channel == other.heartbeat.channel
    }
}

/// The proof that the whole way out and back works: a message to oneself.
pub struct Heartbeat {
    /// Where it is published and heard.
    pub channel: String,
    /// How often.
    pub every: Duration,
    /// What is published; each call must give bytes that were never given before.
    pub payload: Arc<dyn Fn() -> Vec<u8> + Send + Sync>,
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat").field("channel", &self.channel).field("every", &self.every).finish_non_exhaustive()
    }
}

/// A handle on the link; clones are handles on the same one. Calls that return nothing take effect within
/// milliseconds and cannot fail; after the [`Supervisor`] has ended they do nothing.
#[derive(Clone)]
pub struct Link {
    want: Arc<watch::Sender<Want>>,
    status: watch::Receiver<Status>,
    requests: mpsc::Sender<Request>,
}

/// What is asked for, as a level and not as events: the newest counts, and nothing is lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Want {
    /// Where to be connected to.
    pub(super) plan: Option<Arc<Plan>>,
    /// Grows with each new plan.
    pub(super) plan_number: u64,
    /// Grows with each request to look now; beside it the newest one's reason.
    pub(super) nudges: u64,
    /// The newest nudge.
    pub(super) nudge: Option<Nudge>,
}

/// How much of what is asked for was acted on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    plan_number: u64,
    nudges: u64,
}

/// Something new is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Another plan, or none.
    Plan,
    /// To look now.
    Nudge(Nudge),
}

impl Seen {
    /// What is new; from then on it is not. A new plan begins by looking, and so covers the nudges before it.
    pub(super) fn news(&mut self, want: &Want) -> Option<News> {
        let before = std::mem::replace(self, Self { plan_number: want.plan_number, nudges: want.nudges });
        if before.plan_number != want.plan_number {
            return Some(News::Plan);
        }
        want.nudge.filter(|_| before.nudges != want.nudges).map(News::Nudge)
    }
}

/// Why the connection is to be proved, or the next try made, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nudge {
    /// Somebody asked.
    Asked,
    /// Something happened to the computer.
    Woke(Wake),
}

impl Link {
    /// A link without a plan, and the supervisor that does its work: it must be run for anything to happen.
    ///
    /// What is heard goes to `deliveries`. When that is full the link waits, and reads no further than its bound.
    pub fn new(deliveries: mpsc::Sender<Delivery>, tuning: Tuning) -> (Self, Supervisor) {
        let (want, wanted) = watch::channel(Want::default());
        let (status, seen) = watch::channel(Status::new(now()));
        let (requests, taken) = mpsc::channel(QUEUE);
        let link = Self { want: Arc::new(want), status: seen, requests };
        let supervisor = Supervisor::new(link.clone(), wanted, status, taken, deliveries, tuning);
        (link, supervisor)
    }

    /// Where it stands, now and from now on.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Connects according to this plan from now on, at once, in place of the one before.
    ///
    /// Where that stands, and the new plan leads to the same server and channels, the old connection goes on hearing
    /// until the new one hears, and nothing is missed: [`Delivery::Connected`] comes without a gap. Where the new login
    /// is refused, nothing is connected any more.
    pub fn connect(&self, plan: Plan) {
        self.want.send_modify(|want| {
            want.plan = Some(Arc::new(plan));
            want.plan_number += 1;
        });
    }

    /// Ends the connection and forgets the plan.
    pub fn disconnect(&self) {
        self.want.send_modify(|want| {
            want.plan = None;
            want.plan_number += 1;
        });
    }

    /// Cuts a wait short, also where nothing would be tried any more by itself. Where it is connected, the connection
    /// is to prove itself now and is made anew if it does not.
    pub fn reconnect_now(&self) {
        self.nudge(Nudge::Asked);
    }

    /// Something happened to the computer after which a connection may be dead without knowing it.
    pub fn woke(&self, wake: Wake) {
        self.nudge(Nudge::Woke(wake));
    }

    fn nudge(&self, nudge: Nudge) {
        self.want.send_modify(|want| {
            want.nudges += 1;
            want.nudge = Some(nudge);
        });
    }

    /// Publishes one message, and says how many heard it. Waits while the queue is full.
    ///
    /// Dropping the call leaves open whether the message is sent.
    pub async fn publish(&self, channel: &str, payload: Vec<u8>) -> Result<u64, PublishFailed> {
        Ok(self.publish_as(CommandKind::Publish, channel, payload, None).await?.heard)
    }

    /// The same, counted as something else; with `record` the message is written into its channel's record first, which then keeps about so many.
    pub async fn publish_as(
        &self,
        kind: CommandKind,
        channel: &str,
        payload: Vec<u8>,
        record: Option<u32>,
    ) -> Result<Published, PublishFailed> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Publish(Publish { kind, channel: channel.to_owned(), payload, record, answer });
        self.requests.send(request).await.map_err(|_| PublishFailed::NotConnected)?;
        // An answer that never comes means that the session was torn down with the message on its way.
        answered.await.unwrap_or(Err(PublishFailed::Unknown))
    }

    /// Sends commands in one round trip, and gives their answers; only on the session that was confirmed at that time,
    /// if one is named. Waits while the queue is full.
    pub(crate) async fn ask(
        &self,
        kind: CommandKind,
        session: Option<Millis>,
        commands: Vec<Cmd>,
    ) -> Result<Vec<Value>, AskFailed> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Ask(Ask { kind, commands, session, answer });
        self.requests.send(request).await.map_err(|_| AskFailed::NotConnected)?;
        answered.await.unwrap_or(Err(AskFailed::NotConnected))
    }
}
