//! The one thread that reads, beside the one that writes.

use std::{path::Path, sync::Arc};

use rusqlite::Connection;
use tokio::sync::{mpsc, watch};

use super::{InboxState, orders::Order, schema};
use crate::trouble::{Trouble, TroubleCode};

/// A question: it is given the connection, or why there is none, and returns what went wrong, if anything did.
pub(super) type Question = Box<dyn FnOnce(Result<&mut Connection, Trouble>) -> Option<Trouble> + Send>;

/// The reading thread.
pub(super) struct Reader {
    pub(super) path: Arc<Path>,
    pub(super) inbox: watch::Receiver<InboxState>,
    pub(super) orders: mpsc::Sender<Order>,
}

impl Reader {
    /// Answers one question after the other, until every handle is gone. It follows the writer to a new file.
    pub(super) fn run(self, mut questions: mpsc::Receiver<Question>) {
        let mut connection = None;
        let mut of_file = 0;
        while let Some(question) = questions.blocking_recv() {
            let file = self.inbox.borrow().file;
            if connection.is_none() || file != of_file {
                of_file = file;
                connection = match schema::open_for_reading(&self.path) {
                    Ok(opened) => Some(opened),
                    Err(error) => {
                        question(Err(error.trouble(&self.path)));
                        continue;
                    }
                };
            }
            let Some(connection) = &mut connection else { continue };
            if let Some(trouble) = question(Ok(connection))
                && trouble.code == TroubleCode::StoreDamaged
            {
                // With no room among the orders, the next question finds the same.
                let _ = self.orders.try_send(Order::Damaged(of_file, trouble.message));
            }
        }
    }
}
