//! What was said and what is to be said, on disk: inbox, outbox, gaps and small state, in one SQLite file.
//!
//! Nothing is shown or answered before it is committed here. This module must not know Redis.
//!
//! One thread writes and one reads; the handle sends them work. Both end with [`Store::stop`].

mod arrivals;
mod aside;
mod check;
mod cursors;
mod damage;
mod detail;
mod export;
mod fault;
mod import;
mod inbox;
mod keeping;
mod kept;
mod list;
mod orders;
mod outbox;
mod portable;
mod reader;
mod receipts;
mod records;
mod rotations;
mod salvage;
mod schema;
mod search;
mod shrink;
mod spare;
mod state;
mod usage;
mod view;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use rusqlite::Connection;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

pub use arrivals::{Arrival, Committed, Notable, Page};
pub use cursors::KnownAgent;
pub use import::{Exported, Imported};
pub use inbox::InboxState;
pub use keeping::Retention;
pub use outbox::{Letter, Mailed, Mailing, Sent, Waiting};
pub use receipts::Receipt;
pub use records::{EntryId, Reached, Records};
pub use usage::Amount;
pub use view::{Counts, Detail, Filter, Gap, ListPage, ListRequest, Moment, MomentKind, Row, TaskState, Way};

use self::{
    fault::StoreError,
    orders::{Haste, Order, Touches},
    reader::{Question, Reader},
    writer::{Wires, Writer},
};
use crate::{
    message::{Kind, Millis, Names, ReplyStatus},
    trouble::{Trouble, TroubleCode},
};

/// Batches of arrivals on their way to the writer. Full: the link waits, and stops reading.
const ARRIVALS: usize = 8;

/// Changes and questions on their way. Full: whoever asks waits.
const ORDERS: usize = 64;

/// A handle on the store; clones are handles on the same one.
#[derive(Clone)]
pub struct Store {
    path: Arc<Path>,
    arrivals: mpsc::Sender<Vec<Arrival>>,
    orders: mpsc::Sender<Order>,
    questions: mpsc::Sender<Question>,
    inbox: watch::Receiver<InboxState>,
    health: watch::Receiver<Option<Trouble>>,
    notice: watch::Receiver<Option<Trouble>>,
}

impl Store {
    /// Starts the threads on the file at `path`, which is made where there is none. What each commit brought goes
    /// to `committed`, whose receiver must not wait for the store.
    ///
    /// Never fails: a file that cannot be used is a state ([`Store::health`]) and is tried again every second.
    /// Must be called inside a tokio runtime.
    pub fn open(path: PathBuf, committed: mpsc::Sender<Committed>) -> Self {
        let (arrivals, arrivals_in) = mpsc::channel(ARRIVALS);
        let (orders, orders_in) = mpsc::channel(ORDERS);
        let (questions, questions_in) = mpsc::channel(ORDERS);
        let (inbox_out, inbox) = watch::channel(InboxState::default());
        let (health_out, health) = watch::channel(None);
        let (notice_out, notice) = watch::channel(None);
        let wires = Wires {
            arrivals: arrivals_in,
            orders: orders_in,
            committed,
            inbox: inbox_out,
            health: health_out,
            notice: notice_out,
        };
        let writer = Writer::new(path.clone(), Handle::current(), wires);
        thread::spawn(move || writer.run());
        let shared: Arc<Path> = path.into();
        let read_path = Arc::clone(&shared);
        let reader = Reader { path: read_path, inbox: inbox.clone(), orders: orders.clone() };
        thread::spawn(move || reader.run(questions_in));
        Self { path: shared, arrivals, orders, questions, inbox, health, notice }
    }

    /// Where messages on their way in are handed over. In order; a full queue makes the sender wait.
    pub fn arrivals(&self) -> mpsc::Sender<Vec<Arrival>> {
        self.arrivals.clone()
    }

    /// Commits what was fetched from somewhere, after everything handed over before this call, and with it how far
    /// that was read. Where it fails nothing of it is kept: it is to be fetched again.
    pub async fn take(&self, page: Page) -> Result<(), Trouble> {
        let (answer, taken) = oneshot::channel();
        self.orders.send(Order::Take(page, answer)).await.map_err(|_| stopping())?;
        taken.await.map_err(|_| stopping())?
    }

    /// How far the records of these channels were read.
    pub async fn records(&self, channels: Vec<String>) -> Result<Records, Trouble> {
        // By the writer: what it has taken in counts.
        self.note(move |connection| records::all(connection, &channels)).await
    }

    /// The inbox from outside.
    pub fn inbox(&self) -> watch::Receiver<InboxState> {
        self.inbox.clone()
    }

    /// What is wrong with the file, if anything is.
    pub fn health(&self) -> watch::Receiver<Option<Trouble>> {
        self.health.clone()
    }

    /// What has become of a damaged file: what was saved of it and where it is now. It stays until the next one.
    pub fn notice(&self) -> watch::Receiver<Option<Trouble>> {
        self.notice.clone()
    }

    /// From now on no more than this is kept. What goes, goes in quiet times: soon, and then once an hour.
    pub async fn keep_at_most(&self, retention: Retention) {
        // An error means that the store has stopped.
        let _ = self.orders.send(Order::Keep(retention)).await;
    }

    /// A page of the list.
    pub async fn list(&self, request: ListRequest) -> Result<ListPage, Trouble> {
        self.read(move |connection| list::page(connection, &request)).await
    }

    /// The newest open tasks, newest first.
    pub async fn newest_open(&self, most: u32) -> Result<Vec<Row>, Trouble> {
        self.read(move |connection| list::newest_open(connection, most)).await
    }

    /// One message with everything known of it.
    pub async fn detail(&self, seq: i64) -> Result<Detail, Trouble> {
        self.read(move |connection| detail::read(connection, seq)).await
    }

    /// Somebody has looked at a task.
    pub async fn mark_read(&self, seq: i64) -> Result<(), Trouble> {
        self.change(move |connection| {
            connection.execute("UPDATE messages SET seen = 1 WHERE seq = ?1 AND seen = 0", [seq])?;
            Ok(())
        })
        .await
    }

    /// Somebody has looked at all of them.
    pub async fn mark_all_read(&self) -> Result<(), Trouble> {
        self.change(|connection| {
            connection.execute("UPDATE messages SET seen = 1 WHERE state IN (1, 2) AND seen = 0", [])?;
            Ok(())
        })
        .await
    }

    /// Answers a task: its reply is in the outbox when this returns.
    pub async fn reply(
        &self,
        names: Names,
        seq: i64,
        status: ReplyStatus,
        text: String,
        now: Millis,
    ) -> Result<(), Trouble> {
        self.change(move |connection| outbox::reply(connection, &names, seq, status, &text, now)).await
    }

    /// Puts a message into the outbox.
    pub async fn post(&self, names: Names, letter: Letter, now: Millis) -> Result<(), Trouble> {
        self.note(move |connection| outbox::add(connection, &names, letter, now)).await
    }

    /// What waits to be sent, oldest first; with `only_needed`, tasks, replies and alerts alone.
    pub async fn waiting(&self, most: u32, only_needed: bool) -> Result<Vec<Waiting>, Trouble> {
        self.read(move |connection| outbox::waiting(connection, most, only_needed)).await
    }

    /// Writes down what became of attempts to send. A few of them wait a moment for each other.
    pub async fn sent(&self, outcomes: Vec<(i64, Sent)>, now: Millis) -> Result<(), Trouble> {
        let haste = Haste::of(outcomes.len());
        self.order(haste, Touches::Outbox, move |connection| outbox::sent(connection, &outcomes, now)).await
    }

    /// The next message that waits and can go by the mailbox, on another channel than these.
    pub async fn to_mail(&self, aside: Vec<String>) -> Result<Option<Mailing>, Trouble> {
        self.read(move |connection| outbox::to_mail(connection, &aside)).await
    }

    /// Writes down what became of an attempt to leave a message in the mailbox.
    pub async fn mailed(&self, seq: i64, outcome: Mailed, now: Millis) -> Result<(), Trouble> {
        self.note(move |connection| outbox::mailed(connection, seq, &outcome, now)).await
    }

    /// What a peer did not hear waits once more, in a moment.
    pub async fn revive(&self, peer: String) -> Result<usize, Trouble> {
        self.order(Haste::Soon, Touches::Outbox, move |connection| outbox::revive(connection, &peer)).await
    }

    /// Peers that have not heard something they may still hear.
    pub async fn unheard_peers(&self) -> Result<Vec<String>, Trouble> {
        self.read(|connection| outbox::unheard_peers(connection)).await
    }

    /// The next receipts to give, and how far the cursor moves once they are given. Without `received`, only those
    /// that say a task had expired.
    pub async fn receipts(
        &self,
        names: Names,
        received: bool,
        most: u32,
        now: Millis,
    ) -> Result<(Vec<Receipt>, i64), Trouble> {
        self.read(move |connection| receipts::due(connection, &names, received, most, now)).await
    }

    /// Writes down which receipts were heard. A few of them wait a moment for each other.
    pub async fn receipts_given(&self, given: Vec<(Receipt, Sent)>, until: i64, now: Millis) -> Result<(), Trouble> {
        let haste = Haste::of(given.len());
        self.order(haste, Touches::Outbox, move |connection| receipts::given(connection, &given, until, now)).await
    }

    /// Writes down a time in which nothing could be heard; it stands after everything handed over before this call.
    pub async fn add_gap(&self, since: Millis, until: Millis, cause: String) -> Result<(), Trouble> {
        self.note(move |connection| cursors::add_gap(connection, since, until, &cause)).await
    }

    /// Until when we are known to have listened, at this time; 0 where we never have.
    pub async fn listened_until(&self, now: Millis) -> Result<Millis, Trouble> {
        self.note(move |connection| cursors::listened_until(connection, now)).await
    }

    /// We have listened until then; and when each agent was last heard.
    pub async fn save_heard(&self, listened_until: Option<Millis>, agents: Vec<KnownAgent>) -> Result<(), Trouble> {
        self.note(move |connection| {
            if let Some(until) = listened_until {
                cursors::listened(connection, until)?;
            }
            cursors::save_agents(connection, &agents)
        })
        .await
    }

    /// Agents heard in the past, the latest first.
    pub async fn agents(&self, most: u32) -> Result<Vec<KnownAgent>, Trouble> {
        self.read(move |connection| cursors::agents(connection, most)).await
    }

    /// Small state that was kept under a name; `None` where there is none, or where it is of another shape.
    pub async fn kept<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Trouble> {
        // By the writer: its file is open, or it says why not.
        let value = self.note(move |connection| kept::read(connection, name)).await?;
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    /// Keeps small state under a name. It must not hold a secret.
    pub async fn keep<T: Serialize>(&self, name: &'static str, value: &T) -> Result<(), Trouble> {
        let value = serde_json::to_string(value)
            .map_err(|error| Trouble::new(TroubleCode::Internal, error.to_string(), "Start Heliograph again."))?;
        self.note(move |connection| kept::write(connection, name, &value)).await
    }

    /// What the connection cost on each day from this one on.
    pub async fn usage(&self, from: String) -> Result<Vec<Amount>, Trouble> {
        // By the writer: its file is open, or it says why not.
        self.note(move |connection| usage::read(connection, &from)).await
    }

    /// Writes down what it cost, in the place of what stood there, and forgets what is older than that day.
    pub async fn set_usage(&self, amounts: Vec<Amount>, forget_before: String) -> Result<(), Trouble> {
        let change = move |connection: &mut Connection| usage::write(connection, &amounts, &forget_before);
        self.order(Haste::Soon, Touches::Outbox, change).await
    }

    /// How many tasks have come since then; of a great many, at least so many.
    pub async fn tasks_since(&self, since: Millis) -> Result<u64, Trouble> {
        self.read(move |connection| usage::tasks_since(connection, since)).await
    }

    /// Commits what has arrived, closes the file and ends the threads.
    pub async fn stop(&self) {
        let (stopped, wait) = oneshot::channel();
        if self.orders.send(Order::Stop(stopped)).await.is_ok() {
            // An error means that the thread has ended already.
            let _ = wait.await;
        }
    }

    /// A change that may alter where tasks stand.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Trouble> {
        self.order(Haste::Now, Touches::Tasks, change).await
    }

    /// A change after which every task stands where it stood.
    async fn note<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Trouble> {
        self.order(Haste::Now, Touches::Outbox, change).await
    }

    async fn order<T: Send + 'static>(
        &self,
        haste: Haste,
        touches: Touches,
        change: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Trouble> {
        let (answer, wait) = oneshot::channel();
        let path = Arc::clone(&self.path);
        let order = Order::Change(
            haste,
            touches,
            Box::new(move |connection| {
                let result = connection.and_then(|connection| change(connection).map_err(|error| error.trouble(&path)));
                let trouble = result.as_ref().err().cloned();
                // Whoever asked may have stopped waiting.
                let _ = answer.send(result);
                trouble
            }),
        );
        self.orders.send(order).await.map_err(|_| stopping())?;
        wait.await.map_err(|_| stopping())?
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Trouble> {
        let (answer, wait) = oneshot::channel();
        let path = Arc::clone(&self.path);
        let question: Question = Box::new(move |connection| {
            let result = connection.and_then(|connection| question(connection).map_err(|error| error.trouble(&path)));
            let trouble = result.as_ref().err().cloned();
            // Whoever asked may have stopped waiting.
            let _ = answer.send(result);
            trouble
        });
        self.opened().await;
        self.questions.send(question).await.map_err(|_| stopping())?;
        wait.await.map_err(|_| stopping())?
    }

    /// Waits until the writer has opened the file or said why it cannot: before that there may be half a file.
    async fn opened(&self) {
        let (mut inbox, mut health) = (self.inbox.clone(), self.health.clone());
        tokio::select! {
            _ = inbox.wait_for(|inbox| inbox.file > 0) => {}
            _ = health.wait_for(Option::is_some) => {}
        }
    }
}

/// The version of SQLite that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

fn stopping() -> Trouble {
    Trouble::new(TroubleCode::Internal, "Heliograph is stopping.", "Start it again.")
}

/// The type of a message from its column. What cannot be read has none: any word may be a type.
fn kind_of(column: &str) -> Kind {
    if column.is_empty() { Kind::Unreadable } else { Kind::named(column) }
}

/// The column for a message of that type.
fn column_of(kind: &Kind) -> &str {
    if *kind == Kind::Unreadable { "" } else { kind.name() }
}

#[cfg(test)]
mod tests;
