//! The address: offered, pasted, lent, and in the end adopted.

use secrecy::SecretString;

use super::{Adopted, Door, Find, Found, Guide, GuideView, Held, Keep, Step, Temporary, Understanding, not_possible};
use crate::{
    credentials::{Item, Login},
    link::Address,
    message::now,
    paste,
    trouble::Trouble,
};

impl Guide {
    /// What the paste box makes of a text. Nothing of it is kept.
    pub fn understand(&self, text: &SecretString) -> Understanding {
        paste::understand(text, false).understanding().clone()
    }

    /// Takes a text as the address to be tested, and starts the test. `consent`: the person agreed to what
    /// [`Understanding::consent`] says.
    pub async fn try_address(&self, text: &SecretString, consent: bool) -> Result<GuideView, Trouble> {
        let url = paste::understand(text, consent).address()?;
        self.shared.change(|state| {
            state.view.door.get_or_insert(Door::Paste);
            state.forget_database();
        });
        Ok(self.attempt(url).await)
    }

    /// Uses an offer: an address goes on to the test, an API key is checked.
    pub async fn take(&self, find: Find) -> Result<GuideView, Trouble> {
        match find {
            Find::EnvironmentAddress => {
                let url = self.shared.means.surroundings.address.clone().ok_or_else(gone)?;
                self.try_address(&url, false).await
            }
            Find::KeychainAddress => {
                let read = self.shared.means.keychain.read(Item::Address).await;
                let url = read?.ok_or_else(gone)?;
                self.try_address(&url, true).await
            }
            Find::EnvironmentKey | Find::CommandLineLogin | Find::KeychainKey => {
                let (login, keep) = self.login_of(find).await?.ok_or_else(gone)?;
                self.log_in(login, keep).await?;
                Ok(self.choose(Door::Make).await)
            }
        }
    }

    /// Asks for a database that lives for 72 hours, and goes on to its test.
    pub async fn lend(&self) -> Result<GuideView, Trouble> {
        let lent = self.client().await?.start_redis().await?;
        self.shared.change(|state| {
            state.forget_database();
            state.view.door = Some(Door::Temporary);
            state.view.temporary = Some(Temporary::from(&lent));
            state.claim.clone_from(&lent.claim);
        });
        if let Some(claim) = lent.claim {
            self.keep_beside(Item::Claim, claim);
        }
        Ok(self.attempt(lent.address).await)
    }

    /// Stores the address that was tried, and connects with it from now on.
    ///
    /// Where the keychain fails, the view says why, and the way on is [`Keep::Session`].
    pub async fn keep(&self, keep: Keep) -> Result<GuideView, Trouble> {
        let url = self.shared.look().to_keep(keep);
        // Gone through once more with an address that is kept: there is nothing to be stored.
        if let Some(url) = url {
            if keep == Keep::Keychain
                && let Err(error) = self.shared.means.keychain.write(Item::Address, &url).await
            {
                let trouble = error.trouble();
                self.shared.change(|state| state.view.keychain = Some(trouble));
                return Ok(self.view());
            }
            self.adopt(Some(Held { url, keep: Some(keep) }));
            self.shared.change(|state| state.kept_since = Some(now()));
            self.drop_candidate();
        } else if self.shared.look().in_use.is_none() {
            return Err(not_possible("There is no address yet.", "Give one first."));
        }
        self.shared.change(|state| {
            state.done(Step::Test);
            // From Settings it is kept without the set-up being gone through.
            if state.view.step == Step::Test {
                state.view.step = Step::Names;
            }
        });
        self.shared.remember().await;
        Ok(self.view())
    }

    /// The same address, encrypted, and the test again.
    pub async fn use_tls(&self) -> Result<GuideView, Trouble> {
        let url = self.shared.look().address().cloned().ok_or_else(no_address)?;
        let url = paste::with_tls(&url).ok_or_else(no_address)?;
        Ok(self.attempt(url).await)
    }

    /// The address with its secret, because the person asked to see it.
    ///
    /// Fails where this computer's agent is a user of its own: it is to be given to Helios, which then has another one.
    pub fn reveal_address(&self) -> Result<SecretString, Trouble> {
        let url = self.known_address()?;
        let user = Address::parse(&url).ok().and_then(|address| address.user);
        if user.is_some_and(|user| user == self.shared.means.settings.borrow().agents.me) {
            return Err(not_possible(
                "This is the address of this computer’s own user. Helios has one of its own, which is not kept here.",
                "Change the keys on the page Keys: Helios is given a new one there.",
            ));
        }
        Ok(url)
    }

    pub(super) fn known_address(&self) -> Result<SecretString, Trouble> {
        self.shared.look().address().cloned().ok_or_else(no_address)
    }

    /// Looks at what can be offered.
    pub(super) fn find(&self) {
        let mut found = self.shared.means.surroundings.found();
        self.shared.change(|state| {
            if let Some(known) = &state.view.account
                && known.kept == Keep::Keychain
            {
                found.push(Found { find: Find::KeychainKey, shown: known.email.clone() });
            }
            state.view.found = found;
        });
    }

    /// Tries an address from now on: kept beside the one in use, so that a restart finds it again.
    pub(super) async fn attempt(&self, url: SecretString) -> GuideView {
        self.shared.change(|state| state.attempt(url.clone()));
        self.keep_beside(Item::NewAddress, url);
        self.shared.remember().await;
        self.test();
        self.view()
    }

    fn adopt(&self, adopted: Adopted) {
        self.shared.change(|state| {
            state.candidate = None;
            state.view.keychain = None;
            state.use_now(adopted.clone());
        });
        self.shared.means.adopt.send_replace(adopted);
    }

    /// The page on which the lent database is made one's own; as secret as the password. After a restart the keychain
    /// is asked for it.
    pub async fn claim(&self) -> Result<Option<SecretString>, Trouble> {
        let (known, there) = {
            let state = self.shared.look();
            (state.claim.clone(), state.view.temporary.as_ref().is_some_and(|lent| lent.claim))
        };
        if known.is_some() || !there {
            return Ok(known);
        }
        let kept = self.shared.means.keychain.read(Item::Claim).await?;
        self.shared.change(|state| state.claim.clone_from(&kept));
        Ok(kept)
    }

    /// Keeps a secret for a later start, while the set-up goes on.
    fn keep_beside(&self, item: Item, secret: SecretString) {
        let keeping = self.clone();
        self.shared.spawn(async move {
            if let Err(error) = keeping.shared.means.keychain.write(item, &secret).await {
                let trouble = error.trouble();
                keeping.shared.change(|state| state.view.keychain = Some(trouble));
            }
            // Adopted while it was being written: then there is a copy too many.
            if item == Item::NewAddress && keeping.shared.look().candidate.is_none() {
                keeping.drop_candidate();
            }
        });
    }

    /// What was kept beside is no longer needed.
    fn drop_candidate(&self) {
        let forgetting = self.clone();
        self.shared.spawn(async move {
            if let Err(error) = forgetting.shared.means.keychain.delete(Item::NewAddress).await {
                tracing::warn!("the copy of the address that was being tried is still in the keychain: {error}");
            }
        });
    }

    async fn login_of(&self, find: Find) -> Result<Option<(Login, Keep)>, Trouble> {
        let surroundings = &self.shared.means.surroundings;
        Ok(match find {
            Find::EnvironmentKey => surroundings.login().map(|login| (login, Keep::Session)),
            Find::CommandLineLogin => surroundings.command_line_login().map(|login| (login, Keep::Session)),
            _ => self.kept_login().await?.map(|login| (login, Keep::Keychain)),
        })
    }
}

fn gone() -> Trouble {
    not_possible("It is no longer there.", "Choose another way.")
}

fn no_address() -> Trouble {
    not_possible("There is no address yet.", "Set one up first.")
}
