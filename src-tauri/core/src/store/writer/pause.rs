//! What the writer does in pauses, and how it gets its connection back when one ends.

use super::Writer;
use crate::store::{
    aside::Aside,
    keeping::Removed,
    spare::{Done, Spare},
};

impl Writer {
    pub(super) fn use_pause(&mut self) {
        if let Spare::Hand(job) = self.spare {
            if let Some(connection) = self.connection.take() {
                self.aside = Some(Aside::start(job, connection));
                self.spare = Spare::Wait;
            }
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        let (left, Done { removed, damage }) = self.spare.step(connection, &mut self.keeping);
        self.spare = left;
        self.removed(removed);
        if let Some(error) = damage {
            self.rescue(&error);
        }
    }

    /// Has the connection again, if it was lent: whatever is done now comes before what was done with it.
    pub(super) fn take_back(&mut self) {
        let Some(aside) = self.aside.take() else { return };
        let Some((connection, result)) = aside.end() else { return self.open() };
        self.connection = Some(connection);
        self.spare = match result {
            Ok(()) => Spare::AFTER_A_JOB,
            Err(error) if error.is_damaged() => return self.rescue(&error),
            Err(error) if error.is_interruption() => Spare::ALL,
            Err(error) => {
                // Tried again after the next arrival.
                tracing::warn!("the file could not be looked after: {error}");
                Spare::Rest
            }
        };
    }

    fn removed(&mut self, removed: Removed) {
        if removed.rows == 0 {
            return;
        }
        tracing::debug!("{} messages were not kept any longer", removed.rows);
        self.wires.inbox.send_modify(|state| {
            state.revision += 1;
            state.counts.unreadable = state.counts.unreadable.saturating_sub(removed.unreadable);
        });
    }
}
