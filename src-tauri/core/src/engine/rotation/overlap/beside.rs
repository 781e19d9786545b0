//! From new tokens to a connection with ours: put beside the old one, proved, put in its place.

use secrecy::SecretString;
use tokio::time::Instant;

use super::Halt;
use crate::{
    credentials::Item,
    engine::rotation::{
        Rotation,
        api::password,
        run::{Done, Work},
    },
    guide::{Held, Keep},
    link::Address,
    message::now,
    rotation::{
        Happening,
        users::{Trial, tried},
    },
    trouble::Trouble,
};

/// What the new tokens showed.
enum Shown {
    Good,
    Refused(String),
    Nothing(Trouble),
}

impl Rotation {
    /// Puts the new addresses and the one before beside the one in use.
    pub(in crate::engine::rotation) async fn put_all_beside(&self, work: &mut Work) -> Done {
        match self.all_beside(work).await {
            Ok(()) => Done::well(Happening::Stored, "The new keys are beside the old one in the keychain."),
            Err(halt) => self.halted(work, halt),
        }
    }

    async fn all_beside(&self, work: &mut Work) -> Result<(), Halt> {
        let (Some(ours), Some(theirs)) = (work.new.clone(), work.peer.clone()) else { return Err(Halt::Lost) };
        let keychain = &self.shared.means.keychain;
        let before = self.before(work).await?.ok_or_else(|| Halt::Never("The key from before is not known.".into()))?;
        keychain.write(Item::PreviousAddress, &before).await?;
        keychain.write(Item::NextAddress, &ours).await?;
        keychain.write(Item::PeerAddress, &theirs).await?;
        Ok(())
    }

    /// The address from before, wherever it is.
    pub(super) async fn before(&self, work: &mut Work) -> Result<Option<SecretString>, Halt> {
        if let Some(held) = &work.old {
            return Ok(Some(held.url.clone()));
        }
        let wanted = self.shared.look().journal.as_ref().and_then(|journal| journal.old.clone());
        let kept = self.shared.means.keychain.read(Item::PreviousAddress).await?;
        if let Some(kept) = kept.filter(|url| self.is(url, wanted.as_deref())) {
            return Ok(Some(kept));
        }
        let found = self.held_before().await?;
        work.old.clone_from(&found);
        Ok(found.map(|held| held.url))
    }

    /// Shows that both users may do all that they must with the new tokens.
    pub(in crate::engine::rotation) async fn prove_users(&self, work: &mut Work) -> Done {
        let urls = match (self.ours(work).await, self.theirs(work).await) {
            (Ok(ours), Ok(theirs)) => [ours, theirs],
            (Err(halt), _) | (_, Err(halt)) => return self.halted(work, halt),
        };
        let tuning = &self.shared.means.tuning;
        let until = Instant::now() + tuning.prove_limit;
        loop {
            let shown = self.both_may(&urls).await;
            if self.undo_wanted() {
                return self.undone();
            }
            match shown {
                Shown::Good => {
                    return Done::well(
                        Happening::Proved,
                        "The new keys may do what they must; the old ones still work.",
                    );
                }
                Shown::Refused(why) if Instant::now() >= until => {
                    self.because(why.clone());
                    return Done::failed(Happening::NewRefused, why);
                }
                Shown::Nothing(trouble) if Instant::now() >= until => {
                    work.hint = Some(trouble);
                    return Done::warned(Happening::NoNetwork, "Nobody answers.");
                }
                _ => {}
            }
            self.says("Tries the new keys.");
            self.pause().await;
        }
    }

    async fn both_may(&self, urls: &[SecretString]) -> Shown {
        let means = &self.shared.means;
        for url in urls {
            let Ok(address) = Address::parse(url) else {
                return Shown::Refused("A new address cannot be read.".into());
            };
            let user = address.user.clone().unwrap_or_default();
            let names = self.names_of(&user);
            match tried(&address, &names, false, means.authorities.clone(), &means.meter).await {
                Trial::Good => {}
                Trial::Refused => return Shown::Refused(format!("The new key of {user} was refused.")),
                Trial::Lacks(what) => return Shown::Refused(format!("The user {user} may not use {what} as it must.")),
                Trial::NoAnswer(trouble) => return Shown::Nothing(trouble),
            }
        }
        Shown::Good
    }

    /// Puts the new address in the old one's place. Both copies beside stay until it is over.
    pub(in crate::engine::rotation) async fn change_over(&self, work: &mut Work) -> Done {
        let put = match self.ours(work).await {
            Ok(new) => self.put(new).await,
            Err(halt) => Err(halt),
        };
        match put {
            Ok(()) => Done::well(Happening::Adopted, "The new key is in the old one’s place."),
            Err(halt) => self.halted(work, halt),
        }
    }

    /// Uses this address from now on.
    pub(super) async fn put(&self, url: SecretString) -> Result<(), Halt> {
        self.shared.means.keychain.write(Item::Address, &url).await?;
        // A connection that was made with it already counts as well.
        let already = self.shared.uses(&url);
        if !already {
            self.shared.place();
        }
        self.shared.note(|journal| journal.adopted_at = Some(if already { journal.begun } else { now() }));
        self.shared.means.adopt.send_replace(Some(Held { url, keep: Some(Keep::Keychain) }));
        Ok(())
    }

    /// The address that the keychain gives at the next start is this one.
    pub(super) async fn ensure(&self, url: &SecretString) -> Result<(), Halt> {
        let kept = self.shared.means.keychain.read(Item::Address).await?;
        let wanted = self.shared.look().fingerprint(&password(url));
        if kept.is_some_and(|kept| self.is(&kept, wanted.as_deref())) { Ok(()) } else { self.put(url.clone()).await }
    }

    /// Removes what stands beside the address in use, at the end.
    pub(in crate::engine::rotation) async fn remove_what_was_beside(
        &self,
    ) -> Result<(), crate::credentials::KeychainError> {
        for item in [Item::PeerAddress, Item::PreviousAddress, Item::NextAddress] {
            self.shared.means.keychain.delete(item).await?;
        }
        self.shared.look().peer = None;
        Ok(())
    }
}
