//! What follows what in a rotation. Pure: what happened comes in, what is to be done next goes out.
//!
//! Where it stands is journalled before the work of a step begins, so that whatever a crash leaves open is looked at
//! and never simply done once more. The new key is asked for in one place, on the way from *announced* to *asked for*;
//! a machine that wakes up behind that place reads what came of it.

use serde::{Deserialize, Serialize};

use super::{RotationAsk as Ask, RotationOutcome as Outcome, RotationStep as Step};

/// Where a rotation stands. Everything that decides what follows is in here, and all of it is journalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Machine {
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

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// Look whether everything needed is there.
    Preflight,
    /// Tell the others.
    Announce,
    /// Ask for a new key. Given at most once.
    Reset,
    /// Read which key the database has, and compare it with the one we hold.
    ReadBack,
    /// Look for the new key in the keychain, and read it back where it is not there.
    Recover,
    /// Put the new key beside the old one.
    Store,
    /// Show that the new key works and the old one does not.
    Prove,
    /// Put the new key in the old one's place.
    Adopt,
    /// Wait for the connection with the new key.
    Reconnect,
    /// Give the new key to Helios.
    HandOver,
    /// Wait for Helios's word.
    AwaitAck,
    /// Write down what was done.
    Receipt,
    /// Remove what was put beside the old key, if anything was; then it is over.
    CleanUp,
    /// Nothing before the person, or the network, has done something.
    Wait(Ask),
    /// Nothing: it is over.
    End(Outcome),
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Everything needed is there.
    Ready,
    /// It cannot be begun.
    Barred,
    /// Another computer has changed the key already, and we have the new one.
    ChangedAlready,
    /// The others were told, as far as they can be.
    Announced,
    /// Another computer rotates, and goes first.
    Yielded,
    /// There is a new key, and we have it.
    GotNew,
    /// It is certain that nothing was done.
    Denied,
    /// It is not known whether anything was done.
    Unclear,
    /// The key is the old one, and works.
    StillOld,
    /// The old key is refused, and the new one cannot be read.
    Unreadable,
    /// The new key is beside the old one in the keychain.
    Stored,
    /// The keychain takes nothing.
    KeychainShut,
    /// The new key works. Whether the old one does not was seen too, as far as it could be.
    Proved,
    /// The new key is refused, and the old one works.
    NewRefused,
    /// Both are refused.
    BothRefused,
    /// Nobody answers.
    NoNetwork,
    /// The new key stands in the old one's place.
    Adopted,
    /// The link stands with the new key.
    Connected,
    /// Helios has been given the new key, or it could at least be tried.
    HandedOver,
    /// The person has to give it.
    NotHandedOver,
    /// Helios said something with the new key, or the person no longer waits for that.
    Acknowledged,
    /// It is written down.
    Written,
    /// What was not needed is gone.
    CleanedUp,
    /// The person, or the network, has done something: it is worth another try.
    Again,
}

impl Machine {
    /// A rotation from its beginning.
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
            (Stage::Reset | Stage::Store | Stage::Prove | Stage::Reconnect, Event::NoNetwork) => {
                self.wait(Ask::Network)
            }
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
            (Stage::Reconnect, Event::Connected) => self.go(Stage::HandOver),
            (Stage::Reconnect, Event::Again) => Task::Reconnect,
            // Somebody has changed it once more meanwhile.
            (Stage::Reconnect, Event::BothRefused) => {
                self.stage = Stage::Reset;
                Task::ReadBack
            }
            (Stage::HandOver, Event::HandedOver) => self.go(Stage::AwaitAck),
            (Stage::HandOver, Event::NotHandedOver) => {
                self.stage = Stage::AwaitAck;
                self.ask = Some(Ask::HandOver);
                Task::AwaitAck
            }
            // There may be another way to Helios now.
            (Stage::AwaitAck, Event::Again) => self.go(Stage::HandOver),
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
    fn stands(&self) -> Task {
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

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
