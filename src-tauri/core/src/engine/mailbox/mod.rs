//! The engine's side of the mailbox: sets it up, judges when Redis is away, and takes in what was left there.
//!
//! It must not speak to GitHub itself; that is `crate::mailbox`'s to do.

mod follow;
mod judge;
mod letters;
mod start;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use ts_rs::TS;
use url::Url;

pub(super) use self::start::{Around, start};
use self::{judge::judge, letters::Letters};
use crate::{
    credentials::{Item, Keychain, KeychainError},
    guide::Keep,
    mailbox::{self, FindingKind, Inspection, Mailbox, MailboxState, MailboxStatus, Repository, Tuning},
    message::{Millis, Names},
    trouble::{Trouble, TroubleCode},
};

/// Where GitHub's API is, unless the environment names another place.
const API: &str = "https://api.github.com";

/// The name under which it is kept how far the mailbox was read.
const CURSOR: &str = "mailbox";

/// The mailbox as a screen shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MailboxView {
    /// Where it stands.
    pub state: MailboxState,
    /// Which repository, as `owner/name`.
    pub repository: Option<String>,
    /// Where the token is kept; none where there is none.
    pub kept: Option<Keep>,
    /// One that was found in the environment and can be used.
    pub offered: Option<String>,
    /// Is it in use in place of Redis?
    pub instead: bool,
    /// What stands in the way.
    pub trouble: Option<Trouble>,
    /// When it was last looked into with success.
    #[ts(type = "number | null")]
    pub last_poll: Option<Millis>,
    /// The requests of the last hour that count. Never above 100.
    pub counted_last_hour: u32,
}

/// A mailbox that was found in the environment.
#[derive(Clone, Debug)]
pub struct Offer {
    /// As `owner/name`.
    pub repository: String,
    /// Its token.
    pub token: SecretString,
}

/// What the mailbox is made with.
pub(super) struct Means {
    pub(super) mailbox: Mailbox,
    pub(super) keychain: Keychain,
    pub(super) api: Option<Url>,
    pub(super) authorities: Option<PathBuf>,
    pub(super) offered: Option<Offer>,
}

/// The mailbox's setting up. Cheap to share.
pub(super) struct Mailroom {
    means: Means,
    token: Mutex<Option<Held>>,
    /// The keychain did not give the token.
    token_trouble: Mutex<Option<Trouble>>,
    /// The token, or what is known of it, changed.
    changed: watch::Sender<u64>,
    /// A person asked to look again.
    again: Notify,
}

/// A token, and where it is kept.
#[derive(Clone)]
struct Held {
    token: SecretString,
    kept: Option<Keep>,
}

impl Mailroom {
    pub(super) fn new(means: Means) -> Arc<Self> {
        Arc::new(Self {
            means,
            token: Mutex::default(),
            token_trouble: Mutex::default(),
            changed: watch::channel(0).0,
            again: Notify::new(),
        })
    }

    /// The mailbox itself.
    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.means.mailbox
    }

    /// Looks again for what was not there, and into the mailbox.
    pub(super) fn look(&self) {
        self.again.notify_one();
        self.means.mailbox.poll_now();
    }

    /// What a screen shows of it.
    pub(super) fn view(&self, settings: &crate::settings::Mailbox, status: &MailboxStatus, away: bool) -> MailboxView {
        let repository = Some(settings.repository.clone()).filter(|name| !name.is_empty());
        let held = lock(&self.token).as_ref().map(|held| held.kept);
        let offered = self.means.offered.as_ref().map(|offer| offer.repository.clone());
        MailboxView {
            state: status.state,
            instead: away && is_open(status),
            trouble: status
                .trouble
                .clone()
                .or_else(|| lock(&self.token_trouble).clone())
                .filter(|_| repository.is_some()),
            kept: held.flatten(),
            offered: offered.filter(|offered| repository.as_ref() != Some(offered)),
            repository,
            last_poll: status.last_poll,
            counted_last_hour: status.counted_last_hour,
        }
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Looks at a repository with a token; without one, with the token that is known.
    pub(super) async fn check(&self, repository: &str, token: Option<SecretString>) -> Result<Inspection, Trouble> {
        let repository = parse(repository)?;
        let token = self.token_for(&repository, token)?;
        mailbox::inspect(&self.api()?, &repository, &token, &self.tuning()).await
    }

    /// Looks at them and makes what the mailbox needs there: its label, and an issue for each channel. Gives the
    /// repository's name and what was found.
    pub(super) async fn prepare(
        &self,
        repository: &str,
        token: Option<SecretString>,
        names: &Names,
    ) -> Result<(String, Inspection), Trouble> {
        let repository = parse(repository)?;
        let token = self.token_for(&repository, token)?;
        let (api, tuning) = (self.api()?, self.tuning());
        let found = mailbox::inspect(&api, &repository, &token, &tuning).await?;
        if let Some(finding) = found.findings.iter().find(|finding| finding.kind.forbids()) {
            let remedy = match finding.kind {
                FindingKind::CannotRead | FindingKind::CannotWrite => "Change the token’s permissions and check again.",
                _ => "Mend it at GitHub and check again, or choose another repository.",
            };
            return Err(Trouble::new(TroubleCode::NotPossible, finding.words.clone(), remedy));
        }
        let name = repository.to_string();
        let names = names.clone();
        let plan = mailbox::Plan { api, repository, token: token.clone(), allowed: Vec::new(), names };
        mailbox::prepare(plan, tuning).await?;
        self.hold(token).await;
        // What was wrong is mended, even where neither the token nor the settings are others than before.
        self.means.mailbox.poll_now();
        Ok((name, found))
    }

    /// Forgets the token, also in the keychain. One may be there that was never read, or not replaced.
    pub(super) async fn forget(&self) -> Result<(), Trouble> {
        match self.means.keychain.delete(Item::GitHub).await {
            Ok(()) | Err(KeychainError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
        *lock(&self.token) = None;
        self.say(None);
        Ok(())
    }

    /// Keeps a token that works: in the keychain, or where that takes none, in memory until the program ends.
    async fn hold(&self, token: SecretString) {
        let written = self.means.keychain.write(Item::GitHub, &token).await;
        let kept = if written.is_ok() { Keep::Keychain } else { Keep::Session };
        *lock(&self.token) = Some(Held { token, kept: Some(kept) });
        self.say(written.err().map(Trouble::from));
    }

    /// The token from the keychain, into memory.
    async fn fetch(&self) {
        match self.means.keychain.read(Item::GitHub).await {
            Ok(found) => {
                *lock(&self.token) = found.map(|token| Held { token, kept: Some(Keep::Keychain) });
                self.say(None);
            }
            Err(error) => self.say(Some(error.trouble())),
        }
    }

    fn say(&self, trouble: Option<Trouble>) {
        *lock(&self.token_trouble) = trouble;
        self.changed.send_modify(|count| *count += 1);
    }

    /// The token to be used for that repository: the one given, else the one offered with it, else the one known, which
    /// may be another repository's.
    fn token_for(&self, repository: &Repository, given: Option<SecretString>) -> Result<SecretString, Trouble> {
        let offered = || {
            let offer = self.means.offered.as_ref()?;
            (offer.repository.parse() == Ok(repository.clone())).then(|| offer.token.clone())
        };
        given.or_else(offered).or_else(|| self.known()).ok_or_else(|| {
            Trouble::new(
                TroubleCode::NotPossible,
                "No token is known for this repository.",
                "Make a fine-grained token at GitHub with Issues: Read and write, and paste it here.",
            )
        })
    }

    /// The token that is known.
    pub(super) fn known(&self) -> Option<SecretString> {
        lock(&self.token).as_ref().map(|held| held.token.clone())
    }

    fn api(&self) -> Result<Url, Trouble> {
        self.means.api.clone().map_or_else(|| Url::parse(API), Ok).map_err(|_| {
            Trouble::new(
                TroubleCode::Internal,
                "The address of GitHub’s API cannot be read.",
                "Start Heliograph again.",
            )
        })
    }

    fn tuning(&self) -> Tuning {
        let mut tuning = Tuning::default();
        tuning.authorities = self.means.authorities.clone().or(tuning.authorities);
        tuning
    }
}

/// Does it take and give messages, now or in a moment?
pub(super) fn is_open(status: &MailboxStatus) -> bool {
    !matches!(status.state, MailboxState::Off | MailboxState::Stopped)
}

fn parse(repository: &str) -> Result<Repository, Trouble> {
    repository.parse().map_err(|_| {
        Trouble::new(
            TroubleCode::NotPossible,
            "This is not the name of a repository at GitHub.",
            "Write it as owner/name, or paste its address.",
        )
    })
}

/// What a task leaves when it panics while holding one of these is still sound.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
