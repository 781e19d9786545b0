//! Chad in the fleet: the app's whole engine with a mailbox, and a Helios who hears what the service takes.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use heliograph_core::{
    discover::Surroundings,
    engine::{Condition, Draft, Engine, Setup, Snapshot, Source},
    home::Home,
    message::Priority,
    settings::Settings,
};
use heliograph_sandbox::{Github, GithubOptions};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::{
    task::JoinSet,
    time::{Duration, Instant, sleep, timeout},
};

use crate::ours::Nobody;

const CHANNEL: &str = "chad→helios";
/// The engine takes its time until Redis counts as away: half a minute.
const LIMIT: Duration = Duration::from_mins(2);
/// What does not come within this time is missing.
const ARRIVING: Duration = Duration::from_secs(30);

pub(super) struct Chad {
    engine: Engine,
    github: Github,
    heard: Arc<Mutex<Vec<String>>>,
    said: u64,
    // Dropped with us.
    _helios: JoinSet<()>,
    _folder: TempDir,
}

/// What became of what Chad said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) said: u64,
    pub(super) by_redis: u64,
    pub(super) by_mailbox: u64,
    pub(super) missing: u64,
}

impl Chad {
    /// Connects by `url`; Helios listens at `server` itself.
    pub(super) async fn start(url: &SecretString, server: &SecretString) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let home = Home::under(folder.path());
        home.create()?;
        let github = Github::start(GithubOptions::default()).await?;
        let mut settings = Settings::default();
        settings.heartbeat.every = 3_600;
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let helios = listen(server, Arc::clone(&heard)).await?;
        let engine = Engine::start(Setup {
            home,
            settings,
            address: Some((url.clone(), Source::Environment)),
            authorities: None,
            surroundings: Surroundings::default(),
            api: None,
            github: Some(github.url().parse()?),
            mailbox: None,
            rotation: heliograph_core::rotation::Tuning::default(),
            notifier: Arc::new(Nobody),
            version: env!("CARGO_PKG_VERSION").into(),
            sandbox: true,
        });
        let chad = Self { engine, github, heard, said: 0, _helios: helios, _folder: folder };
        chad.until("does not connect", |state| state.condition == Condition::Connected).await?;
        let token = Some(chad.github.token().clone());
        chad.engine.use_mailbox(chad.github.repository(), token, Vec::new()).await.map_err(anyhow::Error::from)?;
        Ok(chad)
    }

    /// Commands so far, by the engine's own count.
    pub(super) fn used(&self) -> u64 {
        self.engine.usage().meters.first().and_then(|commands| commands.ours).unwrap_or_default()
    }

    /// Says so much to Helios.
    pub(super) async fn says(&mut self, messages: u64) -> Result<()> {
        for _ in 0..messages {
            self.said += 1;
            let draft = Draft {
                channel: CHANNEL.into(),
                kind: "note".into(),
                text: words(self.said),
                priority: Priority::Normal,
            };
            self.engine.send(draft).await.map_err(anyhow::Error::from)?;
        }
        Ok(())
    }

    /// Waits until nothing waits any more.
    pub(super) async fn sent(&self) -> Result<()> {
        let mut inbox = self.engine.inbox();
        let sent = timeout(LIMIT, inbox.wait_for(|inbox| inbox.waiting_to_send == 0)).await;
        sent.context("Chad keeps what it is to send")?.context("Chad has ended")?;
        Ok(())
    }

    /// Redis refuses: waits until the mailbox is used in its place, and has everything.
    pub(super) async fn goes_by_mailbox(&self) -> Result<()> {
        self.engine.reconnect();
        let instead = |state: &Snapshot| state.condition == Condition::ViaGithub && state.link.waiting_to_send == 0;
        self.until("does not go by the mailbox", instead).await
    }

    /// Redis takes everything again.
    pub(super) async fn returns(&self) -> Result<()> {
        self.engine.reconnect();
        self.until("does not return", |state| state.condition == Condition::Connected).await
    }

    /// By which way everything came, as soon as all of it has.
    pub(super) async fn arrived(&self) -> Arrived {
        let since = Instant::now();
        loop {
            let arrived = self.look();
            if arrived.missing == 0 || since.elapsed() > ARRIVING {
                return arrived;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn look(&self) -> Arrived {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let left: Vec<String> = self.github.comments().into_iter().map(|comment| comment.body).collect();
        let of = |place: &[String], number| place.iter().any(|text| text.contains(&words(number)));
        let mut arrived = Arrived { said: self.said, by_redis: 0, by_mailbox: 0, missing: 0 };
        for number in 1..=self.said {
            match (of(&heard, number), of(&left, number)) {
                (true, _) => arrived.by_redis += 1,
                (false, true) => arrived.by_mailbox += 1,
                (false, false) => arrived.missing += 1,
            }
        }
        arrived
    }

    pub(super) async fn end(self) {
        // So that no keychain keeps the token.
        if self.engine.leave_mailbox().await.is_err() {
            println!("the mailbox's token may still be in the sandbox's keychain");
        }
        self.engine.stop().await;
    }

    async fn until(&self, or: &str, wanted: impl Fn(&Snapshot) -> bool) -> Result<()> {
        let mut events = self.engine.events();
        let found = timeout(LIMIT, async {
            while !wanted(&self.engine.snapshot()) {
                events.next().await;
            }
        });
        found.await.with_context(|| format!("Chad {or}: {:?}", self.engine.snapshot().headline))
    }
}

fn words(number: u64) -> String {
    format!("number {number}.")
}

/// Notes what is heard at the server.
async fn listen(server: &SecretString, heard: Arc<Mutex<Vec<String>>>) -> Result<JoinSet<()>> {
    let mut ears = redis::Client::open(server.expose_secret())?.get_async_pubsub().await?;
    ears.subscribe(CHANNEL).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut messages = ears.into_on_message();
        while let Some(message) = messages.next().await {
            if let Ok(text) = message.get_payload::<String>() {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
        }
    });
    Ok(tasks)
}
