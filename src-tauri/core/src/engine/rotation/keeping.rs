//! Keeping the ages of the keys, and the view true while the world around a rotation changes.

use std::{io, io::Write as _, path::Path, time::Duration};

use secrecy::SecretString;
use tokio::time::sleep;

use super::{Rotation, api::password};
use crate::{
    message::now,
    rotation::{KeyKind, due},
};

/// The days go by at least so often.
const LOOK: Duration = Duration::from_mins(10);

impl Rotation {
    /// Keeps the view true until the means are gone.
    pub(super) async fn keep(&self) {
        let means = &self.shared.means;
        let mut in_use = means.in_use.clone();
        let mut settings = means.settings.clone();
        let mut tokens = means.mailroom.changes();
        let mut mailbox = means.mailroom.mailbox().status();
        let mut heard = means.board.rotating();
        loop {
            in_use.borrow_and_update();
            settings.borrow_and_update();
            tokens.borrow_and_update();
            mailbox.borrow_and_update();
            heard.borrow_and_update();
            self.see_keys().await;
            self.note_readiness().await;
            let gone = tokio::select! {
                changed = in_use.changed() => changed.is_err(),
                changed = settings.changed() => changed.is_err(),
                changed = tokens.changed() => changed.is_err(),
                changed = mailbox.changed() => changed.is_err(),
                changed = heard.changed() => changed.is_err(),
                () = sleep(LOOK) => false,
            };
            if gone {
                return;
            }
        }
    }

    /// Looks which keys there are, and since when.
    pub(super) async fn see_keys(&self) {
        let means = &self.shared.means;
        let database = means.in_use.borrow().as_ref().map(|held| password(&held.url));
        let api = means.guide.known_key();
        let github = means.mailroom.known();
        let sealing = {
            let key = means.settings.borrow().rotation.helios_key.trim().to_owned();
            (!key.is_empty()).then(|| SecretString::from(key))
        };
        let kept_since = means.guide.kept_since();
        let handover = self.handover_view();
        let changed = self.shared.change(|state| {
            state.handover = Some(handover);
            let now = now();
            let mut changed = false;
            let rotated = state.last.as_ref().map(|last| (last.new.clone(), last.ended));
            for (kind, secret) in [
                (KeyKind::Database, database),
                (KeyKind::Api, api),
                (KeyKind::Github, github),
                (KeyKind::Sealing, sealing),
            ] {
                let Some(fingerprint) = secret.and_then(|secret| state.fingerprint(&secret)) else { continue };
                let since = match (kind, &rotated) {
                    (KeyKind::Database, Some((new, at))) if new.as_ref() == Some(&fingerprint) => Some(*at),
                    (KeyKind::Database, _) => kept_since,
                    _ => None,
                };
                changed |= state.ages.see(kind, &fingerprint, since, now);
            }
            if means.settings.borrow().rotation.helios_key.trim().is_empty() {
                changed |= state.ages.gone(KeyKind::Sealing);
            }
            changed.then(|| state.ages.clone())
        });
        if let Some(ages) = changed {
            self.keep_ages(&ages).await;
        }
    }

    async fn keep_ages(&self, ages: &due::Ages) {
        if let Err(trouble) = self.shared.means.store.keep(due::KEPT, ages).await {
            tracing::warn!("how old the keys are could not be kept: {trouble}");
        }
    }

    /// The keys that the person is to be told of now.
    pub(in crate::engine) fn to_tell(&self) -> Vec<KeyKind> {
        let (rotate, renew) = {
            let settings = self.shared.means.settings.borrow();
            (settings.reminders.rotate_days, settings.reminders.renew_days)
        };
        let now = now();
        let state = self.shared.look();
        // One that is being changed is not to be changed.
        if state.running || state.fingerprints.is_none() {
            return Vec::new();
        }
        let every = |kind| if kind == KeyKind::Database { rotate } else { renew };
        let all = [KeyKind::Database, KeyKind::Api, KeyKind::Github, KeyKind::Sealing];
        all.into_iter().filter(|kind| state.ages.tell(*kind, every(*kind), now)).collect()
    }

    /// The person was told of this key.
    pub(in crate::engine) async fn told(&self, kind: KeyKind) {
        let ages = self.shared.change(|state| {
            state.ages.told(kind, now());
            state.ages.clone()
        });
        self.keep_ages(&ages).await;
    }

    /// Nothing is said of the database's key for so many days.
    pub(in crate::engine) async fn put_off(&self, days: u32) {
        let ages = self.shared.change(|state| {
            state.ages.put_off(KeyKind::Database, days, now());
            state.ages.clone()
        });
        self.keep_ages(&ages).await;
    }
}

/// Writes a file for this user alone, in place of one that may be there.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
