//! What follows what where each agent is a user, and the old and the new token are valid side by side. Nothing is
//! removed before Helios has said something with the new one, or the person has said so for it; until then everything
//! goes back at a word. Tokens are made as often as it takes: one that nobody holds is of no use to anybody.

use serde::{Deserialize, Serialize};

use super::{Event, Task};
use crate::rotation::{RotationAsk as Ask, RotationOutcome as Outcome, RotationStep as Step};

/// Where a rotation stands. Everything that decides what follows is in here, and all of it is journalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Overlap {
    stage: Stage,
    /// What is asked of the person, where it waits for that.
    ask: Option<Ask>,
    /// Tokens may have been made.
    made: bool,
    /// The new token is the one in use.
    adopted: bool,
    /// Helios may have been given its new token.
    handed: bool,
    way: Way,
    end: Option<Outcome>,
}

/// Which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// To the new tokens.
    Forward,
    /// To the old ones.
    Back,
    /// To the new ones: going back was tried, and the old token was refused.
    OnlyForward,
}

/// A stage; finer than the steps that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Preflight,
    Announce,
    Make,
    Store,
    Grant,
    Prove,
    Adopt,
    Reconnect,
    HandOver,
    AwaitAck,
    Revoke,
    GoBack,
    Return,
    Withdraw,
    Receipt,
}

impl Overlap {
    /// One from its beginning.
    pub fn new() -> Self {
        Self {
            stage: Stage::Preflight,
            ask: None,
            made: false,
            adopted: false,
            handed: false,
            way: Way::Forward,
            end: None,
        }
    }

    /// The step that is shown.
    pub fn step(&self) -> Step {
        match self.stage {
            Stage::Preflight => Step::Preflight,
            Stage::Announce => Step::Announce,
            Stage::Make => Step::Reset,
            Stage::Store => Step::Store,
            Stage::Grant | Stage::Prove => Step::Prove,
            Stage::Adopt | Stage::Reconnect => Step::Reconnect,
            Stage::HandOver => Step::HandOver,
            Stage::AwaitAck => Step::AwaitAck,
            Stage::Revoke => Step::Revoke,
            Stage::GoBack | Stage::Return | Stage::Withdraw => Step::Undo,
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

    /// May tokens have been made?
    pub fn made(&self) -> bool {
        self.made
    }

    /// May Helios have been given its new token?
    pub fn handed(&self) -> bool {
        self.handed
    }

    /// Is it on the way to the new tokens, and not back?
    pub fn goes_well(&self) -> bool {
        self.way != Way::Back && (self.adopted || !matches!(self.stage, Stage::Withdraw | Stage::Receipt))
    }

    /// Can it be taken back?
    pub fn can_undo(&self) -> bool {
        let before_revoking = matches!(
            self.stage,
            Stage::Make
                | Stage::Store
                | Stage::Grant
                | Stage::Prove
                | Stage::Adopt
                | Stage::Reconnect
                | Stage::HandOver
                | Stage::AwaitAck
        );
        self.end.is_none() && before_revoking && self.way == Way::Forward
    }

    /// What is to be done by a program that finds this in the journal.
    pub fn resume(&mut self) -> Task {
        if let Some(end) = self.end {
            return Task::End(end);
        }
        self.ask = None;
        match self.stage {
            // Nothing was changed so far, and whoever asked for it is no longer there.
            Stage::Preflight | Stage::Announce => Task::CleanUp,
            // What was made was in memory.
            Stage::Make | Stage::Store => self.go(Stage::Make),
            stage => self.go(stage),
        }
    }

    /// Something happened: what is to be done next. What does not belong to the stage changes nothing.
    pub fn happened(&mut self, event: Event) -> Task {
        if let Some(end) = self.end {
            return Task::End(end);
        }
        let waited = self.ask.take();
        let next = match event {
            Event::Undo if self.can_undo() => Some(self.turn_back()),
            Event::Again if self.stage == Stage::AwaitAck => Some(self.go(Stage::HandOver)),
            Event::Again => Some(self.go(self.stage)),
            Event::KeychainShut | Event::NoNetwork | Event::Unreadable => self.halted(event),
            _ => self.forward(event).or_else(|| self.back(event)),
        };
        next.unwrap_or_else(|| {
            self.ask = waited;
            match waited {
                Some(ask) if self.stage != Stage::AwaitAck => Task::Wait(ask),
                _ => task(self.stage),
            }
        })
    }

    /// On the way to the new tokens.
    fn forward(&mut self, event: Event) -> Option<Task> {
        Some(match (self.stage, event) {
            (Stage::Preflight, Event::Ready) => self.go(Stage::Announce),
            (Stage::Preflight | Stage::Announce, Event::Barred) | (Stage::Announce, Event::Yielded) => Task::CleanUp,
            (Stage::Preflight | Stage::Announce, Event::CleanedUp) => self.ends(Outcome::Unchanged),
            (Stage::Announce, Event::Announced) => {
                self.made = true;
                self.go(Stage::Make)
            }
            (Stage::Make, Event::GotNew) => self.go(Stage::Store),
            (Stage::Store, Event::Stored) => self.go(Stage::Grant),
            (Stage::Store | Stage::Grant | Stage::Prove | Stage::Adopt, Event::Lost) => self.go(Stage::Make),
            // The keychain has forgotten it since: there is a newer one, before anything else is removed.
            (Stage::HandOver | Stage::AwaitAck | Stage::Revoke | Stage::Receipt, Event::Lost) if self.goes_on() => {
                self.go(Stage::Make)
            }
            (Stage::Grant, Event::Granted) => self.go(Stage::Prove),
            (Stage::Prove, Event::Proved) => self.go(Stage::Adopt),
            (Stage::Adopt, Event::Adopted) => {
                self.adopted = true;
                self.go(Stage::Reconnect)
            }
            (Stage::Reconnect, Event::Connected) => {
                self.handed = true;
                self.go(Stage::HandOver)
            }
            (Stage::HandOver, Event::HandedOver) => self.go(Stage::AwaitAck),
            (Stage::HandOver, Event::NotHandedOver) => {
                self.ask = Some(Ask::HandOver);
                self.go(Stage::AwaitAck)
            }
            (Stage::HandOver | Stage::AwaitAck, Event::Acknowledged) => self.go(Stage::Revoke),
            // Where the server removes none, that is written down.
            (Stage::Revoke, Event::Revoked | Event::Denied) => self.go(Stage::Receipt),
            (Stage::Receipt, Event::Written) => {
                let kept = if self.way == Way::Back { Outcome::Undone } else { Outcome::Unchanged };
                self.ends(if self.adopted { Outcome::Done } else { kept })
            }
            _ => return None,
        })
    }

    /// On the way back to the old ones.
    fn back(&mut self, event: Event) -> Option<Task> {
        Some(match (self.stage, event) {
            (Stage::Make | Stage::Grant | Stage::Prove, Event::Denied | Event::NewRefused)
            | (Stage::Return, Event::Connected) => self.go(Stage::Withdraw),
            (Stage::Reconnect, Event::BothRefused) if self.way == Way::OnlyForward => self.wait(Ask::Network),
            (Stage::Reconnect, Event::BothRefused) => self.turn_back(),
            (Stage::GoBack, Event::WentBack) => {
                self.adopted = false;
                self.go(Stage::Return)
            }
            // The old token is of no use, so the new one has to be.
            (Stage::GoBack, Event::Lost) | (Stage::Return, Event::BothRefused) => {
                self.way = Way::OnlyForward;
                self.go(Stage::Adopt)
            }
            (Stage::Withdraw, Event::Withdrawn | Event::Denied) => self.go(Stage::Receipt),
            _ => return None,
        })
    }

    /// Something is missing that may come.
    fn halted(&mut self, event: Event) -> Option<Task> {
        if self.stage == Stage::Withdraw && (!self.handed || event == Event::Unreadable) {
            // Nobody holds them, or nobody can remove them.
            return Some(self.go(Stage::Receipt));
        }
        let (keychain, network, address) = match self.stage {
            Stage::Make | Stage::Grant | Stage::Revoke => (true, true, true),
            Stage::Store | Stage::Adopt | Stage::GoBack | Stage::Receipt => (true, false, false),
            Stage::Prove | Stage::Withdraw => (true, true, false),
            Stage::Reconnect | Stage::Return => (false, true, false),
            Stage::Preflight | Stage::Announce | Stage::HandOver | Stage::AwaitAck => (false, false, false),
        };
        match event {
            Event::KeychainShut if keychain => Some(self.wait(Ask::Keychain)),
            Event::NoNetwork if network => Some(self.wait(Ask::Network)),
            Event::Unreadable if address => Some(self.wait(Ask::Address)),
            _ => None,
        }
    }

    /// Was the new token put in the old one's place, to stay there?
    fn goes_on(self) -> bool {
        self.adopted && self.way != Way::Back
    }

    fn turn_back(&mut self) -> Task {
        self.way = Way::Back;
        match self.stage {
            Stage::Make | Stage::Store | Stage::Grant | Stage::Prove if !self.adopted => self.go(Stage::Withdraw),
            _ => self.go(Stage::GoBack),
        }
    }

    fn go(&mut self, stage: Stage) -> Task {
        self.stage = stage;
        task(stage)
    }

    fn wait(&mut self, ask: Ask) -> Task {
        self.ask = Some(ask);
        Task::Wait(ask)
    }

    fn ends(&mut self, end: Outcome) -> Task {
        self.end = Some(end);
        Task::End(end)
    }
}

impl Default for Overlap {
    fn default() -> Self {
        Self::new()
    }
}

fn task(stage: Stage) -> Task {
    match stage {
        Stage::Preflight => Task::Preflight,
        Stage::Announce => Task::Announce,
        Stage::Make => Task::Make,
        Stage::Store => Task::Store,
        Stage::Grant => Task::Grant,
        Stage::Prove => Task::Prove,
        Stage::Adopt => Task::Adopt,
        Stage::Reconnect => Task::Reconnect,
        Stage::HandOver => Task::HandOver,
        Stage::AwaitAck => Task::AwaitAck,
        Stage::Revoke => Task::Revoke,
        Stage::GoBack => Task::GoBack,
        Stage::Return => Task::Return,
        Stage::Withdraw => Task::Withdraw,
        Stage::Receipt => Task::Receipt,
    }
}

#[cfg(test)]
mod tests;
