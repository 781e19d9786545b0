//! What the link hands over, and what stands in the records, on its way to the store: read, noticed, passed on in order.
//!
//! After every connection the records are read before anything that was heard since is looked at: that waits with the
//! link, within its bounds. It ends when the link has ended and everything it handed over is with the store. While the
//! store takes nothing it waits, so that the link stops reading.

mod absence;
mod reading;

use std::sync::Arc;

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

pub(super) use self::reading::{is_echo, is_notable, line};
use self::{absence::Absence, reading::PONG};
use super::{board::Board, rotation::Stood};
use crate::{
    catchup::{self, Reader},
    link::{AskFailed, Delivery, Heard, Link, Missed},
    message::{Millis, Priority, channel, now},
    settings::Settings,
    store::{self, KnownAgent, Letter, Reached, Records, Store, Way},
    trouble::{Trouble, TroubleCode},
};

/// Under which name the channels in use are kept.
const IN_USE: &str = "channels_in_use";

/// Why there was a gap before the first connection.
const NOT_RUNNING: &str = "Heliograph was not running";

/// After so long without hearing anything, what was sent meanwhile is summed up instead of being told one by one.
const LONG_AWAY: Millis = 60_000;

/// How far back old messages are offered at the very first start.
const EARLIER: Millis = 3_600_000;

pub(super) struct Intake {
    /// May change while we run; looked at once a batch.
    settings: watch::Receiver<Settings>,
    store: Store,
    link: Link,
    board: Arc<Board>,
    absence: Absence,
    /// The session whose beginning was the last that we heard of, by when it was.
    session: Option<Millis>,
}

/// A person wants something of the intake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// What stands in the records from the hour before the very first start.
    Earlier,
}

/// Why reading the records came to an end before everything was read. It goes on from there another time.
#[derive(Debug, thiserror::Error)]
enum Halted {
    #[error(transparent)]
    Link(AskFailed),
    #[error(transparent)]
    Store(Trouble),
}

impl Intake {
    pub(super) fn new(settings: watch::Receiver<Settings>, store: Store, link: Link, board: Arc<Board>) -> Self {
        Self { settings, store, link, board, absence: Absence::default(), session: None }
    }

    pub(super) async fn run(mut self, mut deliveries: mpsc::Receiver<Delivery>, mut wishes: mpsc::Receiver<Wish>) {
        let arrivals = self.store.arrivals();
        self.absence = Absence::new(self.store.kept(IN_USE).await.ok().flatten().unwrap_or_default());
        let mut first = true;
        loop {
            let delivery = tokio::select! {
                delivery = deliveries.recv() => delivery,
                Some(wish) = wishes.recv() => {
                    self.grant(wish).await;
                    continue;
                }
            };
            match delivery {
                None => break,
                Some(Delivery::Messages(batch)) => {
                    let read = self.read(batch, Way::Live);
                    if !read.arrivals.is_empty() && arrivals.send(read.arrivals).await.is_err() {
                        return;
                    }
                    self.answer(read.pings).await;
                    self.absence.heard_live(&read.channels);
                    self.absence.heard_ourselves(read.own_heartbeat_sent);
                    if let Some(at) = read.own_heartbeat {
                        self.proved(at).await;
                    } else if self.absence.has_heard_much() {
                        self.prove(false).await;
                    }
                }
                Some(Delivery::Connected { at, missed }) => {
                    self.connected(at, missed, std::mem::take(&mut first)).await;
                }
            }
        }
        let listening = self.board.look().roster.is_listening();
        self.remember(listening.then(now)).await;
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
            if let Err(trouble) = self.store.post(names.clone(), letter, now()).await {
                tracing::warn!("a ping stays unanswered: {trouble}");
            }
        }
    }

    async fn connected(&mut self, at: Millis, missed: Option<Missed>, first: bool) {
        let seen = Instant::now();
        // Nothing was missed where one connection took over from another.
        let unbroken = missed.is_none() && !first;
        if !unbroken {
            self.board.change(|inner| inner.roster.listening(at));
        }
        match missed {
            Some(missed) => self.absence.missed(missed.since, missed.until, missed.cause.words()),
            None if first => match self.store.listened_until(at).await {
                Ok(0) => {}
                Ok(since) => self.absence.missed(since, at, NOT_RUNNING),
                Err(trouble) => tracing::warn!("it is not known since when nothing was heard: {trouble}"),
            },
            None => {}
        }
        self.absence.connected();
        self.session = Some(at);
        self.board.mended(TroubleCode::RecordUnusable);
        // Whoever has just started the program was away.
        self.prove(first || self.absence.lasted() >= LONG_AWAY).await;
        self.remember(Some(at)).await;
        let deaf_since = missed.map(|missed| missed.since).or(unbroken.then_some(at));
        self.board.stood(Stood { at, seen, deaf_since });
    }

    /// Our own heartbeat came back: everything that was published before it has been heard.
    async fn proved(&mut self, at: Millis) {
        if self.absence.should_read() {
            self.prove(false).await;
        }
        self.remember(Some(at)).await;
    }

    /// Reads the records from where they were left, and with that knows whether anything may be missing.
    async fn prove(&mut self, away: bool) {
        let channels = self.settings.borrow().names().recorded();
        match self.catch_up(channels, away).await {
            Ok(found) => self.absence.proved(now(), &found),
            Err(Halted::Link(AskFailed::Refused(trouble))) => {
                self.board.report(trouble);
                self.absence.unreadable();
            }
            // The next connection, or the next heartbeat, tries again.
            Err(halted) => tracing::info!("the records are not read to their end: {halted}"),
        }
    }

    async fn catch_up(&mut self, channels: Vec<String>, away: bool) -> Result<Vec<(String, catchup::Found)>, Halted> {
        let Records { cursors, newest } = self.store.records(channels.clone()).await.map_err(Halted::Store)?;
        let link = self.link.clone();
        let mut reader = Reader::new(&link, self.session, channels.into_iter().zip(cursors).collect());
        let without_id = self.take_all(&mut reader, away).await?;
        // Some of what was read the last time may still be on its way to us.
        if !self.absence.holds() {
            let all_read = store::Page { reached: vec![Reached::AllRecords(newest)], ..store::Page::default() };
            self.store.take(all_read).await.map_err(Halted::Store)?;
        }
        if without_id {
            // Until a heartbeat has gone round, it is not known which of what is heard was read just now.
            self.link.reconnect_now();
        }
        if let Some(newest) = reader.newest() {
            let newest = Millis::try_from(newest.ms).unwrap_or(Millis::MAX);
            // Only at the very first start: later a new record is one of a new agent.
            let first_start = reader.found().iter().all(|(_, found)| !matches!(found, catchup::Found::Whole));
            if first_start && newest > now() - EARLIER {
                self.board.change(|inner| inner.earlier = true);
            }
        }
        Ok(reader.found().to_vec())
    }

    /// Takes in what is left to read, and says whether there were messages without an id in it.
    async fn take_all(&mut self, reader: &mut Reader<'_>, away: bool) -> Result<bool, Halted> {
        let mut without_id = false;
        while let Some(page) = reader.next().await.map_err(Halted::Link)? {
            let at = now();
            let heard =
                page.entries.into_iter().map(|entry| Heard { channel: entry.channel, payload: entry.payload, at });
            let read = self.read(heard.collect(), Way::Record);
            without_id |= read.arrivals.iter().any(|arrival| arrival.header.id.is_none());
            let page = store::Page { arrivals: read.arrivals, reached: page.reached, away };
            self.store.take(page).await.map_err(Halted::Store)?;
        }
        Ok(without_id)
    }

    async fn grant(&mut self, wish: Wish) {
        let Wish::Earlier = wish;
        self.board.change(|inner| inner.earlier = false);
        let channels = self.settings.borrow().names().recorded();
        let since = u64::try_from(now() - EARLIER).unwrap_or_default();
        let link = self.link.clone();
        if let Err(halted) = self.take_all(&mut Reader::since(&link, self.session, channels, since), true).await {
            tracing::warn!("what was sent before the first start is not read: {halted}");
            self.board.change(|inner| inner.earlier = true);
        }
    }

    async fn write_gaps(&mut self) {
        while let Some(gap) = self.absence.gap() {
            let written = self.store.add_gap(gap.since, gap.until, gap.cause.clone()).await;
            if let Err(trouble) = written {
                tracing::warn!("a gap waits to be written down: {trouble}");
                self.absence.put_back(gap);
                return;
            }
        }
    }

    /// Writes down until when we have listened, and who was heard when.
    async fn remember(&mut self, listened_until: Option<Millis>) {
        self.write_gaps().await;
        if let Some(in_use) = self.absence.changed()
            && let Err(trouble) = self.store.keep(IN_USE, &in_use).await
        {
            tracing::warn!("the channels in use could not be written down: {trouble}");
        }
        // What may have been missed must not be forgotten before it is known.
        let listened_until = listened_until.filter(|_| !self.absence.is_open());
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
