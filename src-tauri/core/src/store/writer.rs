//! The one thread that writes: what arrived, in as few commits as it takes, and changes in between.
//!
//! A commit takes whatever has arrived: one message alone is committed at once, a flood in large batches. What
//! cannot be written is held and tried again; while much is held nothing more is taken in, so the queue fills,
//! the link stops reading, and it is Redis's buffer that grows.
//!
//! Arrivals go first. Every commit waits for the disk, and now and then a disk takes ten times as long as it mostly
//! does: so changes that may wait share the pauses between messages, the search index follows when nothing has come
//! for a moment, and the log is folded into the file when nothing has come for longer.

mod health;
mod pause;

use std::{path::PathBuf, time::Instant};

use rusqlite::Connection;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};

use super::{
    InboxState,
    arrivals::{self, Arrival, Committed, Page},
    aside::Aside,
    damage,
    fault::StoreError,
    inbox,
    keeping::Keeping,
    orders::{Change, Haste, Order, Touches, Waiting},
    outbox,
    records::Reached,
    schema,
    spare::Spare,
};
use crate::trouble::{Trouble, TroubleCode};

/// A commit takes no more rows than this: enough to make its cost per row small, little enough for a change of a
/// person's to get its turn soon.
const ROWS_A_COMMIT: usize = 16_384;

/// Above this many bytes held, nothing more is taken in.
const MOST_HELD: usize = 16 * 1024 * 1024;

/// What a message takes up beside its bytes: of small ones, most of it.
const BESIDE_ITS_BYTES: usize = size_of::<Arrival>() + 128;

/// The ends of the writer's channels.
pub(super) struct Wires {
    pub(super) arrivals: mpsc::Receiver<Vec<Arrival>>,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) committed: mpsc::Sender<Committed>,
    pub(super) inbox: watch::Sender<InboxState>,
    pub(super) health: watch::Sender<Option<Trouble>>,
    pub(super) notice: watch::Sender<Option<Trouble>>,
}

pub(super) struct Writer {
    path: PathBuf,
    runtime: Handle,
    wires: Wires,
    connection: Option<Connection>,
    held: Vec<Arrival>,
    held_bytes: usize,
    /// When what failed is tried again.
    retry_at: Option<Instant>,
    waiting: Waiting,
    spare: Spare,
    keeping: Keeping,
    /// A job on a thread of its own, which has the connection.
    aside: Option<Aside>,
    /// When the file was last set aside, or it was tried.
    rescued: Option<Instant>,
}

enum Next {
    Arrivals(Vec<Arrival>),
    Order(Order),
    /// Changes have waited long enough.
    Changes,
    /// What failed is due again.
    Retry,
    /// Nothing has come for a while.
    Pause,
    /// A job on a thread of its own is through.
    JobEnded,
    /// Every handle is gone.
    Closed,
}

impl Writer {
    pub(super) fn new(path: PathBuf, runtime: Handle, wires: Wires) -> Self {
        Self {
            path,
            runtime,
            wires,
            connection: None,
            held: Vec::new(),
            held_bytes: 0,
            retry_at: None,
            waiting: Waiting::default(),
            spare: Spare::Wait,
            keeping: Keeping::default(),
            aside: None,
            rescued: None,
        }
    }

    /// Runs until it is told to stop, or every handle is gone.
    pub(super) fn run(mut self) {
        self.open();
        loop {
            let next = self.next();
            self.take_back();
            match next {
                Next::Arrivals(batch) => {
                    self.hold(batch);
                    self.gather();
                    self.flush();
                }
                Next::Order(Order::Change(Haste::Soon, touches, change)) => self.waiting.add(touches, change),
                Next::Order(Order::Change(Haste::Now, touches, change)) => {
                    self.waiting.add(touches, change);
                    self.changes();
                }
                Next::Order(Order::Take(page, taken)) => {
                    self.changes();
                    // Whoever asked may have stopped waiting.
                    let _ = taken.send(self.take(&page));
                }
                Next::Order(Order::Keep(retention)) => {
                    self.keeping.set(retention);
                    self.spare = Spare::ALL;
                }
                Next::Order(Order::Damaged(file, how)) => self.suspect(file, how),
                Next::Order(Order::Stop(stopped)) => {
                    self.gather();
                    self.changes();
                    self.connection = None;
                    // Whoever asked may have stopped waiting.
                    let _ = stopped.send(());
                    return;
                }
                Next::Changes => self.changes(),
                Next::Retry => {
                    // Where nothing is held, whoever was refused tries again: it must not be due for ever.
                    self.retry_at = None;
                    if self.connection.is_none() {
                        self.open();
                    }
                    self.flush();
                }
                Next::Pause => self.use_pause(),
                // Taken back already.
                Next::JobEnded => {}
                Next::Closed => return self.changes(),
            }
        }
    }

    fn next(&mut self) -> Next {
        let (changes, retry) = (self.waiting.until(), self.retry_at);
        let now = Instant::now();
        // A flood leaves no moment in which a timer would be looked at.
        if retry.is_some_and(|at| at <= now) {
            return Next::Retry;
        }
        if changes.is_some_and(|at| at <= now) {
            return Next::Changes;
        }
        let pause = self.spare.after(&self.keeping).filter(|_| retry.is_none()).map(|rest| now + rest);
        let room = self.held_bytes < MOST_HELD;
        let aside = &mut self.aside;
        let Wires { arrivals, orders, .. } = &mut self.wires;
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                order = orders.recv() => order.map_or(Next::Closed, Next::Order),
                Some(batch) = arrivals.recv(), if room => Next::Arrivals(batch),
                () = at(retry) => Next::Retry,
                () = at(changes) => Next::Changes,
                () = at(pause) => Next::Pause,
                () = ended(aside) => Next::JobEnded,
            }
        })
    }

    fn hold(&mut self, batch: Vec<Arrival>) {
        self.held_bytes += batch.iter().map(|arrival| arrival.payload.len() + BESIDE_ITS_BYTES).sum::<usize>();
        if self.held.is_empty() {
            self.held = batch;
        } else {
            self.held.extend(batch);
        }
    }

    /// Takes in what else has arrived already.
    fn gather(&mut self) {
        while self.held.len() < ROWS_A_COMMIT && self.held_bytes < MOST_HELD {
            match self.wires.arrivals.try_recv() {
                Ok(batch) => self.hold(batch),
                Err(_) => return,
            }
        }
    }

    /// Writes what was handed over before now: a change stands after what arrived before it.
    fn catch_up(&mut self) {
        for _ in 0..self.wires.arrivals.len() {
            if self.held_bytes >= MOST_HELD {
                break;
            }
            if let Ok(batch) = self.wires.arrivals.try_recv() {
                self.hold(batch);
            }
        }
        self.flush();
    }

    fn open(&mut self) {
        let sound = damage::finish(&self.path).and_then(|()| damage::look_at_the_log(&self.path));
        let opened = sound.and_then(|()| schema::open(&self.path)).and_then(|connection| {
            let state = inbox::read(&connection)?;
            Ok((connection, state))
        });
        match opened {
            Ok((connection, state)) => {
                self.connection = Some(connection);
                self.spare = Spare::ALL;
                self.wires.inbox.send_modify(|known| {
                    known.replace(state);
                    known.file += 1;
                });
                self.well();
            }
            Err(error) => self.unwell(&error),
        }
    }

    fn flush(&mut self) {
        if self.connection.is_none() || self.held.is_empty() {
            return;
        }
        let held = std::mem::take(&mut self.held);
        match self.commit(&held, &[], false) {
            Ok(()) => self.held_bytes = 0,
            Err(error) => {
                self.held = held;
                self.unwell(&error);
            }
        }
    }

    /// Commits what was fetched. What cannot be written can be fetched again.
    fn take(&mut self, page: &Page) -> Result<(), Trouble> {
        if self.connection.is_none() || !self.held.is_empty() {
            return Err(self.why_not());
        }
        self.commit(&page.arrivals, &page.reached, page.away).map_err(|error| {
            self.unwell(&error);
            error.trouble(&self.path)
        })
    }

    fn commit(&mut self, arrivals: &[Arrival], reached: &[Reached], away: bool) -> Result<(), StoreError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let committed = Committed { away, ..arrivals::insert(connection, arrivals, reached)? };
        self.spare = Spare::ALL;
        self.well();
        self.wires.inbox.send_if_modified(|state| state.add(&committed));
        if committed.rows > 0 {
            // Nobody listens only when the engine is stopping.
            let _ = self.wires.committed.blocking_send(committed);
        }
        Ok(())
    }

    /// What is wrong with the file now.
    fn why_not(&self) -> Trouble {
        self.wires.health.borrow().clone().unwrap_or_else(|| {
            StoreError::NotPossible("The file with the messages is not open yet.".into()).trouble(&self.path)
        })
    }

    /// Makes the changes that wait, each after what arrived before it.
    fn changes(&mut self) {
        self.catch_up();
        for (touches, change) in self.waiting.take() {
            self.change(touches, change);
        }
    }

    fn change(&mut self, touches: Touches, change: Change) {
        let Some(connection) = &mut self.connection else {
            change(Err(self.why_not()));
            return;
        };
        if let Some(trouble) = change(Ok(connection)) {
            if trouble.code == TroubleCode::StoreDamaged {
                self.rescue(&StoreError::Damaged(trouble.message));
            }
            return;
        }
        let state = match touches {
            Touches::Tasks => inbox::read(connection),
            Touches::Outbox => outbox::waiting_count(connection)
                .map(|waiting_to_send| InboxState { waiting_to_send, ..*self.wires.inbox.borrow() }),
        };
        if let Ok(state) = state {
            self.wires.inbox.send_if_modified(|current| current.replace(state));
        }
    }
}

/// At that moment, or never.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// At the end of the job, or never.
async fn ended(aside: &mut Option<Aside>) {
    match aside {
        Some(aside) => aside.ended().await,
        None => std::future::pending().await,
    }
}
