//! A repository, a postman on it, somebody who keeps what he brings, and ways to wait for what they do.

use std::time::Duration;

use heliograph_core::{
    mailbox::{
        Batch, Cursor, Letter, Mailbox, MailboxState, MailboxStatus, Plan, Post, Prepared, Trust, Tuning, prepare,
    },
    message::{Names, new_id},
};
use heliograph_sandbox::{Github, GithubOptions};
use secrecy::SecretString;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) const SOON: Duration = Duration::from_secs(20);
pub(crate) const IN: &str = "helios→chad";
pub(crate) const OUT: &str = "chad→helios";

/// Limits that a test can wait for.
pub(crate) fn tuning() -> Tuning {
    Tuning {
        fast: Duration::from_millis(20),
        slow: Duration::from_millis(40),
        fault_cap: Duration::from_millis(100),
        limited: Duration::from_millis(200),
        doubt: Duration::from_millis(100),
        reaction_pause: Duration::from_millis(1),
        authorities: None,
        ..Tuning::default()
    }
}

pub(crate) fn names() -> Names {
    Names { me: "chad".into(), peers: vec!["helios".into()] }
}

/// A message of Helios's, in the form in which it is left.
pub(crate) fn block(id: &str) -> String {
    format!("```json\n{}\n```", envelope("helios", id))
}

pub(crate) fn envelope(from: &str, id: &str) -> String {
    format!(r#"{{"from":"{from}","type":"task","data":{{"what":"x"}},"id":"{id}"}}"#)
}

pub(crate) fn post(channel: &str) -> Post {
    let id = new_id();
    Post { channel: channel.into(), payload: envelope("chad", &id).into_bytes(), id, perhaps_posted: false }
}

/// The repository, with the issues of all channels.
pub(crate) struct World {
    pub(crate) github: Github,
}

impl World {
    pub(crate) async fn start() -> Self {
        let world = Self::empty().await;
        world.prepare().await;
        world
    }

    pub(crate) async fn empty() -> Self {
        let github = Github::start(GithubOptions::default()).await.unwrap();
        // What a test's own comments count is not what is tested.
        github.limit_creations(100_000);
        Self { github }
    }

    pub(crate) async fn prepare(&self) -> Prepared {
        prepare(self.plan(), tuning()).await.unwrap()
    }

    pub(crate) fn api(&self) -> Url {
        Url::parse(self.github.url()).unwrap()
    }

    /// We are the owner; the second login is Helios, the only one that is believed.
    pub(crate) fn plan(&self) -> Plan {
        self.plan_with(self.github.token())
    }

    pub(crate) fn plan_with(&self, token: &SecretString) -> Plan {
        Plan {
            api: self.api(),
            repository: self.github.repository().parse().unwrap(),
            token: token.clone(),
            allowed: vec![self.github.other_login().to_uppercase()],
            names: names(),
        }
    }

    pub(crate) fn issue(&self, channel: &str) -> u64 {
        self.github.issue(&format!("heliograph: {channel}")).expect("the channel's issue")
    }

    /// Helios leaves a message.
    pub(crate) fn helios(&self, channel: &str, body: &str) -> u64 {
        self.github.comment_as(self.github.other_login(), self.issue(channel), body).unwrap()
    }

    /// How often it was looked.
    pub(crate) fn polls(&self) -> usize {
        self.github.seen().iter().filter(|seen| seen.path.contains("/issues/comments?")).count()
    }

    /// What we left on a channel.
    pub(crate) fn left(&self, channel: &str) -> Vec<String> {
        let title = format!("heliograph: {channel}");
        let ours = |comment: &heliograph_sandbox::github::Posted| {
            comment.issue == title && comment.login == self.github.login()
        };
        self.github.comments().into_iter().filter(ours).map(|comment| comment.body).collect()
    }
}

/// A running postman and what was kept of what he brought.
pub(crate) struct Subject {
    pub(crate) mailbox: Mailbox,
    pub(crate) batches: mpsc::Receiver<Batch>,
    pub(crate) kept: Vec<Letter>,
    pub(crate) cursor: Cursor,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Subject {
    pub(crate) fn idle(tuning: Tuning) -> Self {
        let (delivered, batches) = mpsc::channel(4);
        let (mailbox, postman) = Mailbox::new(delivered, tuning);
        let stop = CancellationToken::new();
        let task = tokio::spawn(postman.run(stop.clone()));
        Self { mailbox, batches, kept: Vec::new(), cursor: Cursor::default(), stop, task }
    }

    /// Follows the world's plan, and has found its end.
    pub(crate) async fn start(world: &World, tuning: Tuning) -> Self {
        Self::from(world, tuning, Cursor::default()).await
    }

    /// From a cursor on; without one, it is waited for until there is one.
    pub(crate) async fn from(world: &World, tuning: Tuning, cursor: Cursor) -> Self {
        let mut subject = Self::idle(tuning);
        let begins = cursor == Cursor::default();
        subject.cursor = cursor.clone();
        subject.mailbox.follow(Some(world.plan()), cursor);
        if begins {
            subject.keep_next().await;
            assert_eq!(subject.kept, [], "what was there before is not given");
        }
        subject
    }

    pub(crate) async fn next(&mut self) -> Batch {
        timeout(SOON, self.batches.recv()).await.expect("a batch in time").unwrap()
    }

    /// Keeps the next batch, as the program does, on paper and back.
    pub(crate) async fn keep_next(&mut self) {
        let batch = self.next().await;
        self.kept.extend(batch.letters);
        let paper = serde_json::to_string(&batch.cursor).unwrap();
        self.cursor = serde_json::from_str(&paper).unwrap();
        let _ = batch.stored.send(());
    }

    pub(crate) async fn keep_until(&mut self, letters: usize) {
        while self.kept.len() < letters {
            self.keep_next().await;
        }
    }

    pub(crate) async fn until(&self, what: impl FnMut(&MailboxStatus) -> bool) -> MailboxStatus {
        let mut status = self.mailbox.status();
        let found = timeout(SOON, status.wait_for(what)).await;
        let found = found.map(|found| found.unwrap().clone());
        found.unwrap_or_else(|_| panic!("not in time: {:?}", self.mailbox.status().borrow()))
    }

    pub(crate) async fn waiting(&self) -> MailboxStatus {
        self.until(|status| matches!(status.state, MailboxState::Waiting { .. })).await
    }

    /// The payloads of what was kept and is trusted, which are ids here.
    pub(crate) fn trusted(&self) -> Vec<String> {
        self.kept.iter().filter(|letter| letter.trust == Trust::Trusted).map(id).collect()
    }

    /// Ends it, and gives the time that took.
    pub(crate) async fn end(self) -> Duration {
        let began = Instant::now();
        self.stop.cancel();
        timeout(SOON, self.task).await.expect("an end in time").unwrap();
        began.elapsed()
    }
}

pub(crate) fn id(letter: &Letter) -> String {
    let header = heliograph_core::message::read(&letter.channel, &letter.payload);
    header.id.unwrap_or_default()
}

/// Waits for something that is not told of.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}
