//! A rotation in which each agent is a user of the database: the new tokens are made beside the old ones, and those are
//! removed only when Helios is heard with its new one. It must not decide what follows what, nor change `default`.

mod back;
mod beside;
mod look;
mod make;
mod revoke;

use secrecy::SecretString;

use super::{
    Rotation,
    api::password,
    run::{Done, Work},
};
use crate::{
    credentials::{Item, KeychainError},
    guide::Held,
    link::Address,
    message::Names,
    rotation::{
        Happening,
        journal::Users as Named,
        users::{DEFAULT, Users, UsersError},
    },
    trouble::{Trouble, TroubleCode},
};

/// Why a step did not come to its end.
enum Halt {
    Users(UsersError),
    Keychain(KeychainError),
    /// It is not where it was put.
    Lost,
    /// It cannot be done: why.
    Never(String),
}

impl From<UsersError> for Halt {
    fn from(error: UsersError) -> Self {
        Self::Users(error)
    }
}

impl From<KeychainError> for Halt {
    fn from(error: KeychainError) -> Self {
        Self::Keychain(error)
    }
}

impl Rotation {
    /// What a step came to that was not carried out.
    fn halted(&self, work: &mut Work, halt: Halt) -> Done {
        match halt {
            Halt::Keychain(error) => {
                work.hint = Some(error.trouble());
                Done::warned(Happening::KeychainShut, "The keychain neither gives nor takes the keys.")
            }
            Halt::Lost => Done::warned(Happening::Lost, "The new keys are not in the keychain. New ones are made."),
            Halt::Never(why) => {
                self.because(why.clone());
                Done::failed(Happening::Denied, why)
            }
            Halt::Users(error) => {
                let trouble = error.trouble();
                match error {
                    UsersError::NoAnswer(_) => {
                        work.hint = Some(trouble);
                        Done::warned(Happening::NoNetwork, "Nobody answers.")
                    }
                    UsersError::Password | UsersError::NotDefault => {
                        work.hint = Some(trouble);
                        work.default = None;
                        Done::warned(Happening::Unreadable, "The address of default is refused.")
                    }
                    UsersError::NoList | UsersError::Refused | UsersError::Rights(_) | UsersError::Unreadable => {
                        self.because(trouble.message.clone());
                        Done::failed(Happening::Denied, trouble.message)
                    }
                }
            }
        }
    }

    /// The users of this rotation.
    fn named(&self) -> Result<Named, Halt> {
        let named = self.shared.look().journal.as_ref().and_then(|journal| journal.users.clone());
        named.ok_or_else(|| Halt::Never("It is not known any more whose keys are changed.".into()))
    }

    fn note_named(&self, change: impl FnOnce(&mut Named)) {
        self.shared.note(|journal| {
            if let Some(users) = &mut journal.users {
                change(users);
            }
        });
    }

    /// An agent's name, and all the others that it talks with.
    fn names_of(&self, user: &str) -> Names {
        let mut others = {
            let settings = self.shared.means.settings.borrow();
            [vec![settings.agents.me.clone()], settings.agents.peers.clone()].concat()
        };
        // Whoever was named when it began stays in touch, whatever was changed since.
        if let Ok(Named { me, peer, .. }) = self.named() {
            others.extend([me, peer]);
        }
        others.sort();
        others.dedup();
        others.retain(|name| name != user);
        Names { me: user.to_owned(), peers: others }
    }

    /// A connection as `default`.
    async fn users(&self, work: &mut Work) -> Result<Users, Halt> {
        if work.default.is_none() {
            work.default = match self.shared.means.keychain.read(Item::Emergency).await? {
                // Before the first change it is in use, and not yet kept.
                None => self.default_in_use().await?,
                kept => kept,
            };
        }
        let Some(url) = work.default.clone() else { return Err(UsersError::Password.into()) };
        let refused = match self.open(&url).await {
            Err(UsersError::Password) => UsersError::Password,
            opened => return Ok(opened?),
        };
        // Its password may have been changed in the console; whoever has an API key can read it there.
        let Some(told) = self.default_by_api(&url).await else { return Err(refused.into()) };
        let users = self.open(&told).await?;
        self.shared.means.keychain.write(Item::Emergency, &told).await?;
        work.default = Some(told);
        Ok(users)
    }

    async fn default_in_use(&self) -> Result<Option<SecretString>, Halt> {
        let in_use = self.shared.means.in_use.borrow().clone().map(|held| held.url);
        let found = match in_use {
            // At a start it may not be known yet.
            None => self.shared.means.keychain.read(Item::Address).await?,
            in_use => in_use,
        };
        Ok(found.filter(|url| Address::parse(url).is_ok_and(|address| address.user.is_none_or(|user| user == DEFAULT))))
    }

    async fn open(&self, url: &SecretString) -> Result<Users, UsersError> {
        let address = Address::parse(url).map_err(UsersError::NoAnswer)?;
        Users::open(&address, self.shared.means.authorities.clone(), &self.shared.means.meter).await
    }

    /// The address of `default` as the API tells it, at the place of this one.
    async fn default_by_api(&self, url: &SecretString) -> Option<SecretString> {
        let account = self.account().await.ok()?;
        let held = Held { url: url.clone(), keep: None };
        let id = self.find(&account, &held).await.ok()??.id;
        let database = account.database(&id).await.ok()?;
        Address::with_login(url, DEFAULT, database.password()?)
    }

    /// Is it the address of this database's `default`?
    pub(super) async fn try_default(&self, address: &Address) -> Result<(), Trouble> {
        let held = self.shared.means.in_use.borrow().clone();
        let ours = held.and_then(|held| Address::parse(&held.url).ok());
        if ours.is_some_and(|ours| (&ours.host, ours.port) != (&address.host, address.port)) {
            return Err(Trouble::new(
                TroubleCode::NotPossible,
                "This address leads to another database.",
                "Copy the address of the database whose key is being changed.",
            ));
        }
        let means = &self.shared.means;
        let opened = Users::open(address, means.authorities.clone(), &means.meter).await;
        opened.map(|_| ()).map_err(|error| error.trouble())
    }

    /// The person gave the address of `default`.
    pub(super) async fn take_default(&self, work: &mut Work, given: SecretString) -> Done {
        let kept = self.shared.means.keychain.write(Item::Emergency, &given).await;
        work.default = Some(given);
        match kept {
            Ok(()) => Done::well(Happening::Again, "The address of default is in the keychain."),
            // This change needs it in memory only; the next one asks again.
            Err(error) => {
                tracing::warn!("the address of default is not in the keychain: {error}");
                Done::warned(Happening::Again, "The keychain does not take the address of default.")
            }
        }
    }

    /// The address with our new token, in memory or in the keychain.
    async fn ours(&self, work: &mut Work) -> Result<SecretString, Halt> {
        if work.new.is_none() {
            let expected = self.shared.look().journal.as_ref().and_then(|journal| journal.new.clone());
            let kept = self.shared.means.keychain.read(Item::NextAddress).await?;
            work.new = kept.filter(|url| self.is(url, expected.as_deref()));
        }
        work.new.clone().ok_or(Halt::Lost)
    }

    /// The address with the new token of the agent that is given one.
    async fn theirs(&self, work: &mut Work) -> Result<SecretString, Halt> {
        if work.peer.is_none() {
            let expected = self.named()?.given;
            let kept = self.shared.means.keychain.read(Item::PeerAddress).await?;
            work.peer = kept.filter(|url| self.is(url, expected.as_deref()));
        }
        work.peer.clone().ok_or(Halt::Lost)
    }

    /// The same, to be copied as long as it is waited for.
    pub(super) async fn load_peer(&self, work: &mut Work) -> Option<SecretString> {
        match self.theirs(work).await {
            Ok(url) => {
                self.shared.look().peer = Some(url.clone());
                Some(url)
            }
            Err(halt) => {
                if let Halt::Keychain(error) = halt {
                    work.hint = Some(error.trouble());
                }
                None
            }
        }
    }

    fn is(&self, url: &SecretString, fingerprint: Option<&str>) -> bool {
        fingerprint.is_some() && self.shared.look().fingerprint(&password(url)).as_deref() == fingerprint
    }
}
