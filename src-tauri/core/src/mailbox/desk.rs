//! The postman's desk for one plan: what is known of its repository, what is asked of it, and when next.

mod issues;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use tokio::time::Instant;

use super::{
    Cursor, Letter, Plan, Tuning,
    budget::Purpose,
    comment::Comment,
    directory::Directory,
    error::MailboxError,
    handle::is_same_token,
    meter::Meter,
    outlet::Then,
    post::Doubts,
    reader::{Page, Reader},
    wire::{Answer, Ask, Wire},
};
use crate::{
    link::{backoff::Backoff, now},
    message::{Millis, channel::HEARTBEAT},
    trouble::Trouble,
};

/// The most comments that wait for a reaction; further ones get none. It is a sign to people, nothing depends on it.
const REACTIONS: usize = 200;

/// What outlives a plan.
#[derive(Debug)]
pub(super) struct Lasting {
    pub(super) meter: Meter,
    /// Whose allowance the meter knows.
    token: Option<SecretString>,
    pub(super) doubts: Doubts,
    /// How far it was read, which whoever keeps the cursor may not know yet.
    pub(super) reached: Cursor,
}

impl Lasting {
    pub(super) fn new(tuning: &Tuning) -> Self {
        Self { meter: Meter::new(tuning), token: None, doubts: Doubts::default(), reached: Cursor::default() }
    }
}

/// What one plan needs.
pub(super) struct Desk {
    pub(super) plan: Arc<Plan>,
    pub(super) plan_number: u64,
    pub(super) tuning: Arc<Tuning>,
    wire: Result<Wire, MailboxError>,
    pub(super) meter: Meter,
    pub(super) doubts: Doubts,
    pub(super) directory: Directory,
    pub(super) reader: Reader,
    /// Our own account, once it had to be known.
    pub(super) login: Option<String>,
    pub(super) heard: Vec<String>,
    backoff: Backoff,
    /// Nothing is asked any more before somebody mends this.
    pub(super) stopped: Option<Trouble>,
    /// What stands in the way of reading, and of writing.
    poll_trouble: Option<Trouble>,
    post_trouble: Option<Trouble>,
    pub(super) next_poll: Instant,
    /// `next_poll` is that late because of a fault.
    pub(super) held_up: bool,
    /// The service wants to be asked no more often than this.
    interval: Duration,
    pub(super) last_poll: Option<Millis>,
    /// `None` where the token may not react.
    reactions: Option<VecDeque<u64>>,
    next_reaction: Instant,
}

impl Desk {
    pub(super) async fn open(
        plan: Arc<Plan>,
        plan_number: u64,
        cursor: Cursor,
        lasting: Lasting,
        tuning: Arc<Tuning>,
    ) -> Self {
        let Lasting { mut meter, token, doubts, reached } = lasting;
        if !is_same_token(token.as_ref(), Some(&plan.token)) {
            meter.open();
        }
        let cursor = cursor.of(&plan.repository).further(reached.of(&plan.repository));
        let wire = Wire::new(&plan.api, &plan.repository, &plan.token, &tuning).await;
        let mut heard = plan.names.heard();
        heard.retain(|channel| channel != HEARTBEAT);
        let at = Instant::now();
        Self {
            stopped: wire.as_ref().err().map(MailboxError::trouble),
            wire,
            plan,
            plan_number,
            tuning,
            meter,
            doubts,
            directory: Directory::default(),
            reader: Reader::new(cursor),
            login: None,
            heard,
            backoff: Backoff::default(),
            poll_trouble: None,
            post_trouble: None,
            next_poll: at,
            held_up: false,
            interval: Duration::ZERO,
            last_poll: None,
            reactions: Some(VecDeque::new()),
            next_reaction: at,
        }
    }

    /// What outlives the plan.
    pub(super) fn close(self) -> Lasting {
        let token = Some(self.plan.token.clone());
        Lasting { meter: self.meter, token, doubts: self.doubts, reached: self.reader.cursor }
    }

    /// What is worth telling.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.stopped.as_ref().or(self.poll_trouble.as_ref()).or(self.post_trouble.as_ref())
    }

    /// When the mailbox is next looked into.
    pub(super) fn poll_at(&mut self) -> Option<Instant> {
        let free = self.meter.free_at(Purpose::Poll, Instant::now());
        self.stopped.is_none().then_some(free.max(self.next_poll))
    }

    /// When the next reaction is due.
    pub(super) fn react_at(&mut self) -> Option<Instant> {
        let any = self.reactions.as_ref().is_some_and(|waiting| !waiting.is_empty());
        let free = self.meter.free_at(Purpose::Reaction, Instant::now());
        (any && self.stopped.is_none()).then_some(free.max(self.next_reaction))
    }

    /// Looks as soon as it may.
    pub(super) fn look_now(&mut self) {
        self.next_poll = Instant::now();
        self.held_up = false;
    }

    /// Somebody asked: what was wrong may be mended.
    pub(super) fn try_again(&mut self) {
        self.backoff.reset();
        self.stopped = self.wire.as_ref().err().map(MailboxError::trouble);
        self.post_trouble = None;
        self.look_now();
    }

    pub(super) async fn ask(&mut self, purpose: Purpose, ask: Ask<'_>) -> Result<Answer, MailboxError> {
        let Self { wire, meter, .. } = self;
        match wire {
            Ok(wire) => meter.ask(wire, purpose, ask).await,
            Err(error) => Err(error.clone()),
        }
    }

    /// Looks into the mailbox. What is found is to be handed over.
    pub(super) async fn poll(&mut self, every: Duration) -> Option<(Vec<Letter>, Then)> {
        let looked = self.look().await;
        match looked {
            Ok(page) => {
                self.backoff.reset();
                self.poll_trouble = None;
                self.held_up = false;
                self.last_poll = Some(now());
                self.next_poll = Instant::now() + every.max(self.interval);
                let page = page?;
                if !page.news {
                    self.reader = page.next;
                    if page.more {
                        self.look_now();
                    }
                    return None;
                }
                let trusted = page.letters.iter().filter(|letter| letter.trust == super::Trust::Trusted);
                let handled = trusted.map(|letter| letter.comment).collect();
                let plan_number = self.plan_number;
                Some((page.letters, Then { plan_number, next: page.next, more: page.more, handled }))
            }
            Err(error) => {
                self.not_looked(&error);
                None
            }
        }
    }

    /// A batch is kept.
    pub(super) fn kept(&mut self, then: Then) {
        if then.plan_number != self.plan_number {
            // Of the plan before, whose cursor may have come to us older than this.
            self.reader.reached(then.next.cursor.of(&self.plan.repository));
            return;
        }
        self.reader = then.next;
        if then.more {
            self.look_now();
        }
        if let Some(waiting) = &mut self.reactions {
            let room = REACTIONS.saturating_sub(waiting.len());
            waiting.extend(then.handled.into_iter().take(room));
        }
    }

    /// A batch could not be kept: it is read again, a little later.
    pub(super) fn not_kept(&mut self) {
        self.wait_for_a_while();
    }

    /// Marks the next comment that was handled.
    pub(super) async fn react(&mut self) {
        let Some(id) = self.reactions.as_mut().and_then(VecDeque::pop_front) else { return };
        let id = id.to_string();
        let ask = Ask::post(&["issues", "comments", &id, "reactions"], json!({ "content": "eyes" }));
        let answer = self.ask(Purpose::Reaction, ask).await;
        self.next_reaction = Instant::now() + self.tuning.reaction_pause;
        if let Err(error) = answer {
            tracing::debug!(%error, "a comment got no reaction");
            match error {
                MailboxError::Forbidden => self.reactions = None,
                MailboxError::TokenRefused => self.stop(&error),
                _ => {}
            }
        }
    }

    /// A refusal that concerns writing; the token itself may be at fault.
    pub(super) fn refused_to_post(&mut self, error: &MailboxError) {
        match error {
            MailboxError::TokenRefused => self.stop(error),
            _ => self.post_trouble = Some(error.trouble()),
        }
    }

    /// Writing works.
    pub(super) fn posted(&mut self) {
        self.post_trouble = None;
    }

    async fn look(&mut self) -> Result<Option<Page>, MailboxError> {
        if self.reader.cursor.is_nowhere() {
            return self.begin().await.map(Some);
        }
        let answer = self.ask(Purpose::Poll, self.reader.ask()).await?;
        self.interval = answer.told.poll_interval.unwrap_or_default();
        if answer.unchanged {
            return Ok(None);
        }
        let comments: Vec<Comment> = answer.json()?;
        let numbers: Vec<u64> =
            comments.iter().filter(|comment| self.reader.cursor.is_new(comment)).filter_map(Comment::issue).collect();
        let fresh = self.directory.is_fresh(self.tuning.hour, Instant::now());
        let known = fresh && numbers.iter().all(|number| self.directory.knows(*number));
        if !known && !numbers.is_empty() {
            self.read_directory(Purpose::Poll).await?;
            self.directory.note_foreign(numbers);
        }
        let Self { directory, heard, plan, .. } = self;
        let letter = |comment: &Comment| {
            let channel = directory.channel(comment.issue()?)?;
            let ours = heard.iter().any(|heard| heard == channel);
            ours.then(|| comment.letter(channel, &plan.allowed, &plan.names))?
        };
        Ok(Some(self.reader.read(&comments, answer.told.etag, letter)))
    }

    /// The first time: from now on.
    async fn begin(&mut self) -> Result<Page, MailboxError> {
        let answer = self.ask(Purpose::Poll, Reader::ask_for_the_end()).await?;
        let comments: Vec<Comment> = answer.json()?;
        let at = answer.told.date.unwrap_or_else(Timestamp::now).as_second();
        let next = Reader::begin(&self.plan.repository, &comments, at);
        Ok(Page { letters: Vec::new(), next, news: true, more: false })
    }

    fn not_looked(&mut self, error: &MailboxError) {
        tracing::debug!(%error, "the mailbox was not looked into");
        self.poll_trouble = Some(error.trouble());
        match error {
            MailboxError::Busy { .. } | MailboxError::UsedUp { .. } => self.look_now(),
            MailboxError::ServerFault { again, .. } => {
                self.wait_for_a_while();
                self.next_poll = self.next_poll.max(Instant::now() + again.unwrap_or_default());
            }
            MailboxError::TooLarge => {
                self.reader.ask_for_less();
                self.wait_for_a_while();
            }
            error if error.passes() => self.wait_for_a_while(),
            error => self.stop(error),
        }
    }

    fn wait_for_a_while(&mut self) {
        self.next_poll = Instant::now() + self.backoff.wait(None, self.tuning.fault_cap, fastrand::f64());
        self.held_up = true;
    }

    fn stop(&mut self, error: &MailboxError) {
        tracing::info!(%error, "the mailbox is not looked into any more");
        self.stopped = Some(error.trouble());
    }
}
