//! What follows what where everybody has one password. The new key is asked for in one place, on the way from
//! *announced* to *asked for*; a machine that wakes up behind that place reads what came of it.

use serde::{Deserialize, Serialize};

use super::{Event, Task};
use crate::rotation::{RotationAsk as Ask, RotationOutcome as Outcome, RotationStep as Step};

/// Where a rotation stands. Everything that decides what follows is in here, and all of it is journalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OnePassword {
    stage: Stage,
    /// What is asked of the person, where it waits for that.
    ask: Option<Ask>,
    /// The new key was asked for.
    asked_for: bool,
    /// The key was changed by another computer.
    follows: bool,
    /// The new key is the one in use.
    adopted: bool,
    end: Option<Outcome>,
}

/// A stage; finer than the steps that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Preflight,
    Announce,
    Reset,
    Store,
    Prove,
    Adopt,
    Reconnect,
    HandOver,
    AwaitAck,
    Receipt,
}

impl OnePassword {
    /// One from its beginning.
    pub fn new() -> Self {
        Self { stage: Stage::Preflight, ask: None, asked_for: false, follows: false, adopted: false, end: None }
    }

    /// One that follows another computer's: there is a new key, and we have it.
    pub fn following() -> Self {
        Self { stage: Stage::Store, follows: true, ..Self::new() }
    }

    /// The step that is shown.
    pub fn step(&self) -> Step {
        match self.stage {
            Stage::Preflight => Step::Preflight,
            Stage::Announce => Step::Announce,
            Stage::Reset => Step::Reset,
            Stage::Store => Step::Store,
            Stage::Prove => Step::Prove,
            Stage::Adopt | Stage::Reconnect => Step::Reconnect,
            Stage::HandOver => Step::HandOver,
            Stage::AwaitAck => Step::AwaitAck,
            Stage::Receipt => Step::Receipt,
        }
    }

    /// How it ended, if it did.
    pub fn end(&self) -> Option<Outcome> {
        self.end
    }

    /// What it waits for.
    pub fn ask(&self) -> Option<Ask> {
        self.ask
    }

    /// Is the new key the one in use?
    pub fn adopted(&self) -> bool {
        self.adopted
    }

    /// Does it follow another computer's?
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// May the key have been changed?
    pub fn asked_for(&self) -> bool {
        self.asked_for
    }

    /// What is to be done by a program that finds this in the journal. Never [`Task::Reset`].
    pub fn resume(&mut self) -> Task {
        if let Some(end) = self.end {
            return Task::End(end);
        }
        self.ask = None;
        match self.stage {
            // Nothing was changed so far, and whoever asked for it is no longer there.
            Stage::Preflight | Stage::Announce => Task::CleanUp,
            Stage::Reset => Task::ReadBack,
            Stage::Store | Stage::Prove => Task::Recover,
            Stage::Adopt => Task::Adopt,
            Stage::Reconnect => Task::Reconnect,
            Stage::HandOver => Task::HandOver,
            Stage::AwaitAck => Task::AwaitAck,
            Stage::Receipt => Task::Receipt,
        }
    }

    /// Something happened: what is to be done next. What does not belong to the stage changes nothing.
    pub fn happened(&mut self, event: Event) -> Task {
        if let Some(end) = self.end {
            return Task::End(end);
        }
        let waited = self.ask.take();
        match (self.stage, event) {
            (Stage::Preflight, Event::Ready) => self.go(Stage::Announce),
            (Stage::Preflight, Event::ChangedAlready) => {
                self.follows = true;
                self.go(Stage::Store)
            }
            // Of the one that was adopted, it is the one in use that is still there.
            (Stage::Reset | Stage::Store | Stage::Prove, Event::StillOld | Event::NewRefused) if self.adopted => {
                self.go(Stage::Reconnect)
            }
            (Stage::Preflight | Stage::Announce, Event::Barred)
            | (Stage::Announce, Event::Yielded)
            | (Stage::Reset, Event::Denied | Event::StillOld)
            | (Stage::Store | Stage::Prove, Event::StillOld | Event::NewRefused) => Task::CleanUp,
            (Stage::Announce, Event::Announced) => {
                self.asked_for = true;
                self.stage = Stage::Reset;
                Task::Reset
            }
            (Stage::Reset, Event::Unclear | Event::Again) => Task::ReadBack,
            (Stage::Reset | Stage::Store | Stage::Prove | Stage::Reconnect, Event::GotNew) => self.go(Stage::Store),
            (Stage::Reset | Stage::Store | Stage::Prove, Event::Unreadable | Event::BothRefused) => {
                self.wait(Ask::Address)
            }
            (Stage::Reset | Stage::Store | Stage::Prove | Stage::Reconnect, Event::NoNetwork)
            // Of a key that was given out it may be the only copy.
            | (Stage::Prove, Event::NotTaken) => self.wait(Ask::Network),
            (Stage::Reset | Stage::Store | Stage::Prove | Stage::Adopt, Event::KeychainShut) => {
                self.wait(Ask::Keychain)
            }
            (Stage::Store, Event::Stored) => self.go(Stage::Prove),
            (Stage::Store | Stage::Prove, Event::Again) => Task::Recover,
            (Stage::Prove, Event::Proved) => self.go(Stage::Adopt),
            (Stage::Adopt, Event::Adopted) => {
                self.adopted = true;
                self.go(Stage::Reconnect)
            }
            (Stage::Adopt, Event::Again) => Task::Adopt,
            // The one who changed the key gives it to the others.
            (Stage::Reconnect, Event::Connected) if self.follows => self.go(Stage::Receipt),
            // Or there may be another way to Helios now.
            (Stage::Reconnect, Event::Connected) | (Stage::AwaitAck, Event::Again) => self.go(Stage::HandOver),
            (Stage::Reconnect, Event::Again) => Task::Reconnect,
            // Somebody has changed it once more meanwhile.
            (Stage::Reconnect, Event::BothRefused) => {
                self.stage = Stage::Reset;
                Task::ReadBack
            }
            // The keychain has forgotten it since.
            (Stage::HandOver | Stage::AwaitAck | Stage::Receipt, Event::Lost) => {
                self.stage = Stage::Store;
                Task::Recover
            }
            (Stage::HandOver, Event::HandedOver) => self.go(Stage::AwaitAck),
            (Stage::HandOver, Event::NotHandedOver) => {
                self.stage = Stage::AwaitAck;
                self.ask = Some(Ask::HandOver);
                Task::AwaitAck
            }
            (Stage::HandOver | Stage::AwaitAck, Event::Acknowledged) => self.go(Stage::Receipt),
            (Stage::Receipt, Event::Written) => {
                let end = if self.follows { Outcome::Adopted } else { Outcome::Done };
                self.end = Some(end);
                Task::End(end)
            }
            (Stage::Preflight | Stage::Announce | Stage::Reset | Stage::Store | Stage::Prove, Event::CleanedUp)
                if !self.adopted =>
            {
                self.end = Some(Outcome::Unchanged);
                Task::End(Outcome::Unchanged)
            }
            _ => {
                self.ask = waited;
                self.stands()
            }
        }
    }

    fn go(&mut self, stage: Stage) -> Task {
        self.stage = stage;
        match stage {
            Stage::Preflight => Task::Preflight,
            Stage::Announce => Task::Announce,
            Stage::Reset => Task::ReadBack,
            Stage::Store => Task::Store,
            Stage::Prove => Task::Prove,
            Stage::Adopt => Task::Adopt,
            Stage::Reconnect => Task::Reconnect,
            Stage::HandOver => Task::HandOver,
            Stage::AwaitAck => Task::AwaitAck,
            Stage::Receipt => Task::Receipt,
        }
    }

    fn wait(&mut self, ask: Ask) -> Task {
        self.ask = Some(ask);
        Task::Wait(ask)
    }

    /// What it is at, unchanged.
    fn stands(self) -> Task {
        match (self.ask, self.stage) {
            (Some(ask), stage) if stage != Stage::AwaitAck => Task::Wait(ask),
            (_, Stage::Preflight) => Task::Preflight,
            (_, Stage::Announce) => Task::Announce,
            (_, Stage::Reset) => Task::ReadBack,
            (_, Stage::Store | Stage::Prove) => Task::Recover,
            (_, Stage::Adopt) => Task::Adopt,
            (_, Stage::Reconnect) => Task::Reconnect,
            (_, Stage::HandOver) => Task::HandOver,
            (_, Stage::AwaitAck) => Task::AwaitAck,
            (_, Stage::Receipt) => Task::Receipt,
        }
    }
}

impl Default for OnePassword {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
