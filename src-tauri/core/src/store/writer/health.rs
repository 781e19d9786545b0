//! What the writer does when the file cannot be used, and when it can again.

use std::time::{Duration, Instant};

use super::Writer;
use crate::{
    store::{damage, fault::StoreError, schema},
    trouble::Trouble,
};

/// How long to wait before what failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The file is not set aside more often than this: on a failing disk each new one would be damaged, too.
const RESCUES_APART: Duration = Duration::from_mins(1);

impl Writer {
    pub(super) fn well(&mut self) {
        self.retry_at = None;
        self.wires.health.send_if_modified(|health| {
            let mended = health.take();
            if mended.is_some() {
                tracing::info!("the store works again");
            }
            mended.is_some()
        });
    }

    pub(super) fn unwell(&mut self, error: &StoreError) {
        if error.is_damaged() {
            return self.rescue(error);
        }
        if !error.leaves_the_connection_sound() {
            self.connection = None;
        }
        self.retry_at = Some(Instant::now() + RETRY);
        self.say(error);
    }

    /// Whoever reads found the file damaged.
    pub(super) fn suspect(&mut self, file: u32, how: String) {
        // Nobody reads from a file that has been set aside for long.
        if self.connection.is_some() && self.wires.inbox.borrow().file == file {
            self.rescue(&StoreError::Damaged(how));
        }
    }

    /// Sets a damaged file aside, and goes on with what could be saved of it.
    pub(super) fn rescue(&mut self, damage: &StoreError) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = schema::leave_as_it_is(&connection, true)
        {
            tracing::warn!("the damaged file may be written to when it is closed: {error}");
        }
        self.retry_at = Some(Instant::now() + RETRY);
        if self.rescued.is_some_and(|at| at.elapsed() < RESCUES_APART) {
            return self.say(damage);
        }
        self.rescued = Some(Instant::now());
        self.say(damage);
        match damage::rescue(&self.path, damage) {
            Ok(trouble) => {
                tracing::error!("{trouble} {}", trouble.remedy);
                self.wires.notice.send_replace(Some(trouble));
                self.open();
            }
            Err(error) => self.say(&error),
        }
    }

    fn say(&self, error: &StoreError) {
        let trouble: Trouble = error.trouble(&self.path);
        self.wires.health.send_if_modified(|health| {
            let news = health.as_ref() != Some(&trouble);
            if news {
                tracing::error!("the store cannot write: {error}");
                *health = Some(trouble);
            }
            news
        });
    }
}
