//! Reading what came: its envelope, who was heard by it, and whether it raises a notification. It must not wait.

use std::sync::Arc;

use super::Intake;
use crate::{
    engine::{
        event::{Direction, FeedItem},
        rotation::Notice,
    },
    link::Heard,
    message::{Header, Kind, Millis, channel, read, summarise},
    settings::Notifications,
    store::{Arrival, Way},
    text,
};

/// Of one batch, at most so many lines go into the feed and so many pings are answered.
const SHOWN_OF_A_BATCH: usize = 20;

/// The answer to a ping.
pub(super) const PONG: &str = "pong";

#[derive(Default)]
pub(super) struct Read {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) pings: Vec<(String, Option<String>)>,
    pub(super) own_heartbeat: Option<Millis>,
    /// When that was sent.
    pub(super) own_heartbeat_sent: Option<Millis>,
    /// On which channels that may have a record, one for each message.
    pub(super) channels: Vec<Arc<str>>,
}

impl Intake {
    /// What came some way. What stands in a record is no sign of life, and its pings are no longer waited for.
    pub(super) fn read(&self, batch: Vec<Heard>, way: Way) -> Read {
        let settings = self.settings.borrow().clone();
        let mut read = Read { arrivals: Vec::with_capacity(batch.len()), ..Read::default() };
        let mut heard: Vec<(String, bool, Millis)> = Vec::new();
        let live = way == Way::Live;
        let held = live && self.absence.holds();
        let from = batch.len().saturating_sub(SHOWN_OF_A_BATCH);
        let mut shown = Vec::new();
        let mut notices = Vec::new();
        for (index, message) in batch.into_iter().enumerate() {
            let header = self::read(&message.channel, &message.payload);
            // Also of ourselves, and of another computer that goes by our name.
            notices.extend(Notice::read(&message.channel, &header, &message.payload, message.at));
            if is_echo(&settings.agents.me, &message.channel, &header) {
                if header.kind == Kind::Heartbeat {
                    read.own_heartbeat = Some(message.at);
                    read.own_heartbeat_sent = header.sent_at;
                }
                continue;
            }
            if live {
                note(&mut heard, &header, message.at);
            }
            if index >= from {
                shown.push(line(&message.channel, &message.payload, message.at, &header));
            }
            match header.kind {
                Kind::Heartbeat => continue,
                Kind::Ping if live && read.pings.len() < SHOWN_OF_A_BATCH => {
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
            read.channels.push(Arc::clone(&channel));
            read.arrivals.push(Arrival { channel, header, payload, at, notable, way, held, login: None, doubt: None });
        }
        self.board.heard(&heard);
        self.board.feed(shown);
        self.board.rotation_said(notices);
        read
    }
}

/// Does the person want a notification of it?
pub(in crate::engine) fn is_notable(wanted: &Notifications, header: &Header) -> bool {
    let soon_enough = header.priority >= wanted.least || header.kind == Kind::Alert;
    soon_enough && wanted.types.iter().any(|kind| kind == header.kind.name())
}

/// What we say on the channels for all comes back to us.
pub(in crate::engine) fn is_echo(me: &str, on: &str, header: &Header) -> bool {
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

/// A line of the feed.
pub(in crate::engine) fn line(on: &str, payload: &[u8], at: Millis, header: &Header) -> FeedItem {
    let summary = summarise(&header.kind, payload);
    FeedItem {
        at,
        direction: Direction::In,
        channel: text::line(on, 80),
        from: text::line(&header.from, 60),
        kind: text::line(header.kind.name(), 60),
        summary: if header.kind == Kind::Heartbeat { String::new() } else { summary.title },
        seq: None,
    }
}
