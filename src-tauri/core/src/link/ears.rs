//! The listening side of a session: takes messages off redis-rs's stream and lays them out to be taken.
//!
//! It must not read on while what was heard is not taken: the gauge then shuts, and the server feels it.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::Stream;
use redis::{Msg, aio::PubSubStream};
use tokio::{task::coop::unconstrained, time::Instant};

use super::{
    Heard, now,
    outlet::{Gone, Outlet},
    probe::Probe,
    tap::Gauge,
};
use crate::message::Millis;

/// What listening came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Messages were heard or taken; perhaps our own heartbeat among them, with its round trip.
    Moving(Option<Duration>),
    /// What was heard is not taken: nothing more is read for now. Said once, when it begins.
    Held,
    /// The mark was heard at which to stop.
    Marked,
    /// The connection ended. Everything that came before is laid out.
    Ended,
    /// Nobody takes deliveries any more.
    Gone,
}

/// What one look at the stream came to.
enum Look {
    Drained,
    Full,
    Marked,
    Ended,
}

/// The listening side of a session.
pub(super) struct Ears {
    stream: PubSubStream,
    gauge: Gauge,
    channels: Vec<Arc<str>>,
    heartbeat: Arc<str>,
    /// Our own message on the heartbeat's channel that is the last to be taken here.
    until: Option<Vec<u8>>,
    /// Our own message there up to which all was heard by others, and is passed over.
    after: Option<Vec<u8>>,
    /// Messages were heard since everything was last looked at.
    fresh: bool,
    /// Since when nothing more could be read, and when that was last so.
    held: Option<(Instant, Instant)>,
    holding: bool,
}

impl Ears {
    pub(super) fn new(stream: PubSubStream, gauge: Gauge, channels: &[&str], heartbeat: &str) -> Self {
        let channels = channels.iter().map(|channel| Arc::from(*channel)).collect();
        Self {
            stream,
            gauge,
            channels,
            heartbeat: Arc::from(heartbeat),
            until: None,
            after: None,
            fresh: false,
            held: None,
            holding: false,
        }
    }

    /// Says [`Flow::Marked`] when this is heard on the heartbeat's channel, and then takes no more.
    pub(super) fn stop_at(&mut self, mark: Option<Vec<u8>>) {
        self.until = mark;
    }

    /// Passes over what comes up to this on the heartbeat's channel, and that too.
    pub(super) fn begin_after(&mut self, mark: Vec<u8>) {
        self.after = Some(mark);
    }

    /// Is what comes still passed over?
    pub(super) fn passes_over(&self) -> bool {
        self.after.is_some()
    }

    pub(super) fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    /// Since when nothing more can be read, as what was heard is not taken; `None` while it flows.
    pub(super) fn held_since(&self) -> Option<Instant> {
        self.held.filter(|_| self.holding).map(|(since, _)| since)
    }

    /// When it was last so that nothing more could be read.
    pub(super) fn last_held(&self, now: Instant) -> Option<Instant> {
        if self.holding { Some(now) } else { self.held.map(|(_, last)| last) }
    }

    /// Hears what there is and hands over what is taken.
    pub(super) fn poll_flow(&mut self, cx: &mut Context<'_>, outlet: &mut Outlet, probe: &mut Probe) -> Poll<Flow> {
        // Before looking: a gate that shuts afterwards then wakes us.
        self.gauge.attend(cx);
        if outlet.poll_give(cx) == Poll::Ready(Err(Gone)) || outlet.is_closed() {
            return Poll::Ready(Flow::Gone);
        }
        if !outlet.has_room() {
            let now = Instant::now();
            if std::mem::replace(&mut self.holding, true) {
                return Poll::Pending;
            }
            self.held = Some((now, now));
            return Poll::Ready(Flow::Held);
        }
        let freed = std::mem::take(&mut self.holding);
        if freed && let Some((_, last)) = &mut self.held {
            *last = Instant::now();
        }
        let mut trip = None;
        let (look, heard) = self.take(cx, outlet, probe, &mut trip);
        self.fresh |= heard;
        if let Look::Drained = look {
            self.gauge.drained(self.fresh);
            self.fresh = false;
        }
        match look {
            Look::Ended => Poll::Ready(Flow::Ended),
            Look::Marked => Poll::Ready(Flow::Marked),
            // The next call hands over, and looks again.
            Look::Full | Look::Drained if heard || freed => Poll::Ready(Flow::Moving(trip)),
            Look::Full | Look::Drained => Poll::Pending,
        }
    }

    /// Takes messages until there are no more, or no room for them.
    ///
    /// Unconstrained, because tokio's budget makes a queue look empty that is not, and the gauge would open for it;
    /// the outlet's bound is what ends a turn.
    fn take(
        &mut self,
        cx: &mut Context<'_>,
        outlet: &mut Outlet,
        probe: &mut Probe,
        trip: &mut Option<Duration>,
    ) -> (Look, bool) {
        let at = now();
        let mut heard = false;
        let taking = std::future::poll_fn(|cx| {
            while outlet.has_room() {
                match Pin::new(&mut self.stream).poll_next(cx) {
                    Poll::Ready(Some(message)) => {
                        heard = true;
                        let message = interned(&message, &self.channels, at);
                        let beat = (message.channel == self.heartbeat).then_some(&message.payload);
                        let echo = beat.and_then(|beat| probe.heard(beat, Instant::now()));
                        *trip = echo.or(*trip);
                        if let Some(after) = &self.after {
                            if beat == Some(after) {
                                self.after = None;
                            } else if echo.is_some() {
                                // A later heartbeat of ours: the mark was lost, and with it the order.
                                return Poll::Ready(Look::Ended);
                            }
                            continue;
                        }
                        let marked = beat.is_some() && self.until.as_ref() == beat;
                        outlet.heard(message);
                        if marked {
                            self.until = None;
                            return Poll::Ready(Look::Marked);
                        }
                    }
                    Poll::Ready(None) => return Poll::Ready(Look::Ended),
                    Poll::Pending => return Poll::Ready(Look::Drained),
                }
            }
            Poll::Ready(Look::Full)
        });
        let look = match pin!(unconstrained(taking)).poll(cx) {
            Poll::Ready(look) => look,
            Poll::Pending => Look::Full,
        };
        (look, heard)
    }
}

/// The message with its channel's name shared instead of copied.
fn interned(message: &Msg, channels: &[Arc<str>], at: Millis) -> Heard {
    let name = message.get_channel_name();
    let known = channels.iter().find(|channel| ***channel == *name);
    let channel = known.map_or_else(|| Arc::from(name), Arc::clone);
    Heard { channel, payload: message.get_payload_bytes().to_vec(), at }
}
