//! Handing letters over, one batch at a time, and hearing that they are kept. It must not read on meanwhile.

use tokio::sync::{mpsc, oneshot};

use super::{Cursor, Letter, reader::Reader};

/// What was found, to be kept in one transaction.
#[derive(Debug)]
pub struct Batch {
    /// In the order in which GitHub lists them; none where only the cursor moved.
    pub letters: Vec<Letter>,
    /// How far the mailbox was read with these.
    pub cursor: Cursor,
    /// To be answered when both are kept, and dropped when they could not be: then they are given once more.
    pub stored: oneshot::Sender<()>,
}

/// What follows when a batch is kept.
#[derive(Debug)]
pub(super) struct Then {
    /// Of which plan it was.
    pub(super) plan_number: u64,
    pub(super) next: Reader,
    pub(super) more: bool,
    /// The comments that were handled.
    pub(super) handled: Vec<u64>,
}

/// How handing over came out.
#[derive(Debug)]
pub(super) enum Outcome {
    Kept(Box<Then>),
    /// It has to be given once more.
    NotKept,
    /// Nobody takes letters any more.
    Gone,
}

/// At most one batch on its way: while there is one, nothing more is read.
#[derive(Debug)]
pub(super) struct Outlet {
    delivered: mpsc::Sender<Batch>,
    ready: Option<Batch>,
    waiting: Option<(oneshot::Receiver<()>, Then)>,
}

impl Outlet {
    pub(super) fn new(delivered: mpsc::Sender<Batch>) -> Self {
        Self { delivered, ready: None, waiting: None }
    }

    pub(super) fn is_free(&self) -> bool {
        self.waiting.is_none()
    }

    pub(super) fn hand_over(&mut self, letters: Vec<Letter>, then: Then) {
        let (stored, waiting) = oneshot::channel();
        self.ready = Some(Batch { letters, cursor: then.next.cursor.clone(), stored });
        self.waiting = Some((waiting, then));
    }

    /// Takes back what nobody has taken yet.
    pub(super) fn take_back(&mut self) {
        if self.ready.take().is_some() {
            self.waiting = None;
        }
    }

    /// Waits until the batch is kept or not; for ever while there is none. May be dropped and called again.
    pub(super) async fn outcome(&mut self) -> Outcome {
        if self.ready.is_some() {
            match self.delivered.reserve().await {
                Ok(permit) => {
                    if let Some(batch) = self.ready.take() {
                        permit.send(batch);
                    }
                }
                Err(_) => return Outcome::Gone,
            }
        }
        let kept = match &mut self.waiting {
            Some((waiting, _)) => waiting.await.is_ok(),
            None => return std::future::pending().await,
        };
        match self.waiting.take() {
            Some((_, then)) if kept => Outcome::Kept(Box::new(then)),
            _ => Outcome::NotKept,
        }
    }
}
