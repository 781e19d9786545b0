//! The two ends of a rotation, and waiting in between.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    Rotation,
    run::{Done, Work},
};
use crate::{
    credentials::{self, Item},
    message::now,
    rotation::{Happening, RotationAsk, StepState, Task},
};

/// How long a keychain is left alone that was open and took nothing all the same.
const AGAIN: Duration = Duration::from_secs(30);

/// Where somebody answers, each try costs commands: so many times the long pause goes by in between.
const RARELY: u32 = 20;

impl Rotation {
    /// Writes the receipt, or removes what was not needed. The end is on the disk with it.
    pub(super) async fn settle(&self, work: &mut Work, task: Task) -> Done {
        let well = task == Task::Receipt;
        let event = if well { Happening::Written } else { Happening::CleanedUp };
        let goes_well = self.shared.look().journal.as_ref().is_some_and(|journal| journal.machine.goes_well());
        if well && self.overlaps() {
            if let Err(error) = self.remove_what_was_beside().await {
                work.hint = Some(error.trouble());
                return Done::warned(Happening::KeychainShut, "What is no longer needed is still in the keychain.");
            }
        } else if !well {
            self.remove_next().await;
        }
        // What was taken back was said before it was.
        if !well || goes_well {
            self.tell_end(well).await;
        }
        loop {
            let Some(mut journal) = self.shared.look().journal.clone() else { break };
            let ended = now();
            journal.machine.happened(event);
            journal.end(StepState::Done, "Written.".into(), ended);
            // What never began to change anything is no rotation to be remembered.
            let receipt = journal.machine.end().filter(|_| well || journal.machine.asked_for());
            let receipt = receipt.map(|outcome| journal.receipt(outcome, ended));
            match self.shared.means.store.end_rotation(&journal.id, ended, &journal, receipt.as_ref()).await {
                Ok(()) => {
                    self.shared.change(|state| {
                        if receipt.is_some() {
                            state.last = receipt;
                        }
                    });
                    break;
                }
                // Nothing depends on it but that it is written; with a full disk, that is said by the store itself.
                Err(trouble) => {
                    tracing::warn!("the end of a rotation could not be written down: {trouble}");
                    if !well {
                        break;
                    }
                    self.says(format!("The receipt waits: {}", trouble.message));
                    sleep(self.shared.means.tuning.long_pause).await;
                }
            }
        }
        Done::well(event, "Written.")
    }

    async fn remove_next(&self) {
        // One that was never put there need not be looked for: the keychain may prompt.
        let may_be_there = self.shared.look().journal.as_ref().is_some_and(|journal| journal.new.is_some());
        if may_be_there && let Err(error) = self.shared.means.keychain.delete(Item::NextAddress).await {
            tracing::warn!("an address that is not used is still in the keychain: {error}");
        }
    }

    /// Waits for the person, or for what may happen by itself.
    pub(super) async fn wait(&self, work: &mut Work, ask: RotationAsk) -> Done {
        let tuning = &self.shared.means.tuning;
        let mut nudges = self.shared.nudges();
        let pause = if work.not_taken { tuning.long_pause * RARELY } else { tuning.long_pause };
        loop {
            if self.undo_wanted() {
                return self.undone();
            }
            let given = self.shared.look().given.take();
            if let Some(given) = given {
                if self.overlaps() {
                    return self.take_default(work, given).await;
                }
                self.got(work, given);
                return Done::well(Happening::GotNew, "You gave the new address.");
            }
            let unlocked = async {
                credentials::unlocked().await;
                // It may have been open all the time.
                sleep(AGAIN.min(tuning.long_pause)).await;
            };
            tokio::select! {
                _ = nudges.changed() => {
                    if self.shared.look().given.is_none() && !self.undo_wanted() {
                        return Done::well(Happening::Again, "It is tried again.");
                    }
                }
                () = unlocked, if ask == RotationAsk::Keychain => return Done::well(Happening::Again, "It is tried again."),
                () = sleep(pause), if ask == RotationAsk::Network => {
                    return Done::well(Happening::Again, "It is tried again.");
                }
            }
        }
    }
}
