//! The handle: what others may ask of the mailbox. It must not do any of it.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

use super::{
    Batch, Cursor, MailboxStatus, Post, PostFailed, Posted, Postman, Repository, Tuning,
    post::{QUEUE, Request},
};
use crate::message::Names;

/// Which mailbox, and whom to believe there.
pub struct Plan {
    /// Where the API is. Another host than this computer only by `https://`.
    pub api: Url,
    /// The repository.
    pub repository: Repository,
    /// With the permission to read and write its issues.
    pub token: SecretString,
    /// The accounts whose comments may be messages. Upper and lower case are the same.
    pub allowed: Vec<String>,
    /// Which channels are read. The heartbeat is not among them: it says nothing of a time in which Redis is away.
    pub names: Names,
}

/// Is it the same token, or none both times?
pub(crate) fn is_same_token(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(ExposeSecret::expose_secret) == other.map(ExposeSecret::expose_secret)
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("repository", &self.repository)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

/// A handle on the mailbox; clones are handles on the same one. Calls that return nothing take effect within
/// milliseconds and cannot fail; after the [`Postman`] has ended they do nothing.
#[derive(Clone, Debug)]
pub struct Mailbox {
    want: Arc<watch::Sender<Want>>,
    status: watch::Receiver<MailboxStatus>,
    requests: mpsc::Sender<Request>,
}

/// What is asked for, as a level and not as events: the newest counts, and nothing is lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Want {
    pub(super) plan: Option<Arc<Plan>>,
    pub(super) cursor: Cursor,
    /// Grows with each new plan.
    pub(super) plan_number: u64,
    /// Redis is away.
    pub(super) away: bool,
    /// Grows with each reason to look now.
    pub(super) looks: u64,
    /// Grows with each time that somebody asked to look now.
    pub(super) asked: u64,
}

impl Mailbox {
    /// A mailbox without a plan, and the postman who does its work: he must be run for anything to happen.
    ///
    /// What is found goes to `delivered`. When that is full the postman waits, and reads no further.
    pub fn new(delivered: mpsc::Sender<Batch>, tuning: Tuning) -> (Self, Postman) {
        let (want, wanted) = watch::channel(Want::default());
        let (status, seen) = watch::channel(MailboxStatus::default());
        let (requests, taken) = mpsc::channel(QUEUE);
        let postman = Postman::new(wanted, taken, delivered, status, tuning);
        (Self { want: Arc::new(want), status: seen, requests }, postman)
    }

    /// Where it stands, now and from now on.
    pub fn status(&self) -> watch::Receiver<MailboxStatus> {
        self.status.clone()
    }

    /// Reads and writes according to this plan from now on, in place of the one before; without one, nothing.
    ///
    /// The cursor is the one that was last kept. The default one, or one of another repository, begins at now; what was
    /// kept since this handle was made is not given again, whatever the cursor.
    pub fn follow(&self, plan: Option<Plan>, cursor: Cursor) {
        self.want.send_modify(|want| {
            want.plan = plan.map(Arc::new);
            want.cursor = cursor;
            want.plan_number += 1;
        });
    }

    /// Whether Redis is away, and so the mailbox to be looked into often. Each change has it looked into at once.
    pub fn redis_is_away(&self, away: bool) {
        self.want.send_if_modified(|want| {
            let changed = want.away != away;
            want.away = away;
            want.looks += u64::from(changed);
            changed
        });
    }

    /// Looks now, also where nothing would be tried any more by itself; but not before the service allows it.
    pub fn poll_now(&self) {
        self.want.send_modify(|want| want.asked += 1);
    }

    /// Leaves a message. Waits while the queue is full, and while another request is on its way.
    ///
    /// Dropping the call leaves open whether the message is left.
    pub async fn post(&self, post: Post) -> Result<Posted, PostFailed> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request { post, answer }).await.map_err(|_| PostFailed::NotSetUp)?;
        // An answer that never comes means that the plan was replaced with the message on its way.
        answered.await.unwrap_or(Err(PostFailed::Unknown))
    }
}
