//! The counters of the database in use, as the service keeps them. It must not decide when to ask.

use super::{Guide, Keep};
use crate::{
    link::Address,
    trouble::Trouble,
    upstash::{Account, Database, Stats},
};

/// Why the counters are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// No API key is at hand.
    NoKey,
    /// The account has no such database.
    NotOfTheAccount,
    /// The service, or the keychain, did not answer as it should.
    Failed(Trouble),
}

impl Guide {
    /// Is there an API key that the counters can be asked with?
    pub(crate) fn has_key(&self) -> bool {
        let state = self.shared.look();
        // One in the keychain is asked for only where the set-up put it there.
        state.account.is_some() || state.view.account.as_ref().is_some_and(|known| known.kept == Keep::Keychain)
    }

    /// Asks for the database in use and its counters: two or three requests.
    pub(crate) async fn counters(&self) -> Result<(Database, Stats), Unknown> {
        let account = self.account_at_hand().await?;
        let database = self.database_in_use(&account).await?;
        let stats = account.stats(&database.id).await.map_err(|error| Unknown::Failed(error.trouble()))?;
        Ok((database, stats))
    }

    /// A key from the keychain stays in memory from then on.
    async fn account_at_hand(&self) -> Result<Account, Unknown> {
        if !self.has_key() {
            return Err(Unknown::NoKey);
        }
        self.account().await.map_err(Unknown::Failed)
    }

    async fn database_in_use(&self, account: &Account) -> Result<Database, Unknown> {
        let failed = |error: crate::upstash::UpstashError| Unknown::Failed(error.trouble());
        let url = self.shared.means.in_use.borrow().as_ref().map(|held| held.url.clone());
        let address = url.as_ref().and_then(|url| Address::parse(url).ok()).ok_or(Unknown::NotOfTheAccount)?;
        let mut databases = account.databases().await.map_err(failed)?;
        let at = databases.iter().position(|database| database.is_at(&address.host, address.port));
        let listed = at.map(|at| databases.swap_remove(at)).ok_or(Unknown::NotOfTheAccount)?;
        // A list may leave out what its own page has.
        account.database_without_password(&listed.id).await.map_err(failed)
    }
}
