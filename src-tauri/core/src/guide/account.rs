//! The API key: checked, remembered if wanted, and what the account has.

use secrecy::SecretString;

use super::{AccountDatabases, AccountView, Guide, GuideView, Keep, Regions, not_possible};
use crate::{
    credentials::{Item, Login},
    text,
    trouble::Trouble,
    upstash::{self, Account, ApiKey, Client, Database, Tuning},
};

impl Guide {
    /// Checks an e-mail and a key by listing the account's databases. `remember`: into the keychain.
    pub async fn account_login(
        &self,
        email: &str,
        key: SecretString,
        remember: bool,
    ) -> Result<AccountDatabases, Trouble> {
        let login = Login { email: email.trim().to_owned(), key };
        self.log_in(login, if remember { Keep::Keychain } else { Keep::Session }).await
    }

    /// What the account has, asked with the key that is known.
    pub async fn account_databases(&self) -> Result<AccountDatabases, Trouble> {
        let databases = self.account().await?.databases().await?;
        Ok(AccountDatabases::from(&*databases))
    }

    /// Forgets the key, also in the keychain.
    pub async fn account_forget(&self) -> Result<GuideView, Trouble> {
        let kept = self.shared.look().view.account.as_ref().is_some_and(|known| known.kept == Keep::Keychain);
        if kept {
            self.shared.means.keychain.delete(Item::Upstash).await?;
        }
        self.shared.change(|state| {
            state.account = None;
            state.view.account = None;
        });
        self.find();
        self.shared.remember().await;
        Ok(self.view())
    }

    /// The regions, and the one that suits this computer's clock.
    pub fn regions(&self) -> Regions {
        let zone = jiff::tz::TimeZone::system();
        upstash::regions::view(zone.iana_name().unwrap_or_default())
    }

    /// Uses a database of the account: its address goes on to the test.
    pub async fn choose_database(&self, id: &str) -> Result<GuideView, Trouble> {
        let database = self.account().await?.database(id).await?;
        self.use_database(&database).await
    }

    pub(super) async fn use_database(&self, database: &Database) -> Result<GuideView, Trouble> {
        let url = database.address().ok_or_else(|| {
            not_possible(
                "Upstash did not hand out this database’s password.",
                "Copy its address from the console and paste it instead.",
            )
        })?;
        self.shared.change(|state| {
            state.forget_database();
            state.database = Some(database.id.clone());
            state.view.database = Some(database.shown_name());
            state.place = Some(database.region_in_words());
        });
        Ok(self.attempt(url).await)
    }

    pub(super) async fn log_in(&self, login: Login, keep: Keep) -> Result<AccountDatabases, Trouble> {
        let account = self.account_with(&login).await?;
        let databases = account.databases().await?;
        if keep == Keep::Keychain {
            let kept = self.shared.means.keychain.write(Item::Upstash, &login.written()).await;
            kept?;
        }
        self.shared.change(|state| {
            state.view.account = Some(AccountView { email: text::line(&login.email, 100), kept: keep });
            state.account = Some(login);
        });
        self.find();
        self.shared.remember().await;
        Ok(AccountDatabases::from(&*databases))
    }

    /// The account, with the key that is known: from memory, or else from the keychain.
    pub(crate) async fn account(&self) -> Result<Account, Trouble> {
        let known = self.shared.look().account.clone();
        let login = match known {
            Some(login) => login,
            None => self.kept_login().await?.ok_or_else(|| {
                not_possible("No API key is known.", "Enter its e-mail and key, which the Upstash console shows.")
            })?,
        };
        self.account_with(&login).await
    }

    /// The key that is known, without asking the keychain.
    pub(crate) fn known_key(&self) -> Option<SecretString> {
        self.shared.look().account.as_ref().map(|login| login.key.clone())
    }

    pub(super) async fn client(&self) -> Result<Client, Trouble> {
        let means = &self.shared.means;
        let mut tuning = Tuning::default();
        tuning.authorities = means.authorities.clone().or(tuning.authorities);
        Ok(Client::new(means.api.clone(), tuning).await?)
    }

    /// The key in the keychain; it stays in memory from then on, so that a person is asked once.
    pub(super) async fn kept_login(&self) -> Result<Option<Login>, Trouble> {
        let kept = self.shared.means.keychain.read(Item::Upstash).await?;
        let login = kept.as_ref().and_then(Login::read);
        if let Some(login) = &login {
            self.shared.look().account = Some(login.clone());
        }
        Ok(login)
    }

    /// The account, with this key.
    pub(crate) async fn account_with(&self, login: &Login) -> Result<Account, Trouble> {
        Ok(self.client().await?.account(ApiKey::new(&login.email, login.key.clone())))
    }
}
