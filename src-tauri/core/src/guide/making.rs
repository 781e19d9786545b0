//! A new database: asked for, waited for, and given up in time.

use std::time::Duration;

use super::{Guide, GuideView, Making, NewDatabase, not_possible, shared::Shared};
use crate::{
    message::now,
    text,
    trouble::Trouble,
    upstash::{Account, Database, UpstashError},
};

/// How long a new database may take until it is active.
const LIMIT: Duration = Duration::from_mins(3);

impl Guide {
    /// Starts making a database. It goes on by itself: the view says how far it is, and when the database is active
    /// its address goes on to the test.
    pub async fn create_database(&self, new: NewDatabase) -> Result<GuideView, Trouble> {
        let name = new.name.trim().to_owned();
        if name.is_empty() {
            return Err(not_possible("A database needs a name.", "Type one, such as heliograph."));
        }
        let account = self.account().await?;
        let since = now();
        let until = since + i64::try_from(LIMIT.as_millis()).unwrap_or(i64::MAX / 2);
        self.shared.change(|state| {
            state.view.making = Some(Making { name: text::line(&name, 60), since, until, trouble: None });
        });
        let making = self.clone();
        let new = NewDatabase { name, ..new };
        self.shared.replace(&self.shared.making, async move { making.make(account, new).await });
        Ok(self.view())
    }

    /// Waits no longer. The database may exist all the same.
    pub fn cancel_making(&self) -> GuideView {
        Shared::cancel(&self.shared.making);
        self.shared.change(|state| state.view.making = None);
        self.view()
    }

    async fn make(&self, account: Account, new: NewDatabase) {
        match tokio::time::timeout(LIMIT, made(&account, &new)).await {
            Ok(Ok(database)) => match self.use_database(&database).await {
                Ok(_) => self.shared.change(|state| state.view.making = None),
                Err(trouble) => self.failed(trouble),
            },
            Ok(Err(error)) => self.failed(error.trouble()),
            Err(_) => self.failed(not_possible(
                "The database was not ready after three minutes.",
                "It may still become so: look at the list again in a while.",
            )),
        }
    }

    fn failed(&self, trouble: Trouble) {
        self.shared.change(|state| {
            if let Some(making) = &mut state.view.making {
                making.trouble = Some(trouble);
            }
        });
    }
}

/// The database with its password, once it is active.
async fn made(account: &Account, new: &NewDatabase) -> Result<Database, UpstashError> {
    let database = account.create(new).await?;
    account.wait_until_active(&database.id).await
}
