//! Removing the tokens from before, once Helios is heard with its new one.

use super::Halt;
use crate::{
    engine::rotation::{
        Rotation,
        api::password,
        run::{Done, Work, seconds},
    },
    link::Address,
    rotation::{
        Happening,
        users::{DEFAULT, Users, UsersError, hash},
    },
};

impl Rotation {
    pub(in crate::engine::rotation) async fn revoke(&self, work: &mut Work) -> Done {
        match self.remove_old(work).await {
            Ok(words) => Done::well(Happening::Revoked, words),
            Err(Halt::Never(why)) => {
                self.remark(why.clone());
                Done::warned(Happening::Denied, why)
            }
            Err(Halt::Users(error @ (UsersError::Refused | UsersError::Unreadable | UsersError::NoList))) => {
                let why = format!("The old keys could not be removed: {error}. Remove them in the Upstash console.");
                self.remark(why.clone());
                Done::warned(Happening::Denied, why)
            }
            Err(halt) => self.halted(work, halt),
        }
    }

    async fn remove_old(&self, work: &mut Work) -> Result<String, Halt> {
        let named = self.named()?;
        let ours = match self.ours(work).await {
            Err(Halt::Lost) => {
                return Err(Halt::Never("The new key is not known here, so no old one is removed.".into()));
            }
            ours => ours?,
        };
        // Nothing is removed that the next start would need.
        self.ensure(&ours).await?;
        let theirs = match self.theirs(work).await {
            Err(Halt::Lost) => None,
            theirs => Some(theirs?),
        };
        let mut users = self.users(work).await?;
        self.keep_only(&mut users, &named.me, &hash(&password(&ours))).await?;
        match &theirs {
            Some(theirs) => self.keep_only(&mut users, &named.peer, &hash(&password(theirs))).await?,
            None => self.remark(format!("The old keys of {} were left: its new one is not known here.", named.peer)),
        }
        let Some(before) = self.before(work).await? else { return Ok("The old keys are gone.".into()) };
        let Ok(address) = Address::parse(&before) else { return Ok("The old keys are gone.".into()) };
        match address.user.as_deref() {
            None | Some(DEFAULT) => return Ok("The old keys of the users are gone; default is as it was.".into()),
            // The agent has another name now.
            Some(user) if user != named.me => {
                users.remove(user, &[hash(&password(&before))]).await?;
            }
            Some(_) => {}
        }
        if self.until_refused(&address).await {
            return Ok("The old keys are gone, and the one from before is refused.".into());
        }
        let limit = seconds(self.shared.means.tuning.old_limit);
        let why = format!("The old key was still accepted {limit} after it was removed.");
        self.remark(why.clone());
        Ok(why)
    }

    /// Takes every token from a user but this one, which it must have.
    async fn keep_only(&self, users: &mut Users, user: &str, kept: &str) -> Result<(), Halt> {
        let mut tokens = users.tokens(user).await?.unwrap_or_default();
        if !tokens.iter().any(|token| token == kept) {
            let why = format!("The database does not list the new key of {user}, so none of its old ones was removed.");
            return Err(Halt::Never(why));
        }
        tokens.retain(|token| token != kept);
        users.remove(user, &tokens).await?;
        Ok(())
    }
}
