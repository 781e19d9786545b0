//! What can be asked with a key.

use std::fmt;

use secrecy::SecretString;
use serde::Serialize;

use super::{Client, Database, Stats, UpstashError};
use crate::guide::NewDatabase;

/// The e-mail of an account and one of its API keys. Neither is in its `Debug`.
#[derive(Clone)]
pub struct ApiKey {
    /// Whose it is.
    pub email: String,
    pub(super) key: SecretString,
}

impl ApiKey {
    /// What the person typed or pasted; white space around the e-mail does not matter.
    pub fn new(email: &str, key: SecretString) -> Self {
        Self { email: email.trim().to_owned(), key }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").finish_non_exhaustive()
    }
}

/// An account of Upstash. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) client: Client,
    pub(super) key: ApiKey,
}

/// `CreateDatabaseRequest`, with the `region` that the official program sends and the description leaves out.
#[derive(Serialize)]
struct Creation<'a> {
    database_name: &'a str,
    platform: &'a str,
    primary_region: &'a str,
    region: &'static str,
    plan: &'static str,
}

impl Account {
    /// All databases, without passwords. Also the check that the key works.
    pub async fn databases(&self) -> Result<Vec<Database>, UpstashError> {
        let url = self.client.call(&["redis", "databases"])?;
        let body = self.client.wire.get(url, &self.key).await?;
        Database::read_all(&body).ok_or(UpstashError::Unreadable)
    }

    /// Makes a database. It is seldom active at once: [`Account::wait_until_active`] waits for that.
    ///
    /// Never tried twice by itself. When the answer does not come, the database may exist all the same.
    pub async fn create(&self, new: &NewDatabase) -> Result<Database, UpstashError> {
        let url = self.client.call(&["redis", "database"])?;
        let creation = Creation {
            database_name: new.name.trim(),
            platform: &new.platform,
            primary_region: &new.region,
            region: "global",
            plan: if new.pay { "payg" } else { "free" },
        };
        let json = serde_json::to_vec(&creation).map_err(|_| UpstashError::Unprepared)?;
        let body = self.client.wire.create(url, &self.key, json).await?;
        Database::read(&body).ok_or(UpstashError::Unreadable)
    }

    /// A database with its password.
    pub async fn database(&self, id: &str) -> Result<Database, UpstashError> {
        self.look(id, true).await
    }

    /// A database without its password, which then does not travel at all.
    pub async fn database_without_password(&self, id: &str) -> Result<Database, UpstashError> {
        self.look(id, false).await
    }

    /// Gives a database a new password, at once and for everybody; the answer is the database, as a rule with it.
    ///
    /// Never tried twice by itself. Unless [`UpstashError::nothing_done`] says so, it may have happened all the same:
    /// then [`Account::database`] tells, and not another try.
    pub async fn reset_password(&self, id: &str) -> Result<Database, UpstashError> {
        let url = self.client.call(&["redis", "reset-password", checked(id)?])?;
        let body = self.client.wire.reset(url, &self.key).await?;
        Database::read(&body).ok_or(UpstashError::Unreadable)
    }

    /// A database's counters.
    pub async fn stats(&self, id: &str) -> Result<Stats, UpstashError> {
        let url = self.client.call(&["redis", "stats", checked(id)?])?;
        let body = self.client.wire.get(url, &self.key).await?;
        serde_json::from_slice(&body).map_err(|_| UpstashError::Unreadable)
    }

    async fn look(&self, id: &str, with_password: bool) -> Result<Database, UpstashError> {
        let mut url = self.client.call(&["redis", "database", checked(id)?])?;
        if !with_password {
            url.set_query(Some("credentials=hide"));
        }
        let body = self.client.wire.get(url, &self.key).await?;
        Database::read(&body).ok_or(UpstashError::Unreadable)
    }
}

/// An id that cannot lead to another call than the one meant.
fn checked(id: &str) -> Result<&str, UpstashError> {
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if plain { Ok(id) } else { Err(UpstashError::NotFound) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_id_leads_nowhere_else() {
        for id in ["", "..", ".", "a/b", "a?b", "a b", "a%2fb"] {
            assert_eq!(checked(id), Err(UpstashError::NotFound), "{id}");
        }
        assert_eq!(checked("96ad0856-03b1-4ee7").unwrap(), "96ad0856-03b1-4ee7");
    }

    #[test]
    fn a_key_shows_nothing() {
        let key = ApiKey::new(" me@example.com\n", "SECRET".into());
        assert_eq!(key.email, "me@example.com");
        let shown = format!("{key:?}");
        assert!(!shown.contains("SECRET") && !shown.contains("example"), "{shown}");
    }
}
