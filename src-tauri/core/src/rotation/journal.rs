//! What is written down of a rotation, before each step and at its end. No secret is in it.

use serde::{Deserialize, Serialize};

use super::{
    Acknowledged, HandedOver, Machine, RotationOutcome, RotationPlan, RotationReason, RotationReceipt, RotationStep,
    RotationStepView, StepState, words,
};
use crate::message::Millis;

/// All that is known of a rotation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journal {
    pub(crate) id: String,
    pub(crate) reason: RotationReason,
    pub(crate) plan: RotationPlan,
    pub(crate) begun: Millis,
    pub(crate) machine: Machine,
    pub(crate) steps: Vec<Stepped>,
    /// The database's id at Upstash.
    pub(crate) database: Option<String>,
    /// Fingerprints of the old and the new key.
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    /// The others were told.
    pub(crate) announced: bool,
    /// When the new key was asked for.
    pub(crate) asked_at: Option<Millis>,
    /// When the new key took the old one's place here.
    pub(crate) adopted_at: Option<Millis>,
    pub(crate) connected_at: Option<Millis>,
    pub(crate) outage_ms: Option<Millis>,
    pub(crate) handed_over: Option<HandedOver>,
    pub(crate) acknowledged: Option<Acknowledged>,
    pub(crate) notes: Vec<String>,
    /// Why it ended as it did, where that is no matter of course.
    pub(crate) why: Option<String>,
    /// The users whose tokens are changed, where each agent is one.
    #[serde(default)]
    pub(crate) users: Option<Users>,
}

/// The users whose tokens are changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Users {
    /// This computer's agent.
    pub(crate) me: String,
    /// The agent that is given a new token as well.
    pub(crate) peer: String,
    /// The user from before is `default`.
    pub(crate) moved: bool,
    /// Fingerprints of the tokens that each had before, by user; nothing before they were looked at.
    pub(crate) before: Option<Vec<(String, Vec<String>)>>,
    /// The rights were tried on a spare user.
    pub(crate) tried: bool,
    /// The fingerprint of the peer's new token.
    pub(crate) given: Option<String>,
}

/// A step that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stepped {
    pub(crate) step: RotationStep,
    pub(crate) began: Millis,
    pub(crate) ended: Option<Millis>,
    pub(crate) state: StepState,
    pub(crate) words: String,
}

const ORDER: [RotationStep; 11] = [
    RotationStep::Preflight,
    RotationStep::Announce,
    RotationStep::Reset,
    RotationStep::Store,
    RotationStep::Prove,
    RotationStep::Reconnect,
    RotationStep::HandOver,
    RotationStep::AwaitAck,
    RotationStep::Revoke,
    RotationStep::Undo,
    RotationStep::Receipt,
];

impl Journal {
    pub(crate) fn new(id: String, reason: RotationReason, machine: Machine, now: Millis) -> Self {
        let mut journal = Self {
            id,
            reason,
            plan: machine.plan(),
            begun: now,
            machine,
            steps: Vec::new(),
            database: None,
            old: None,
            new: None,
            announced: false,
            asked_at: None,
            adopted_at: None,
            connected_at: None,
            outage_ms: None,
            handed_over: None,
            acknowledged: None,
            notes: Vec::new(),
            why: None,
            users: None,
        };
        journal.begin(now);
        journal
    }

    /// The machine's step begins, unless it is under way already.
    pub(crate) fn begin(&mut self, now: Millis) {
        let step = self.machine.step();
        if self.steps.last().is_some_and(|last| last.step == step && last.ended.is_none()) {
            return;
        }
        self.steps.push(Stepped { step, began: now, ended: None, state: StepState::Running, words: String::new() });
    }

    /// The step under way ends like this.
    pub(crate) fn end(&mut self, state: StepState, words: String, now: Millis) {
        if let Some(last) = self.steps.last_mut().filter(|last| last.ended.is_none()) {
            last.ended = Some(now);
            last.state = state;
            last.words = words;
        }
    }

    /// The step under way stands like this.
    pub(crate) fn stands(&mut self, state: StepState, words: String) {
        if let Some(last) = self.steps.last_mut().filter(|last| last.ended.is_none()) {
            last.state = state;
            last.words = words;
        }
    }

    /// Every step, as it is shown.
    pub(crate) fn views(&self) -> Vec<RotationStepView> {
        let over = self.machine.end().is_some();
        ORDER
            .into_iter()
            .filter(|step| self.has(*step))
            .map(|step| {
                // Of a step that was gone through twice, the last time counts.
                let Some(stepped) = self.steps.iter().rev().find(|stepped| stepped.step == step) else {
                    let passed = self.steps.iter().any(|stepped| stepped.step > step);
                    let state = if over || passed { StepState::Skipped } else { StepState::Waiting };
                    return RotationStepView {
                        step,
                        state,
                        words: words::of(self.plan, step).into(),
                        began: None,
                        took: None,
                    };
                };
                let words =
                    if stepped.words.is_empty() { words::of(self.plan, step).into() } else { stepped.words.clone() };
                RotationStepView {
                    step,
                    state: stepped.state,
                    words,
                    began: Some(stepped.began),
                    took: stepped.ended.map(|ended| (ended - stepped.began).max(0)),
                }
            })
            .collect()
    }

    /// Is it a step of this rotation?
    fn has(&self, step: RotationStep) -> bool {
        match step {
            RotationStep::Revoke => self.plan == RotationPlan::Overlap,
            RotationStep::Undo => self.steps.iter().any(|stepped| stepped.step == step),
            _ => true,
        }
    }

    /// Do agents that all used the key of `default` get users of their own?
    pub(crate) fn moved(&self) -> bool {
        self.users.as_ref().is_some_and(|users| users.moved)
    }

    /// What is kept of it for good.
    pub(crate) fn receipt(&self, outcome: RotationOutcome, ended: Millis) -> RotationReceipt {
        RotationReceipt {
            id: self.id.clone(),
            begun: self.begun,
            ended,
            reason: self.reason,
            plan: self.plan,
            outcome,
            outage_ms: self.outage_ms,
            old: self.old.clone(),
            new: self.new.clone(),
            acknowledged: self.acknowledged.clone(),
            handed_over: self.handed_over.clone(),
            notes: self.notes.iter().chain(&self.why).cloned().collect(),
        }
    }
}
