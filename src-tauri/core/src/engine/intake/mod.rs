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
    store::{self, EntryId, KnownAgent, Letter, Reached, Records, Store, Way},
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
    /// When the first connection stood, as long as it is not known what was before it.
    unlearned: Option<Millis>,
    /// What stood in the records before the very first start and may be wanted: since when by the server's clock, and
    /// the last entry of each.
    earlier: Option<(u64, Vec<(String, EntryId)>)>,
    /// The connection ended while the records were read: the next time they are read in small pieces.
    slow: bool,
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
        Self {
            settings,
            store,
            link,
            board,
            absence: Absence::default(),
            session: None,
            unlearned: None,
            earlier: None,
            slow: false,
        }
    }

    pub(super) async fn run(mut self, mut deliveries: mpsc::Receiver<Delivery>, mut wishes: mpsc::Receiver<Wish>) {
        let arrivals = self.store.arrivals();
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
            None if first => self.unlearned = Some(at),
            None => {}
        }
        self.learn().await;
        self.absence.connected();
        self.session = Some(at);
        self.board.mended(TroubleCode::RecordUnusable);
        // Whoever has just started the program was away.
        self.prove(first || self.is_long_away()).await;
        self.remember(Some(at)).await;
        let deaf_since = missed.map(|missed| missed.since).or(unbroken.then_some(at));
        self.board.stood(Stood { at, seen, deaf_since });
    }

    /// What was left by an earlier run: which channels are in use, and until when was listened. Where the file cannot
    /// be read, the next heartbeat tries again.
    async fn learn(&mut self) {
        let Some(at) = self.unlearned else { return };
        let left = async { Ok((self.store.kept(IN_USE).await?, self.store.listened_until(at).await?)) };
        match left.await {
            Ok((in_use, since)) => {
                self.unlearned = None;
                self.absence.were_in_use(in_use.unwrap_or_default());
                if since != 0 {
                    self.absence.missed(since, at, NOT_RUNNING);
                }
            }
            Err::<_, Trouble>(trouble) => tracing::warn!("it is not known since when nothing was heard: {trouble}"),
        }
    }

    fn is_long_away(&self) -> bool {
        self.absence.lasted() >= LONG_AWAY
    }

    /// Our own heartbeat came back: everything that was published before it has been heard.
    async fn proved(&mut self, at: Millis) {
        self.learn().await;
        if self.absence.should_read() {
            self.prove(self.is_long_away()).await;
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
            Err(halted) => {
                tracing::info!("the records are not read to their end: {halted}");
                self.absence.unproved();
            }
        }
    }

    async fn catch_up(&mut self, channels: Vec<String>, away: bool) -> Result<Vec<(String, catchup::Found)>, Halted> {
        let Records { cursors, newest } = self.store.records(channels.clone()).await.map_err(Halted::Store)?;
        let link = self.link.clone();
        let mut reader = Reader::new(&link, self.session, channels.into_iter().zip(cursors).collect());
        if self.slow {
            reader = reader.slowly();
        }
        let taken = self.take_all(&mut reader, away).await;
        // Perhaps the way is so slow that no answer came in time.
        self.slow = matches!(taken, Err(Halted::Link(_)));
        let without_id = taken?;
        // Some of what was read the last time may still be on its way to us.
        if !self.absence.holds() {
            let all_read = store::Page { reached: vec![Reached::AllRecords(newest)], ..store::Page::default() };
            self.store.take(all_read).await.map_err(Halted::Store)?;
        }
        if without_id {
            // Until a heartbeat has gone round, it is not known which of what is heard was read just now.
            self.link.reconnect_now();
        }
        self.offer_earlier(&reader);
        Ok(reader.found().to_vec())
    }

    /// Old messages are offered at the very first start; later a new record is one of a new agent.
    fn offer_earlier(&mut self, reader: &Reader<'_>) {
        let since = u64::try_from(now() - EARLIER).unwrap_or_default();
        let first_start = reader.found().iter().all(|(_, found)| !matches!(found, catchup::Found::Whole));
        if first_start && reader.begun().iter().any(|(_, newest)| newest.ms > since) {
            self.earlier = Some((since, reader.begun().to_vec()));
            self.board.change(|inner| inner.earlier = true);
        }
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
        let Some((since, ends)) = self.earlier.take() else { return };
        self.board.change(|inner| inner.earlier = false);
        let link = self.link.clone();
        let mut reader = Reader::between(&link, self.session, since, ends.clone());
        if let Err(halted) = self.take_all(&mut reader, true).await {
            tracing::warn!("what was sent before the first start is not read: {halted}");
            self.earlier = Some((since, ends));
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
        if self.unlearned.is_none()
            && let Some(in_use) = self.absence.changed()
            && let Err(trouble) = self.store.keep(IN_USE, &in_use).await
        {
            tracing::warn!("the channels in use could not be written down: {trouble}");
        }
        // What may have been missed must not be forgotten before it is known.
        let listened_until = listened_until.filter(|_| !self.absence.is_open() && self.unlearned.is_none());
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
