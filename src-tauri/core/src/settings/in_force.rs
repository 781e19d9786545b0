//! The settings in force. They are changed by one at a time, and count once they are written.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use super::{Settings, file::lay_over};
use crate::trouble::{Trouble, TroubleCode};

/// The settings in force, and the file that they stand in.
#[derive(Debug)]
pub(crate) struct InForce {
    now: watch::Sender<Settings>,
    file: PathBuf,
    /// Held by whoever writes, on a thread that may block.
    writing: Mutex<()>,
}

impl InForce {
    /// What was read from this file.
    pub(crate) fn new(settings: Settings, file: PathBuf) -> Arc<Self> {
        Arc::new(Self { now: watch::Sender::new(settings), file, writing: Mutex::new(()) })
    }

    /// As they are now.
    pub(crate) fn look(&self) -> Settings {
        self.now.borrow().clone()
    }

    /// As they are, and will be.
    pub(crate) fn follow(&self) -> watch::Receiver<Settings> {
        self.now.subscribe()
    }

    /// Changes them as they are by then, writes them, and puts them in force; gives them as they are afterwards.
    ///
    /// Fails where they could not be used or the file cannot be written; then everything is as it was. Whoever stops
    /// waiting does not stop it.
    pub(crate) async fn change(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Settings) + Send + 'static,
    ) -> Result<Settings, Trouble> {
        self.write(|settings| {
            change(settings);
            Ok(())
        })
        .await
    }

    /// Changes what differs between these two: what a person saw, and what they want. What was changed elsewhere since
    /// they saw it stays. As [`Self::change`].
    pub(crate) async fn take_over(self: &Arc<Self>, before: Settings, after: Settings) -> Result<Settings, Trouble> {
        self.write(move |settings| settings.take_over(&before, &after)).await
    }

    async fn write<F>(self: &Arc<Self>, change: F) -> Result<Settings, Trouble>
    where
        F: FnOnce(&mut Settings) -> Result<(), Trouble> + Send + 'static,
    {
        let this = Arc::clone(self);
        let changed = tokio::task::spawn_blocking(move || {
            // Nothing that could be half done is guarded by it.
            let _alone = this.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let mut settings = this.look();
            change(&mut settings)?;
            settings.check()?;
            settings.save(&this.file)?;
            this.now.send_replace(settings.clone());
            Ok(settings)
        });
        changed.await.map_err(|error| not_written(&error.to_string()))?
    }
}

impl Settings {
    fn take_over(&mut self, before: &Self, after: &Self) -> Result<(), Trouble> {
        let table = |settings: &Self| toml::Table::try_from(settings).map_err(|error| not_written(&error.to_string()));
        let (mut now, before, mut wanted) = (table(self)?, table(before)?, table(after)?);
        drop_same(&mut wanted, &before);
        lay_over(&mut now, wanted);
        *self = now.try_into().map_err(|error: toml::de::Error| not_written(error.message()))?;
        Ok(())
    }
}

/// Takes out what is the same there.
fn drop_same(table: &mut toml::Table, other: &toml::Table) {
    table.retain(|key, value| match (value, other.get(key)) {
        (toml::Value::Table(below), Some(toml::Value::Table(other))) => {
            drop_same(below, other);
            !below.is_empty()
        }
        (value, other) => other != Some(value),
    });
}

fn not_written(why: &str) -> Trouble {
    Trouble::new(TroubleCode::Internal, format!("The settings were not written: {why}."), "Try again.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn in_a_folder() -> (tempfile::TempDir, Arc<InForce>) {
        let folder = tempfile::tempdir().unwrap();
        let settings = InForce::new(Settings::default(), folder.path().join("config.toml"));
        (folder, settings)
    }

    #[test]
    fn only_what_differs_is_taken_over() {
        let before = Settings::default();
        let mut after = before.clone();
        after.heartbeat.every = 600;
        after.agents.peers = vec!["sol".into()];
        let mut now = before.clone();
        now.heartbeat.every = 60;
        now.reminders.rotate = !before.reminders.rotate;
        now.usage.prices.free.commands = 1;
        let mut wanted = now.clone();
        wanted.heartbeat.every = 600;
        wanted.agents.peers = vec!["sol".into()];
        now.take_over(&before, &after).unwrap();
        assert_eq!(now, wanted);
        now.take_over(&after, &after).unwrap();
        assert_eq!(now, wanted, "nothing differs");
    }

    #[tokio::test]
    async fn changes_at_once_all_count_and_all_stand_in_the_file() {
        let (_folder, settings) = in_a_folder();
        let before = settings.look();
        let changes: Vec<_> = (0..20_u32)
            .map(|number| {
                let settings = Arc::clone(&settings);
                tokio::spawn(async move {
                    let named = format!("agent-{number}");
                    settings.change(move |settings| settings.agents.peers.push(named)).await.unwrap();
                })
            })
            .collect();
        for change in changes {
            change.await.unwrap();
        }
        assert_eq!(settings.look().agents.peers.len(), before.agents.peers.len() + 20);
        assert_eq!(Settings::load(&settings.file), (settings.look(), None));
    }

    #[tokio::test]
    async fn what_cannot_be_used_or_written_changes_nothing() {
        let (folder, settings) = in_a_folder();
        let (before, followed) = (settings.look(), settings.follow());
        let refused = settings.change(|settings| settings.heartbeat.every = 0);
        assert!(refused.await.unwrap_err().message.contains("heartbeat.every"));
        std::fs::create_dir(folder.path().join("config.toml.new")).unwrap();
        let unwritten = settings.change(|settings| settings.heartbeat.every = 600);
        assert_eq!(unwritten.await.unwrap_err().code, TroubleCode::SettingsUnreadable);
        assert_eq!(settings.look(), before);
        assert!(!followed.has_changed().unwrap());
    }
}
