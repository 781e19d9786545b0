//! What was heard and is not taken yet: batches on their way out, in order and bounded.
//!
//! It outlives a connection, so that a slow taker delays neither the next connection nor loses what the last one
//! brought. It must not wait by itself: whoever polls it decides what else goes on meanwhile.

use std::{
    collections::VecDeque,
    task::{Context, Poll, ready},
};

use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

use super::{Delivery, Heard, Missed};
use crate::message::Millis;

/// At most so many messages in one delivery, and waiting in all before no more are read.
const MESSAGES: usize = 1024;
/// The same for their bytes; one message may be larger.
const BYTES: usize = 1024 * 1024;

/// Nobody takes deliveries any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// Deliveries on their way out.
pub(super) struct Outlet {
    sink: PollSender<Delivery>,
    waiting: VecDeque<Delivery>,
    messages: usize,
    bytes: usize,
}

impl Outlet {
    pub(super) fn new(sink: mpsc::Sender<Delivery>) -> Self {
        Self { sink: PollSender::new(sink), waiting: VecDeque::new(), messages: 0, bytes: 0 }
    }

    /// May more be read?
    pub(super) fn has_room(&self) -> bool {
        self.messages < MESSAGES && self.bytes < BYTES
    }

    /// Is everything handed over?
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A message was heard.
    pub(super) fn heard(&mut self, heard: Heard) {
        self.messages += 1;
        self.bytes += heard.payload.len();
        if let Some(Delivery::Messages(batch)) = self.waiting.back_mut() {
            batch.push(heard);
        } else {
            self.waiting.push_back(Delivery::Messages(vec![heard]));
        }
    }

    /// The subscription is confirmed. Where a gap before this one was not taken yet and nothing was heard in between,
    /// the two become one: a taker that hangs while the connection flaps must not cost memory.
    pub(super) fn connected(&mut self, at: Millis, missed: Option<Missed>) {
        if let Some(Delivery::Connected { at: last, missed: Some(before) }) = self.waiting.back_mut()
            && let Some(missed) = missed
        {
            *last = at;
            before.until = missed.until;
            return;
        }
        self.waiting.push_back(Delivery::Connected { at, missed });
    }

    /// Hands over as much as is taken now; ready when nothing waits any more.
    pub(super) fn poll_give(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        while !self.waiting.is_empty() {
            if ready!(self.sink.poll_reserve(cx)).is_err() {
                return Poll::Ready(Err(Gone));
            }
            let Some(delivery) = self.waiting.pop_front() else { break };
            if let Delivery::Messages(batch) = &delivery {
                self.messages -= batch.len();
                self.bytes -= batch.iter().map(|heard| heard.payload.len()).sum::<usize>();
            }
            if self.sink.send_item(delivery).is_err() {
                return Poll::Ready(Err(Gone));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Did whoever takes deliveries go away?
    pub(super) fn is_closed(&self) -> bool {
        self.sink.is_closed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{future::poll_fn, sync::Arc};

    use super::super::Cause;
    use super::*;

    fn message(payload: &[u8]) -> Heard {
        Heard { channel: Arc::from("c"), payload: payload.to_vec(), at: 1 }
    }

    fn gap(since: Millis, until: Millis) -> Missed {
        Missed { since, until, cause: Cause::ConnectionLost }
    }

    #[tokio::test]
    async fn keeps_the_order_and_its_bound() {
        let (sink, mut taken) = mpsc::channel(1);
        let mut outlet = Outlet::new(sink);
        outlet.connected(1, None);
        while outlet.has_room() {
            outlet.heard(message(b"x"));
        }
        outlet.connected(2, Some(gap(1, 2)));
        let given = tokio::spawn(async move {
            poll_fn(|cx| outlet.poll_give(cx)).await.unwrap();
            (outlet.has_room(), outlet.is_empty())
        });
        assert_eq!(taken.recv().await.unwrap(), Delivery::Connected { at: 1, missed: None });
        assert!(matches!(taken.recv().await.unwrap(), Delivery::Messages(batch) if batch.len() == MESSAGES));
        assert_eq!(taken.recv().await.unwrap(), Delivery::Connected { at: 2, missed: Some(gap(1, 2)) });
        assert_eq!(given.await.unwrap(), (true, true));
    }

    #[tokio::test]
    async fn connections_that_brought_nothing_become_one_gap() {
        let (sink, mut taken) = mpsc::channel(4);
        let mut outlet = Outlet::new(sink);
        outlet.connected(5, Some(gap(1, 5)));
        outlet.connected(9, Some(gap(6, 9)));
        poll_fn(|cx| outlet.poll_give(cx)).await.unwrap();
        assert_eq!(taken.recv().await.unwrap(), Delivery::Connected { at: 9, missed: Some(gap(1, 9)) });
        assert!(taken.try_recv().is_err());
    }

    #[tokio::test]
    async fn says_when_nobody_takes_anything() {
        let (sink, taken) = mpsc::channel(4);
        let mut outlet = Outlet::new(sink);
        drop(taken);
        outlet.heard(message(b"x"));
        assert_eq!(poll_fn(|cx| outlet.poll_give(cx)).await, Err(Gone));
    }
}
