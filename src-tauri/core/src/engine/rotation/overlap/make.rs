//! Making the new tokens, and letting them in: rights are tried on a spare user first.

use secrecy::SecretString;

use super::Halt;
use crate::{
    credentials::Item,
    engine::rotation::{
        Rotation,
        api::password,
        run::{Done, Work},
    },
    link::Address,
    message::Names,
    rotation::{
        Happening,
        rights::rights,
        users::{Users, UsersError},
    },
};

impl Rotation {
    /// Makes a token for each user. They are of no use before they are let in, so one that is lost is lost to nobody.
    pub(in crate::engine::rotation) async fn make(&self, work: &mut Work) -> Done {
        match self.make_tokens(work).await {
            Ok(words) => Done::well(Happening::GotNew, words),
            Err(halt) => self.halted(work, halt),
        }
    }

    async fn make_tokens(&self, work: &mut Work) -> Result<String, Halt> {
        let mut users = self.users(work).await?;
        let Some(url) = work.default.clone() else { return Err(UsersError::Password.into()) };
        // Kept before anything depends on it.
        let keychain = &self.shared.means.keychain;
        keychain.write(Item::Emergency, &url).await?;
        let mut named = self.named()?;
        if named.before.is_none() {
            let mut before = Vec::new();
            for user in [&named.me, &named.peer] {
                before.push((user.clone(), self.prints(&users.tokens(user).await?.unwrap_or_default())?));
            }
            self.note_named(|users| users.before = Some(before));
            self.written_down().await?;
        }
        if !named.tried {
            self.says("Tries the rights on a spare user.");
            let means = &self.shared.means;
            users.try_rights(&url, &self.id(), means.authorities.clone(), &means.meter).await?;
            self.note_named(|users| users.tried = true);
        }
        let ours = self.token(&mut users, &url, &named.me).await?;
        let theirs = self.token(&mut users, &url, &named.peer).await?;
        named.given = self.shared.look().fingerprint(&password(&theirs));
        self.note_named(|users| users.given = named.given);
        self.got(work, ours);
        work.peer = Some(theirs);
        Ok(format!("There is a new key for {} and one for {}.", named.me, named.peer))
    }

    async fn token(&self, users: &mut Users, url: &SecretString, user: &str) -> Result<SecretString, Halt> {
        let token = users.token(user).await?;
        Address::with_login(url, user, &token).ok_or_else(|| UsersError::Unreadable.into())
    }

    /// Fingerprints of tokens that the server lists. Its own hashes are not written down.
    pub(super) fn prints(&self, hashes: &[String]) -> Result<Vec<String>, Halt> {
        let state = self.shared.look();
        let prints = hashes.iter().map(|hash| state.fingerprint(&SecretString::from(hash.as_str())));
        let prints: Option<Vec<_>> = prints.collect();
        prints.ok_or_else(|| Halt::Never("There is no key for fingerprints, so the old keys could not be told.".into()))
    }

    /// What is not on the disk must not be counted on.
    async fn written_down(&self) -> Result<(), Halt> {
        let written = self.write_down().await;
        written.map_err(|trouble| Halt::Never(format!("It cannot be written down what there was. {}", trouble.message)))
    }

    /// Lets the users in with the new tokens beside the old ones, with the rights that they need.
    pub(in crate::engine::rotation) async fn grant(&self, work: &mut Work) -> Done {
        match self.let_in(work).await {
            Ok(()) => Done::well(Happening::Granted, "The new keys are valid beside the old ones."),
            Err(halt) => self.halted(work, halt),
        }
    }

    async fn let_in(&self, work: &mut Work) -> Result<(), Halt> {
        let urls = [self.ours(work).await?, self.theirs(work).await?];
        let mut users = self.users(work).await?;
        let named = self.named()?;
        for (user, url) in [named.me, named.peer].iter().zip(&urls) {
            let Names { peers, .. } = self.names_of(user);
            let others: Vec<&str> = peers.iter().map(String::as_str).collect();
            users.set(user, &rights(user, &others), &password(url)).await?;
        }
        Ok(())
    }
}
