//! What a program that has no handle asks for, as a line of JSON.

use serde::Deserialize;

use super::{Fault, Habits, Upstash};

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Every answer is spoilt in this way.
    Misbehave(Fault),
    /// Every answer is as it should be.
    Behave,
    /// From now on the service is like this, where its documents leave it open.
    Habits(Habits),
    /// The API key is refused from now on.
    RevokeKey,
}

impl Order {
    pub(super) fn carry_out(self, upstash: &Upstash) {
        match self {
            Self::Misbehave(fault) => upstash.misbehave(fault),
            Self::Behave => upstash.behave(),
            Self::Habits(habits) => upstash.adopt(habits),
            Self::RevokeKey => upstash.revoke_key(),
        }
    }
}
