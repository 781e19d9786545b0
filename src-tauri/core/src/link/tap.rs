//! A stream with a gauge on it: how much was read and not yet looked at, when, and how it ended.
//!
//! redis-rs reads a subscription as fast as it can into a queue without a bound, and when the connection ends it
//! does not say why. So the stream below it stops giving bytes while too many wait to be looked at (then the
//! socket fills, and the server feels it), and notes the end. It must not look at what the bytes say.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::now;
use crate::message::Millis;

/// No server sends a message larger than this; one that begins to is not waited for.
const LARGEST_MESSAGE: usize = 64 * 1024 * 1024;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The other side closed it in good order.
    Closed,
    /// It failed.
    Failed(io::ErrorKind),
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Bytes of one message beyond which it is not waited for.
    largest: usize,
    /// Bytes given since the reader last found nothing more to look at.
    unread: usize,
    /// Bytes given since the reader last got a message, or an answer.
    partial: usize,
    total: u64,
    last_byte: Millis,
    end: Option<(End, Millis)>,
    /// Whoever wanted bytes while the gate was shut.
    held_back: Option<Waker>,
    /// Whoever looks at what was read: must look again when the gate shuts, as a message larger than the limit
    /// would otherwise never become complete.
    reader: Option<Waker>,
}

type Shared = Arc<Mutex<State>>;

// A panic elsewhere leaves counters behind, never a broken state.
fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The stream with its gauge; goes to redis-rs.
pub(crate) struct Tap<S> {
    inner: S,
    shared: Shared,
    _gone: DropGuard,
}

/// The reader's side of a [`Tap`].
#[derive(Clone, Debug)]
pub(crate) struct Gauge {
    shared: Shared,
    gone: CancellationToken,
}

/// Puts a gauge on a stream that holds back bytes while `limit` of them wait unread.
pub(super) fn tap<S>(inner: S, limit: usize) -> (Tap<S>, Gauge) {
    with_limits(inner, limit, LARGEST_MESSAGE)
}

/// Puts a gauge on a stream that nobody says to have looked at: it fails when it has given more than `most` bytes.
pub(crate) fn at_most<S>(inner: S, most: usize) -> (Tap<S>, Gauge) {
    with_limits(inner, usize::MAX, most)
}

fn with_limits<S>(inner: S, limit: usize, largest: usize) -> (Tap<S>, Gauge) {
    let state = State {
        limit,
        largest,
        unread: 0,
        partial: 0,
        total: 0,
        last_byte: now(),
        end: None,
        held_back: None,
        reader: None,
    };
    let shared = Arc::new(Mutex::new(state));
    let gone = CancellationToken::new();
    let tap = Tap { inner, shared: Arc::clone(&shared), _gone: gone.clone().drop_guard() };
    (tap, Gauge { shared, gone })
}

impl Gauge {
    /// The reader is about to look: wake it when the gate shuts.
    pub(super) fn attend(&self, cx: &Context<'_>) {
        let mut state = lock(&self.shared);
        if !state.reader.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.reader = Some(cx.waker().clone());
        }
    }

    /// The reader looked at everything there was: opens the gate. `any` says whether there were messages or answers.
    pub(super) fn drained(&self, any: bool) {
        let mut state = lock(&self.shared);
        state.unread = 0;
        if any {
            state.partial = 0;
        }
        let waker = state.held_back.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How many bytes came in all: when it grew, the connection gave a sign of life.
    pub(super) fn total(&self) -> u64 {
        lock(&self.shared).total
    }

    /// When the last byte came; the time of connecting if none did.
    pub(super) fn last_byte(&self) -> Millis {
        lock(&self.shared).last_byte
    }

    /// How and when it ended, if it did.
    pub(crate) fn end(&self) -> Option<(End, Millis)> {
        lock(&self.shared).end
    }

    /// Fires when the stream itself, and so the socket, is dropped.
    pub(super) fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }
}

impl<S> Tap<S> {
    fn ended(&self, end: End) {
        let mut state = lock(&self.shared);
        if state.end.is_none() {
            state.end = Some((end, now()));
        }
    }

    fn note_failure<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &polled {
            self.ended(End::Failed(error.kind()));
        }
        polled
    }

    /// Holds the caller back if too much waits unread.
    fn poll_gate(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.shared);
        if state.partial > state.largest {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        if state.unread < state.limit {
            return Poll::Ready(Ok(()));
        }
        state.held_back = Some(cx.waker().clone());
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.poll_gate(cx) {
            Poll::Ready(Ok(())) => {}
            other => return self.note_failure(other),
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = &polled {
            let count = buf.filled().len() - before;
            if count > 0 {
                let mut state = lock(&self.shared);
                state.unread += count;
                state.partial += count;
                state.total += count as u64;
                state.last_byte = now();
            } else if buf.remaining() > 0 {
                self.ended(End::Closed);
            }
        }
        self.note_failure(polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.note_failure(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        self.note_failure(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
