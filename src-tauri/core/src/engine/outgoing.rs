//! What goes out: receipts and what waits in the outbox, in order, whenever the link is up.

mod ways;

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use self::ways::{Waits, Ways};
use super::{
    board::Board,
    event::{Direction, FeedItem},
};
use crate::{
    link::{Link, PublishFailed, Published},
    mailbox::{Mailbox, Post, PostFailed},
    message::{Names, now, summarise},
    settings::Settings,
    store::{InboxState, Mailed, Mailing, Sent, Store},
    text,
    trouble::{Trouble, TroubleCode},
    usage::{CommandKind, Level},
};

/// So many go out in one round trip.
const AT_ONCE: u32 = 128;

/// With more receipts due than this, messages are coming in a flood: taking them in goes first.
const FLOOD: i64 = 1_000;

/// A flood is over when nothing has come for so long; receipts are not put off longer than the second.
const QUIET: Duration = Duration::from_millis(300);
const PUT_OFF: Duration = Duration::from_secs(5);

pub(super) struct Outgoing {
    /// May change while we run; looked at once a turn.
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) store: Store,
    pub(super) link: Link,
    pub(super) mailbox: Mailbox,
    /// Redis is not to be counted on.
    pub(super) away: watch::Receiver<bool>,
    pub(super) board: Arc<Board>,
    /// How sparing the program is to be.
    pub(super) saving: watch::Receiver<Level>,
}

/// How a turn ended.
enum Turn {
    /// Everything is out.
    Empty,
    /// There may be more.
    More,
    /// The service takes no more for now.
    Stuck,
    /// It goes no further before then.
    Until(Instant),
}

impl Outgoing {
    pub(super) async fn run(self) {
        let mut inbox = self.store.inbox();
        let mut hearing = self.board.hearing();
        let mut ways = Ways { link: self.link.status(), away: self.away.clone(), mailbox: self.mailbox.status() };
        let mut waits = Waits::default();
        let mut saving = self.saving.clone();
        let mut unheard = self.unheard().await;
        let mut receipts_from = 0;
        loop {
            self.revive(&mut unheard).await;
            let standing = ways.look();
            waits.look(standing, Instant::now());
            let turn = if standing.connected {
                self.let_a_flood_pass(&mut inbox, receipts_from).await;
                self.turn(&mut unheard, &mut receipts_from).await
            } else if standing.away && standing.open {
                self.leave_waiting(&mut unheard, &mut waits).await
            } else {
                Ok(Turn::Empty)
            };
            let now = Instant::now();
            let until = match turn {
                Ok(Turn::More) => continue,
                Ok(Turn::Empty) => {
                    waits.rested();
                    None
                }
                Ok(Turn::Stuck) => Some(waits.rest(now)),
                Ok(Turn::Until(at)) => Some(at),
                Err(trouble) => {
                    tracing::warn!("the outbox waits: {trouble}");
                    Some(waits.rest(now))
                }
            };
            if let Some(until) = until {
                if timeout_at(until, ways.stand_otherwise(standing)).await == Ok(true) {
                    return;
                }
                continue;
            }
            let again = waits.aside_until();
            let gone = tokio::select! {
                changed = inbox.changed() => changed.is_err(),
                gone = ways.changed() => gone,
                changed = hearing.changed() => changed.is_err(),
                changed = saving.changed() => changed.is_err(),
                () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => false,
            };
            if gone {
                return;
            }
        }
    }

    async fn unheard(&self) -> HashSet<String> {
        let mut inbox = self.store.inbox();
        // The first state comes once the file is open.
        let _ = inbox.wait_for(|state| state.file > 0).await;
        self.store.unheard_peers().await.unwrap_or_default().into_iter().collect()
    }

    /// Whoever was heard again gets what it missed.
    async fn revive(&self, unheard: &mut HashSet<String>) {
        for peer in self.board.take_heard() {
            if !unheard.contains(&peer) {
                continue;
            }
            match self.store.revive(peer.clone()).await {
                Ok(_) => {
                    unheard.remove(&peer);
                }
                Err(trouble) => tracing::warn!("what {peer:?} did not hear still waits: {trouble}"),
            }
        }
    }

    async fn let_a_flood_pass(&self, inbox: &mut watch::Receiver<InboxState>, from: i64) {
        let began = Instant::now();
        while inbox.borrow_and_update().newest - from > FLOOD && began.elapsed() < PUT_OFF {
            if timeout(QUIET, inbox.changed()).await.is_err() {
                return;
            }
        }
    }

    async fn turn(&self, unheard: &mut HashSet<String>, receipts_from: &mut i64) -> Result<Turn, Trouble> {
        let names = self.settings.borrow().names();
        let receipts = self.give_receipts(&names, unheard, receipts_from).await?;
        let letters = self.send_waiting(&names, unheard).await?;
        Ok(match (receipts, letters) {
            (Turn::Empty, Turn::Empty) => Turn::Empty,
            (Turn::Empty | Turn::More, Turn::Empty | Turn::More) => Turn::More,
            _ => Turn::Stuck,
        })
    }

    /// Publishes, each with its answer and in their order.
    async fn publish(
        &self,
        kind: CommandKind,
        messages: impl Iterator<Item = (&str, &[u8])>,
    ) -> Vec<Result<Published, PublishFailed>> {
        let record = self.settings.borrow().recorded().filter(|_| !self.scarce());
        let published =
            messages.map(|(channel, payload)| self.link.publish_as(kind, channel, payload.to_vec(), record));
        let answers = join_all(published).await;
        let refused = answers.iter().find_map(|answer| answer.as_ref().ok()?.unrecorded.clone());
        if let Some(trouble) = refused {
            self.board.report(trouble);
        }
        answers
    }

    /// Only what must go out does.
    fn scarce(&self) -> bool {
        *self.saving.borrow() == Level::Scarce
    }

    async fn give_receipts(
        &self,
        names: &Names,
        unheard: &mut HashSet<String>,
        from: &mut i64,
    ) -> Result<Turn, Trouble> {
        if self.store.inbox().borrow().newest <= *from {
            return Ok(Turn::Empty);
        }
        let received = self.settings.borrow().replies.received && !self.scarce();
        let (due, mut until) = self.store.receipts(names.clone(), received, AT_ONCE, now()).await?;
        let answers =
            self.publish(CommandKind::Receipt, due.iter().map(|receipt| (&*receipt.channel, &*receipt.payload))).await;
        let mut given = Vec::with_capacity(due.len());
        let mut stuck = false;
        for (receipt, answer) in due.into_iter().zip(answers) {
            match outcome(answer, own_ears(names, &receipt.channel)) {
                Some(sent) if !stuck => {
                    if sent.may_be_heard() {
                        unheard.insert(receipt.peer.clone());
                    }
                    given.push((receipt, sent));
                }
                // The cursor stops before the first one that did not go out.
                _ if !stuck => {
                    until = receipt.about - 1;
                    stuck = true;
                }
                _ => {}
            }
        }
        if given.is_empty() && !stuck && until <= *from {
            return Ok(Turn::Empty);
        }
        self.store.receipts_given(given, until, now()).await?;
        *from = until;
        Ok(if stuck { Turn::Stuck } else { Turn::More })
    }

    async fn send_waiting(&self, names: &Names, unheard: &mut HashSet<String>) -> Result<Turn, Trouble> {
        if self.store.inbox().borrow().waiting_to_send == 0 {
            return Ok(Turn::Empty);
        }
        let waiting = self.store.waiting(AT_ONCE, self.scarce()).await?;
        let answers =
            self.publish(CommandKind::Publish, waiting.iter().map(|letter| (&*letter.channel, &*letter.payload))).await;
        let mut outcomes = Vec::with_capacity(waiting.len());
        let mut stuck = false;
        for (letter, answer) in waiting.iter().zip(answers) {
            let Some(sent) = outcome(answer, own_ears(names, &letter.channel)) else {
                stuck = true;
                continue;
            };
            if sent.may_be_heard()
                && let Some(peer) = names.receiver(&letter.channel)
            {
                unheard.insert(peer.to_owned());
            }
            outcomes.push((letter.seq, sent));
        }
        self.board.feed(
            waiting.iter().filter(|letter| outcomes.iter().any(|(seq, _)| *seq == letter.seq)).map(line).collect(),
        );
        let none = outcomes.is_empty();
        if !none {
            self.store.sent(outcomes, now()).await?;
        }
        Ok(match (stuck, none) {
            (true, _) => Turn::Stuck,
            (false, true) => Turn::Empty,
            (false, false) => Turn::More,
        })
    }

    /// Leaves what waits in the mailbox, one after the other.
    async fn leave_waiting(&self, unheard: &mut HashSet<String>, waits: &mut Waits) -> Result<Turn, Trouble> {
        if let Some(at) = waits.mail_from() {
            return Ok(Turn::Until(at));
        }
        let next = self.store.to_mail(waits.aside()).await?;
        let Some(Mailing { waiting, id, perhaps_left }) = next else { return Ok(Turn::Empty) };
        // Should the power fail now, it is looked for there before it is left once more.
        self.store.mailed(waiting.seq, Mailed::Begun, now()).await?;
        let post = Post {
            channel: waiting.channel.clone(),
            payload: waiting.payload.clone(),
            id,
            perhaps_posted: perhaps_left,
        };
        let cannot = |why: String| self.store.mailed(waiting.seq, Mailed::Cannot(why), now());
        match self.mailbox.post(post).await {
            Ok(_) => {
                waits.left();
                self.store.mailed(waiting.seq, Mailed::Left, now()).await?;
                let names = self.settings.borrow().names();
                unheard.extend(names.receiver(&waiting.channel).map(str::to_owned));
                self.board.feed(vec![line(&waiting)]);
            }
            Err(failed @ PostFailed::TooLong { .. }) => cannot(failed.to_string()).await?,
            Err(PostFailed::Refused(trouble)) if trouble.code == TroubleCode::NotPossible => {
                cannot(trouble.message).await?;
            }
            Err(PostFailed::Limited { until }) => {
                let wait = u64::try_from(until - now()).unwrap_or_default().max(1_000);
                return Ok(Turn::Until(waits.not_before(Instant::now() + Duration::from_millis(wait))));
            }
            // It may be this channel alone: what waits for others goes on.
            Err(PostFailed::Refused(_)) => waits.put_aside(waiting.channel.clone(), Instant::now()),
            Err(PostFailed::NotSetUp) => return Ok(Turn::Empty),
            Err(PostFailed::Unreachable(_) | PostFailed::Unknown) => {
                return Ok(Turn::Until(waits.later(Instant::now())));
            }
        }
        Ok(Turn::More)
    }
}

/// How many of a channel's listeners are ourselves.
fn own_ears(names: &Names, channel: &str) -> u64 {
    u64::from(names.heard().iter().any(|heard| heard == channel))
}

/// What became of it, with so many of those who heard it being ourselves; `None` where it waits for another try.
fn outcome(answer: Result<Published, PublishFailed>, own_ears: u64) -> Option<Sent> {
    match answer {
        Ok(Published { heard, .. }) if heard <= own_ears => Some(Sent::Unheard),
        Ok(_) => Some(Sent::Heard),
        Err(PublishFailed::Refused(trouble)) => Some(Sent::Refused(trouble.message)),
        Err(PublishFailed::Failed(trouble)) => Some(Sent::Failed(trouble.message)),
        // One that may have been sent goes out again with the same id: whoever heard it can tell.
        Err(PublishFailed::NotConnected | PublishFailed::Unknown | PublishFailed::Limited(_)) => None,
    }
}

fn line(letter: &crate::store::Waiting) -> FeedItem {
    let kind = crate::message::Kind::named(&letter.kind);
    FeedItem {
        at: now(),
        direction: Direction::Out,
        channel: text::line(&letter.channel, 80),
        from: String::new(),
        summary: summarise(&kind, &letter.payload).title,
        kind: text::line(&letter.kind, 60),
        seq: None,
    }
}
