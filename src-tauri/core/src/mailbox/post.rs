//! Leaving a message: at most once, though an answer may be lost.

use std::{collections::VecDeque, time::Duration};

use serde::Deserialize;
use serde_json::json;
use tokio::{sync::oneshot, time::Instant};

use super::{
    block::{self, LONGEST},
    budget::Purpose,
    comment::Comment,
    cursor::written,
    desk::Desk,
    error::MailboxError,
    wire::Ask,
};
use crate::{
    link::now,
    message::{self, Millis},
    trouble::{Trouble, TroubleCode},
};

/// How many messages may wait to be left before [`Mailbox::post`](super::Mailbox::post) waits itself.
pub(super) const QUEUE: usize = 16;
/// How many lost answers are remembered; beyond it the oldest are forgotten, and only the caller knows of them.
const DOUBTS: usize = 256;
/// A message whose answer was lost is looked for among the comments from so long before it was written.
const CLOCKS_DIFFER: Millis = 3_600_000;
/// The most pages that are looked through for it.
const PAGES: usize = 10;
const PAGE: usize = 100;

/// A message to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// On which channel.
    pub channel: String,
    /// The envelope.
    pub payload: Vec<u8>,
    /// The envelope's id, by which it is found again.
    pub id: String,
    /// It was tried before, and how that came out was not kept: look for it first.
    pub perhaps_posted: bool,
}

/// The message is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The comment's number.
    pub comment: u64,
    /// It was there already, from a try whose answer was lost.
    pub found: bool,
}

/// Why a message was not left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostFailed {
    /// There is no mailbox.
    #[error("no mailbox is set up")]
    NotSetUp,
    /// It does not fit into a comment, and never will.
    #[error("the message is longer than the {limit} characters of a comment")]
    TooLong {
        /// The most characters of a comment, the block's marks included.
        limit: usize,
    },
    /// It was not left; not to be tried before then.
    #[error("the mailbox takes nothing more for now")]
    Limited {
        /// When it may be tried again.
        until: Millis,
    },
    /// It was not left; the service did not answer as it should, which may pass.
    #[error("{0}")]
    Unreachable(Trouble),
    /// It was not left, and will not be as things stand.
    #[error("{0}")]
    Refused(Trouble),
    /// It may have been left or not: the answer was lost. The next try with the same id looks for it first.
    #[error("the answer was lost")]
    Unknown,
}

/// A message to leave, and where its answer goes.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) post: Post,
    pub(super) answer: oneshot::Sender<Result<Posted, PostFailed>>,
}

/// The messages of which it is not known whether they were left.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubts(VecDeque<(String, Instant)>);

impl Doubts {
    fn begin(&mut self, id: &str, at: Instant) {
        self.end(id);
        if self.0.len() >= DOUBTS {
            self.0.pop_front();
        }
        self.0.push_back((id.to_owned(), at));
    }

    fn end(&mut self, id: &str) {
        self.0.retain(|(doubtful, _)| doubtful != id);
    }

    fn since(&self, id: &str) -> Option<Instant> {
        self.0.iter().find(|(doubtful, _)| doubtful == id).map(|(_, since)| *since)
    }
}

/// What GitHub answers to a comment that it took, or to who we are.
#[derive(Deserialize)]
struct Made {
    id: u64,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

impl Desk {
    /// Leaves a message, unless it is there already.
    pub(super) async fn post(&mut self, post: &Post) -> Result<Posted, PostFailed> {
        let body = block::write(&post.payload).ok_or_else(|| PostFailed::Refused(no_text()))?;
        if body.chars().count() > LONGEST {
            return Err(PostFailed::TooLong { limit: LONGEST });
        }
        if let Some(trouble) = &self.stopped {
            return Err(PostFailed::Refused(trouble.clone()));
        }
        let doubtful = self.doubts.since(&post.id);
        if let Some(certain) = doubtful.map(|since| since + self.tuning.doubt).filter(|at| *at > Instant::now()) {
            return Err(limited(certain.saturating_duration_since(Instant::now())));
        }
        let number = self.issue_of(&post.channel).await.map_err(|error| self.not_posted(&error))?;
        if doubtful.is_some() || post.perhaps_posted {
            let found = self.find(number, post).await.map_err(|error| self.not_posted(&error))?;
            if let Some(comment) = found {
                self.doubts.end(&post.id);
                return Ok(Posted { comment, found: true });
            }
        }
        match self.write(number, &body, &post.id).await {
            // The issue was deleted, or had been made anew: the list knows.
            Err(MailboxError::NotFound | MailboxError::Gone) => {
                self.directory.forget(number);
                let number = self.issue_of(&post.channel).await.map_err(|error| self.not_posted(&error))?;
                self.write(number, &body, &post.id).await
            }
            written => written,
        }
        .map(|comment| Posted { comment, found: false })
        .map_err(|error| if error.may_have_acted() { lost(&error) } else { self.not_posted(&error) })
    }

    async fn write(&mut self, number: u64, body: &str, id: &str) -> Result<u64, MailboxError> {
        // Noted first: the request may be dropped on its way.
        self.doubts.begin(id, Instant::now());
        let number = number.to_string();
        let ask = Ask::post(&["issues", &number, "comments"], json!({ "body": body }));
        let answer = self.ask(Purpose::Post, ask).await;
        match answer.and_then(|answer| answer.json::<Made>()) {
            Ok(made) => {
                self.doubts.end(id);
                self.posted();
                Ok(made.id)
            }
            Err(error) => {
                if error.may_have_acted() {
                    self.doubts.begin(id, Instant::now());
                } else {
                    self.doubts.end(id);
                }
                Err(error)
            }
        }
    }

    /// Looks for a message among our own comments.
    async fn find(&mut self, number: u64, post: &Post) -> Result<Option<u64>, MailboxError> {
        let login = self.login().await?;
        let written_at = message::read(&post.channel, &post.payload).sent_at.unwrap_or_else(now);
        let since = written_at.saturating_sub(CLOCKS_DIFFER).div_euclid(1000).max(0);
        let number = number.to_string();
        for page in 1..=PAGES {
            let ask = Ask::get(&["issues", &number, "comments"])
                .with("since", &written(since))
                .with("per_page", &PAGE)
                .with("page", &page);
            let comments: Vec<Comment> = self.ask(Purpose::Post, ask).await?.json()?;
            let ours = |comment: &&Comment| {
                let text = comment.block().filter(|_| comment.login().eq_ignore_ascii_case(&login));
                text.is_some_and(|text| envelope_id(text) == Some(post.id.as_str().into()))
            };
            if let Some(found) = comments.iter().find(ours) {
                return Ok(Some(found.id));
            }
            if comments.len() < PAGE {
                return Ok(None);
            }
        }
        // That much was written there since: better late than twice.
        Err(MailboxError::TooLarge)
    }

    async fn login(&mut self) -> Result<String, MailboxError> {
        if let Some(login) = &self.login {
            return Ok(login.clone());
        }
        let account: Account = self.ask(Purpose::Post, Ask::get(&["user"]).at_the_root()).await?.json()?;
        Ok(self.login.insert(account.login).clone())
    }

    fn not_posted(&mut self, error: &MailboxError) -> PostFailed {
        match error {
            MailboxError::Busy { again } => limited(again.unwrap_or(self.tuning.limited)),
            MailboxError::UsedUp { again } => limited(*again),
            error if error.passes() => PostFailed::Unreachable(error.trouble()),
            error => {
                self.refused_to_post(error);
                PostFailed::Refused(error.trouble())
            }
        }
    }
}

fn lost(error: &MailboxError) -> PostFailed {
    tracing::info!(%error, "whether a message was left in the mailbox is not known");
    PostFailed::Unknown
}

fn envelope_id(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Envelope {
        id: String,
    }
    serde_json::from_str(text).ok().map(|Envelope { id }| id)
}

fn limited(wait: Duration) -> PostFailed {
    PostFailed::Limited { until: now() + Millis::try_from(wait.as_millis()).unwrap_or_default() }
}

fn no_text() -> Trouble {
    Trouble::new(
        TroubleCode::NotPossible,
        "This message is not text, and a comment at GitHub is.",
        "It goes out when Redis is back.",
    )
}
