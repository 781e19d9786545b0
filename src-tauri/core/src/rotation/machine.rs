//! What follows what in a rotation. Pure: what happened comes in, what is to be done next goes out.
//!
//! Where it stands is journalled before the work of a step begins, so that whatever a crash leaves open is looked at
//! and never simply done once more. There are two of them, for the two ways in which a database's key is changed.

mod one_password;
mod overlap;

use serde::{Deserialize, Serialize};

use super::{RotationAsk, RotationOutcome, RotationPlan, RotationStep};
pub use one_password::OnePassword;
pub use overlap::Overlap;

/// Where a rotation stands. Everything that decides what follows is in here, and all of it is journalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Machine {
    /// Everybody has one password.
    OnePassword(OnePassword),
    /// Each agent is a user, and may have two tokens for a while.
    Overlap(Overlap),
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
    /// Make new tokens for the users. They are of no use before [`Task::Grant`].
    Make,
    /// Let the users in with the new tokens as well, with the rights that they need.
    Grant,
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
    /// Remove the tokens from before.
    Revoke,
    /// Put the old key in the new one's place again.
    GoBack,
    /// Wait for the connection with the old key.
    Return,
    /// Remove the new tokens.
    Withdraw,
    /// Write down what was done.
    Receipt,
    /// Remove what was put beside the old key, if anything was; then it is over.
    CleanUp,
    /// Nothing before the person, or the network, has done something.
    Wait(RotationAsk),
    /// Nothing: it is over.
    End(RotationOutcome),
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
    /// The same, and the service does not say that the old one is the database's: the new one may be taken yet.
    NotTaken,
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
    /// The new key, or the new tokens, are not where they were put.
    Lost,
    /// The users are let in with the new tokens as well.
    Granted,
    /// The tokens from before are gone.
    Revoked,
    /// The old key stands in the new one's place again.
    WentBack,
    /// The new tokens are gone.
    Withdrawn,
    /// The person wants everything as it was.
    Undo,
}

impl Machine {
    /// A rotation from its beginning.
    pub fn new(plan: RotationPlan) -> Self {
        match plan {
            RotationPlan::OnePassword => Self::OnePassword(OnePassword::new()),
            RotationPlan::Overlap => Self::Overlap(Overlap::new()),
        }
    }

    /// One that follows another computer's: there is a new key, and we have it.
    pub fn following() -> Self {
        Self::OnePassword(OnePassword::following())
    }

    /// How the key is changed.
    pub fn plan(&self) -> RotationPlan {
        match self {
            Self::OnePassword(_) => RotationPlan::OnePassword,
            Self::Overlap(_) => RotationPlan::Overlap,
        }
    }

    /// The step that is shown.
    pub fn step(&self) -> RotationStep {
        match self {
            Self::OnePassword(machine) => machine.step(),
            Self::Overlap(machine) => machine.step(),
        }
    }

    /// How it ended, if it did.
    pub fn end(&self) -> Option<RotationOutcome> {
        match self {
            Self::OnePassword(machine) => machine.end(),
            Self::Overlap(machine) => machine.end(),
        }
    }

    /// What it waits for.
    pub fn ask(&self) -> Option<RotationAsk> {
        match self {
            Self::OnePassword(machine) => machine.ask(),
            Self::Overlap(machine) => machine.ask(),
        }
    }

    /// May anything have been changed?
    pub fn asked_for(&self) -> bool {
        match self {
            Self::OnePassword(machine) => machine.asked_for(),
            Self::Overlap(machine) => machine.made(),
        }
    }

    /// Can it be taken back?
    pub fn can_undo(&self) -> bool {
        match self {
            Self::OnePassword(_) => false,
            Self::Overlap(machine) => machine.can_undo(),
        }
    }

    /// Did it come to what was wanted, or is it still on the way there?
    pub fn goes_well(&self) -> bool {
        match self {
            Self::OnePassword(_) => true,
            Self::Overlap(machine) => machine.goes_well(),
        }
    }

    /// May Helios have been given the new key?
    pub fn handed(&self) -> bool {
        match self {
            Self::OnePassword(machine) => machine.step() >= RotationStep::HandOver,
            Self::Overlap(machine) => machine.handed(),
        }
    }

    /// What is to be done by a program that finds this in the journal. Never [`Task::Reset`].
    pub fn resume(&mut self) -> Task {
        match self {
            Self::OnePassword(machine) => machine.resume(),
            Self::Overlap(machine) => machine.resume(),
        }
    }

    /// Something happened: what is to be done next. What does not belong to the stage changes nothing.
    pub fn happened(&mut self, event: Event) -> Task {
        match self {
            Self::OnePassword(machine) => machine.happened(event),
            Self::Overlap(machine) => machine.happened(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comes_back_out_of_the_journal_as_what_it_is() {
        for plan in [RotationPlan::OnePassword, RotationPlan::Overlap] {
            let mut machine = Machine::new(plan);
            for event in [Event::Ready, Event::Announced, Event::GotNew] {
                let read: Machine = serde_json::from_str(&serde_json::to_string(&machine).unwrap()).unwrap();
                assert_eq!((read, read.plan()), (machine, plan));
                machine.happened(event);
            }
        }
    }
}
