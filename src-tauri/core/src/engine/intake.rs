//! What the link hands over, on its way to the store: read, noticed, and passed on in order.
//!
//! It ends when the link has ended and everything it handed over is with the store. While the store takes nothing it
//! waits, so that the link stops reading.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{
    board::Board,
    event::{Direction, FeedItem},
};
use crate::{
    link::{Delivery, Heard, Missed},
    message::{Header, Kind, Millis, Priority, channel, read, summarise},
    settings::{Notifications, Settings},
    store::{Arrival, KnownAgent, Letter, Store},
    text,
};

/// Of one batch, at most so many lines go into the feed and so many pings are answered.
const SHOWN_OF_A_BATCH: usize = 20;

/// Why there was a gap before the first connection.
const NOT_RUNNING: &str = "Heliograph was not running";

/// The answer to a ping.
const PONG: &str = "pong";

/// No gap shorter than this is worth a line.
const SHORTEST_GAP: Millis = 100;

pub(super) struct Intake {
    /// May change while we run; looked at once a batch.
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) store: Store,
    pub(super) board: Arc<Board>,
    /// Gaps that could not be written down yet.
    pub(super) gaps: Vec<(Millis, Millis, String)>,
}

impl Intake {
    pub(super) async fn run(mut self, mut deliveries: mpsc::Receiver<Delivery>) {
        let arrivals = self.store.arrivals();
        let mut first = true;
        while let Some(delivery) = deliveries.recv().await {
            match delivery {
                Delivery::Messages(batch) => {
                    let read = self.read(batch);
                    if !read.arrivals.is_empty() && arrivals.send(read.arrivals).await.is_err() {
                        return;
                    }
                    self.answer(read.pings).await;
                    if let Some(at) = read.own_heartbeat {
                        self.remember(Some(at)).await;
                    }
                }
                Delivery::Connected { at, missed } => {
                    self.connected(at, missed, std::mem::take(&mut first)).await;
                }
            }
        }
        let listening = self.board.look().roster.is_listening();
        self.remember(listening.then(crate::message::now)).await;
    }

    fn read(&self, batch: Vec<Heard>) -> Read {
        let settings = self.settings.borrow().clone();
        let mut read = Read { arrivals: Vec::with_capacity(batch.len()), ..Read::default() };
        let mut heard: Vec<(String, bool, Millis)> = Vec::new();
        let from = batch.len().saturating_sub(SHOWN_OF_A_BATCH);
        let mut shown = Vec::new();
        for (index, message) in batch.into_iter().enumerate() {
            let header = self::read(&message.channel, &message.payload);
            if is_echo(&settings.agents.me, &message.channel, &header) {
                if header.kind == Kind::Heartbeat {
                    read.own_heartbeat = Some(message.at);
                }
                continue;
            }
            note(&mut heard, &header, message.at);
            if index >= from {
                shown.push(line(&message, &header));
            }
            match header.kind {
                Kind::Heartbeat => continue,
                Kind::Ping if read.pings.len() < SHOWN_OF_A_BATCH => {
                    read.pings.push((header.from.clone(), header.id.clone()));
                }
                _ => {}
            }
            if let (Kind::Other(kind), Some(about)) = (&header.kind, &header.reply_to)
                && &**kind == PONG
            {
                self.board.answered(about);
            }
            let notable = is_notable(&settings.notifications, &header);
            let Heard { channel, payload, at } = message;
            read.arrivals.push(Arrival { channel, header, payload, at, notable });
        }
        self.board.heard(&heard);
        self.board.feed(shown);
        read
    }

    async fn answer(&self, pings: Vec<(String, Option<String>)>) {
        if pings.is_empty() {
            return;
        }
        let names = self.settings.borrow().names();
        for (from, id) in pings {
            let peer = if from.is_empty() { names.peers.first().cloned().unwrap_or_default() } else { from };
            let channel = channel::between(&names.me, &peer);
            let letter = Letter {
                data: serde_json::json!({ "ping": id.clone() }),
                reply_to: id,
                kind: PONG.into(),
                priority: Priority::Normal,
                channel,
            };
            if let Err(trouble) = self.store.post(names.clone(), letter, crate::message::now()).await {
                tracing::warn!("a ping stays unanswered: {trouble}");
            }
        }
    }

    async fn connected(&mut self, at: Millis, missed: Option<Missed>, first: bool) {
        self.board.change(|inner| inner.roster.listening(at));
        match missed {
            Some(missed) => self.gaps.push((missed.since, missed.until, missed.cause.words().to_owned())),
            None if first => match self.store.listened_until().await {
                Ok(0) => {}
                Ok(since) => self.gaps.push((since, at, NOT_RUNNING.to_owned())),
                Err(trouble) => tracing::warn!("it is not known since when nothing was heard: {trouble}"),
            },
            None => {}
        }
        self.gaps.retain(|(since, until, _)| until - since >= SHORTEST_GAP);
        self.write_gaps().await;
        self.remember(Some(at)).await;
    }

    async fn write_gaps(&mut self) {
        while let Some((since, until, cause)) = self.gaps.first().cloned() {
            if let Err(trouble) = self.store.add_gap(since, until, cause).await {
                tracing::warn!("a gap waits to be written down: {trouble}");
                return;
            }
            self.gaps.remove(0);
        }
    }

    /// Writes down until when we have listened, and who was heard when.
    async fn remember(&mut self, listened_until: Option<Millis>) {
        self.write_gaps().await;
        let agents = self
            .board
            .look()
            .roster
            .remembered()
            .map(|(name, last_heard, interval_s)| KnownAgent { name: name.to_owned(), last_heard, interval_s })
            .collect();
        if let Err(trouble) = self.store.save_heard(listened_until, agents).await {
            tracing::warn!("it could not be written down until when was listened: {trouble}");
        }
    }
}

#[derive(Default)]
struct Read {
    arrivals: Vec<Arrival>,
    pings: Vec<(String, Option<String>)>,
    own_heartbeat: Option<Millis>,
}

/// Does the person want a notification of it?
fn is_notable(wanted: &Notifications, header: &Header) -> bool {
    let soon_enough = header.priority >= wanted.least || header.kind == Kind::Alert;
    soon_enough && wanted.types.iter().any(|kind| kind == header.kind.name())
}

/// What we say on the channels for all comes back to us.
fn is_echo(me: &str, on: &str, header: &Header) -> bool {
    header.from == me && matches!(on, channel::HEARTBEAT | channel::BROADCAST)
}

/// One entry a name is enough, but every heartbeat counts: intervals are learnt from them.
fn note(heard: &mut Vec<(String, bool, Millis)>, header: &Header, at: Millis) {
    if header.from.is_empty() {
        return;
    }
    let beat = header.kind == Kind::Heartbeat;
    match heard.iter_mut().rev().take(8).find(|(name, was_beat, _)| *name == header.from && !was_beat && !beat) {
        Some(entry) => entry.2 = at,
        None => heard.push((header.from.clone(), beat, at)),
    }
}

fn line(message: &Heard, header: &Header) -> FeedItem {
    let summary = summarise(&header.kind, &message.payload);
    FeedItem {
        at: message.at,
        direction: Direction::In,
        channel: text::line(&message.channel, 80),
        from: text::line(&header.from, 60),
        kind: text::line(header.kind.name(), 60),
        summary: if header.kind == Kind::Heartbeat { String::new() } else { summary.title },
        seq: None,
    }
}
