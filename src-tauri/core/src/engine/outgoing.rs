//! What goes out: receipts and what waits in the outbox, in order, whenever the link is up.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    board::Board,
    event::{Direction, FeedItem},
    mailbox::is_open,
};
use crate::{
    link::{Link, LinkState, PublishFailed, Published, Status},
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

/// After GitHub did not answer as it should, so long before the next try.
const LATER: Duration = Duration::from_secs(20);

/// After the service took no more, or the store failed, so long before the next try.
const REST: Duration = Duration::from_secs(1);

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
    /// It goes no further for now.
    Stuck,
    /// It goes no further before then, unless something changes.
    Until(Instant),
}

impl Outgoing {
    pub(super) async fn run(self) {
        let mut inbox = self.store.inbox();
        let mut status = self.link.status();
        let mut hearing = self.board.hearing();
        let mut away = self.away.clone();
        let mut mailbox = self.mailbox.status();
        let mut saving = self.saving.clone();
        let mut unheard = self.unheard().await;
        let mut receipts_from = 0;
        loop {
            self.revive(&mut unheard).await;
            let turn = if connected(&status) {
                self.let_a_flood_pass(&mut inbox, receipts_from).await;
                self.turn(&mut unheard, &mut receipts_from).await
            } else if *away.borrow_and_update() && is_open(&mailbox.borrow_and_update()) {
                self.leave_waiting(&mut unheard).await
            } else {
                Ok(Turn::Empty)
            };
            let mut again = None;
            match turn {
                Ok(Turn::More) => continue,
                Ok(Turn::Empty) => {}
                Ok(Turn::Stuck) => sleep(REST).await,
                Ok(Turn::Until(at)) => again = Some(at),
                Err(trouble) => {
                    tracing::warn!("the outbox waits: {trouble}");
                    sleep(REST).await;
                }
            }
            let gone = tokio::select! {
                changed = inbox.changed() => changed.is_err(),
                changed = status.changed() => changed.is_err(),
                changed = hearing.changed() => changed.is_err(),
                changed = away.changed() => changed.is_err(),
                changed = mailbox.changed() => changed.is_err(),
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
            (Turn::Stuck | Turn::Until(_), _) | (_, Turn::Stuck | Turn::Until(_)) => Turn::Stuck,
            (Turn::Empty, Turn::Empty) => Turn::Empty,
            _ => Turn::More,
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
    async fn leave_waiting(&self, unheard: &mut HashSet<String>) -> Result<Turn, Trouble> {
        let Some(Mailing { waiting, id, perhaps_left }) = self.store.to_mail().await? else { return Ok(Turn::Empty) };
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
                return Ok(Turn::Until(Instant::now() + Duration::from_millis(wait)));
            }
            Err(PostFailed::Refused(_) | PostFailed::NotSetUp) => return Ok(Turn::Empty),
            Err(PostFailed::Unreachable(_) | PostFailed::Unknown) => return Ok(Turn::Until(Instant::now() + LATER)),
        }
        Ok(Turn::More)
    }
}

fn connected(status: &watch::Receiver<Status>) -> bool {
    status.borrow().state == LinkState::Connected
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
