//! The one question that changes something, and the many that look what came of it.

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout};

use super::{
    Rotation,
    run::{Done, Work, seconds},
};
use crate::{
    credentials::{Item, KeychainError},
    guide::{Held, Keep},
    link::{Address, LinkState},
    rotation::{
        Happening, Machine,
        prove::{Proof, logs_in},
    },
    trouble::Trouble,
    upstash::{Account, Database, UpstashError},
};

/// Which key the database has, as the API tells it.
pub(super) enum Shown {
    /// Another one than ours: the address with it.
    New(SecretString),
    /// Ours.
    Ours,
    /// It was not told, and will not be.
    Hidden(Option<Trouble>),
    /// Nothing was heard that could not be otherwise in a moment.
    Nothing,
}

impl Rotation {
    /// Asks for a new key. This is the only place in which that is done.
    pub(super) async fn reset(&self, work: &mut Work) -> Done {
        let database = self.shared.look().journal.as_ref().and_then(|journal| journal.database.clone());
        let (Some(account), Some(id), Some(old)) = (work.account.clone(), database, work.old.clone()) else {
            self.because("It was not known any more which database it is.");
            return Done::failed(Happening::Denied, "It is not known which database it is.");
        };
        match account.reset_password(&id).await {
            Ok(database) => match told(&database, &old) {
                Some(new) => {
                    self.got(work, new);
                    Done::well(Happening::GotNew, "Upstash gave a new key.")
                }
                None => Done::well(Happening::Unclear, "Upstash answered without the new key. It is read back."),
            },
            Err(error) if error.nothing_done() => {
                self.because(format!("Upstash did not change the key: {error}."));
                Done::failed(Happening::Denied, format!("Upstash did not change the key: {error}."))
            }
            Err(error) => {
                let words = format!("It is not known what came of it: {error}. It is read back, and not asked again.");
                self.remark(format!("The answer to the reset was lost ({error}); the key was read back."));
                Done::warned(Happening::Unclear, words)
            }
        }
    }

    /// Looks what came of it, again and again: what was asked for may come late.
    pub(super) async fn read_back(&self, work: &mut Work) -> Done {
        if let Err(error) = self.prepare(work).await {
            work.hint = Some(error.trouble());
            return Done::warned(Happening::KeychainShut, "The keychain does not give the key from before.");
        }
        let Some(old) = work.old.clone() else {
            if self.new_may_stand() {
                return Done::warned(Happening::StillOld, "The key from before is not known; the new one is in use.");
            }
            return Done::warned(Happening::Unreadable, "The key from before is not known.");
        };
        let limit = self.shared.means.tuning.read_back_limit;
        let until = Instant::now() + limit;
        loop {
            match self.shown(work, &old).await {
                Shown::New(new) => {
                    self.got(work, new);
                    return Done::well(Happening::GotNew, "The new key was read back.");
                }
                Shown::Hidden(why) => {
                    work.hint.clone_from(&why);
                    if self.old_works(&old).await == Proof::Refused {
                        return Done::warned(
                            Happening::Unreadable,
                            "The key was changed, and the new one is not told.",
                        );
                    }
                }
                Shown::Ours | Shown::Nothing => {}
            }
            if Instant::now() >= until {
                return self.settled(work, &old).await;
            }
            self.says("Reads back which key the database has.");
            self.pause().await;
        }
    }

    /// The new key took the old one's place, and the database does not refuse it.
    fn new_may_stand(&self) -> bool {
        let state = self.shared.means.link.status().borrow().state;
        let machine = self.shared.look().journal.as_ref().map(|journal| journal.machine);
        let adopted = machine.is_some_and(|machine| matches!(machine, Machine::OnePassword(one) if one.adopted()));
        adopted && !matches!(state, LinkState::Stopped | LinkState::NoAddress)
    }

    /// The time is up: what the old key says decides.
    async fn settled(&self, work: &mut Work, old: &Held) -> Done {
        let limit = seconds(self.shared.means.tuning.read_back_limit);
        match self.old_works(old).await {
            Proof::Works => {
                self.because(format!("Upstash was asked for a new key and made none within {limit}."));
                Done::failed(Happening::StillOld, "No new key was made.")
            }
            Proof::Refused => Done::warned(Happening::Unreadable, "The key was changed, and the new one is not told."),
            Proof::NoAnswer(trouble) => {
                work.hint = Some(trouble);
                Done::warned(Happening::NoNetwork, "Nobody answers.")
            }
        }
    }

    /// Looks for the new key where it may be after a crash.
    pub(super) async fn recover(&self, work: &mut Work) -> Done {
        let expected = self.shared.look().journal.as_ref().and_then(|journal| journal.new.clone());
        let is_it = |url: &SecretString| self.shared.look().fingerprint(&password(url)) == expected;
        if work.new.as_ref().is_some_and(is_it) {
            return Done::well(Happening::GotNew, "The new key is there.");
        }
        match self.shared.means.keychain.read(Item::NextAddress).await {
            Ok(Some(next)) if is_it(&next) => {
                // Without the old one it is only not tried.
                let _ = self.prepare(work).await;
                work.new = Some(next);
                Done::well(Happening::GotNew, "The new key was in the keychain.")
            }
            // It may have taken the old one's place, and that was not written down any more.
            Ok(_) => match self.shared.means.keychain.read(Item::Address).await {
                Ok(Some(kept)) if is_it(&kept) => {
                    work.new = Some(kept);
                    Done::well(Happening::GotNew, "The new key was in the keychain.")
                }
                _ => self.read_back(work).await,
            },
            Err(error) => {
                work.hint = Some(error.trouble());
                Done::warned(Happening::KeychainShut, "The keychain does not say whether the new key is there.")
            }
        }
    }

    /// What was lost with the last run: the account, and the address before.
    pub(super) async fn prepare(&self, work: &mut Work) -> Result<(), KeychainError> {
        if work.account.is_none() {
            match self.account().await {
                Ok(account) => work.account = Some(account),
                Err(trouble) => work.hint = Some(trouble),
            }
        }
        if work.old.is_none() {
            work.old = self.held_before().await?;
        }
        Ok(())
    }

    /// The address from before, recognised by its fingerprint.
    pub(super) async fn held_before(&self) -> Result<Option<Held>, KeychainError> {
        let wanted = self.shared.look().journal.as_ref().and_then(|journal| journal.old.clone());
        let Some(wanted) = wanted else { return Ok(None) };
        let is_it = |url: &SecretString| self.shared.look().fingerprint(&password(url)).as_ref() == Some(&wanted);
        let kept = self.shared.means.keychain.read(Item::Address).await;
        if let Ok(Some(url)) = &kept
            && is_it(url)
        {
            let url = url.clone();
            return Ok(Some(Held { url, keep: Some(Keep::Keychain) }));
        }
        // One from elsewhere comes into use in a moment, if it is there.
        let mut in_use = self.shared.means.in_use.clone();
        let limit = self.shared.means.tuning.echo_limit;
        let found = timeout(limit, in_use.wait_for(|held| held.as_ref().is_some_and(|held| is_it(&held.url)))).await;
        match found {
            Ok(Ok(held)) => Ok(held.clone()),
            _ => kept.map(|_| None),
        }
    }

    /// The API key that is known: the one of the set-up, or else the one of the environment.
    pub(super) async fn account(&self) -> Result<Account, Trouble> {
        let guide = &self.shared.means.guide;
        match guide.account().await {
            Ok(account) => Ok(account),
            Err(trouble) => match self.shared.means.surroundings.login() {
                Some(login) => guide.account_with(&login).await,
                None => Err(trouble),
            },
        }
    }

    /// The database's id: by its place, or else by its password.
    pub(super) async fn find(&self, account: &Account, held: &Held) -> Result<Option<Database>, UpstashError> {
        let Ok(address) = Address::parse(&held.url) else { return Ok(None) };
        let databases = account.databases().await?;
        if let Some(found) = databases.iter().find(|database| database.is_at(&address.host, address.port)) {
            return Ok(Some(found.clone()));
        }
        // A name of one's own for the host, or an endpoint in a form that is not known.
        let ours = address.password().map(|password| password.expose_secret().to_owned());
        for database in &databases {
            let told = account.database(&database.id).await?;
            if told.password().is_some_and(|password| Some(password.expose_secret()) == ours.as_deref()) {
                return Ok(Some(told));
            }
        }
        Ok(None)
    }

    pub(super) async fn shown(&self, work: &mut Work, old: &Held) -> Shown {
        let Some(account) = &work.account else { return Shown::Hidden(work.hint.clone()) };
        let known = self.shared.look().journal.as_ref().and_then(|journal| journal.database.clone());
        let id = match known {
            Some(id) => id,
            None => match self.find(account, old).await {
                Ok(Some(database)) => database.id,
                Ok(None) => return Shown::Hidden(None),
                Err(error) => return unseen(&error),
            },
        };
        match account.database(&id).await {
            Ok(database) if database.password().is_none() => Shown::Hidden(None),
            Ok(database) => told(&database, old).map_or(Shown::Ours, Shown::New),
            Err(error) => unseen(&error),
        }
    }

    pub(super) async fn old_works(&self, old: &Held) -> Proof {
        match Address::parse(&old.url) {
            Ok(address) => logs_in(&address, self.shared.means.authorities.clone(), &self.shared.means.meter).await,
            Err(trouble) => Proof::NoAnswer(trouble),
        }
    }

    /// There is a new key: known by its fingerprint from here on.
    pub(super) fn got(&self, work: &mut Work, new: SecretString) {
        self.shared.change(|state| {
            let fingerprint = state.fingerprint(&password(&new));
            if let Some(journal) = &mut state.journal {
                if journal.new != fingerprint {
                    // Whoever has said that he has the one before has not this one.
                    journal.acknowledged = None;
                }
                journal.new = fingerprint;
            }
        });
        work.new = Some(new);
    }
}

fn unseen(error: &UpstashError) -> Shown {
    if error.nothing_done() && !matches!(error, UpstashError::Busy { .. }) {
        Shown::Hidden(Some(error.trouble()))
    } else {
        Shown::Nothing
    }
}

/// The address with the database's key, where that was told and is another one than ours. What else stands in our
/// address stays: it is how the person reaches the database.
pub(super) fn told(database: &Database, held: &Held) -> Option<SecretString> {
    let password = database.password()?;
    let ours = Address::parse(&held.url).ok()?;
    if ours.password().is_some_and(|ours| ours.expose_secret() == password.expose_secret().trim()) {
        return None;
    }
    Address::with_password(&held.url, &SecretString::from(password.expose_secret().trim()))
}

/// The password in an address; the whole of it where there is none.
pub(super) fn password(url: &SecretString) -> SecretString {
    Address::parse(url).ok().and_then(|address| address.password().cloned()).unwrap_or_else(|| url.clone())
}
