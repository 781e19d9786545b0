//! Trying the rights on a user that nobody has, before they are given to one that somebody needs.

use std::path::PathBuf;

use redis::Value;
use secrecy::SecretString;
use uuid::Uuid;

use super::{Trial, Users, UsersError, tried};
use crate::{
    link::{Address, RECORD},
    message::{Names, channel::between},
    rotation::rights::rights,
    usage::Meter,
};

/// No agent's name begins like this.
const SPARE: &str = "heliograph-spare-";

impl Users {
    /// Is there a list to which users can be added? Leaves nothing behind.
    pub(crate) async fn are_there(&mut self) -> Result<(), UsersError> {
        self.token(&format!("{SPARE}{}", Uuid::new_v4())).await.map(|_| ())
    }

    /// Gives a spare user the rights of an agent, lets it do everything that an agent does, and removes it. `url` says
    /// where the database is; `spare` is a word that is nobody's name, by which it can be found again.
    pub(crate) async fn try_rights(
        &mut self,
        url: &SecretString,
        spare: &str,
        authorities: Option<PathBuf>,
        meter: &Meter,
    ) -> Result<(), UsersError> {
        let names = names(spare);
        let outcome = self.as_spare(url, &names, authorities, meter).await;
        if let Err(error) = self.remove_spare(spare).await {
            tracing::info!("a spare user may be left in the database's list: {error}");
        }
        outcome
    }

    /// Removes the spare user and what it left, where a trial broke off.
    pub(crate) async fn remove_spare(&mut self, spare: &str) -> Result<(), UsersError> {
        let names = names(spare);
        let key = format!("{RECORD}{}", between(&names.me, &names.peers[0]));
        let _ = self.ask(&["DEL", &key]).await?;
        match self.ask(&["ACL", "DELUSER", &names.me]).await? {
            Some(Value::Int(_)) => Ok(()),
            _ => Err(UsersError::Refused),
        }
    }

    async fn as_spare(
        &mut self,
        url: &SecretString,
        names: &Names,
        authorities: Option<PathBuf>,
        meter: &Meter,
    ) -> Result<(), UsersError> {
        let token = self.token(&names.me).await?;
        let others: Vec<&str> = names.peers.iter().map(String::as_str).collect();
        self.set(&names.me, &rights(&names.me, &others), &token).await?;
        let address = Address::with_login(url, &names.me, &token).and_then(|url| Address::parse(&url).ok());
        let address = address.ok_or(UsersError::Unreadable)?;
        match tried(&address, names, true, authorities, meter).await {
            Trial::Good => Ok(()),
            Trial::Refused => Err(UsersError::Rights("it is not let in".into())),
            Trial::Lacks(what) => Err(UsersError::Rights(what)),
            Trial::NoAnswer(trouble) => Err(UsersError::NoAnswer(trouble)),
        }
    }
}

fn names(spare: &str) -> Names {
    let me = format!("{SPARE}{spare}");
    Names { peers: vec![format!("{me}-other")], me }
}
