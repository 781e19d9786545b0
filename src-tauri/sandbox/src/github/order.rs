//! What a program that has no handle asks for, as a line of JSON.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Fault, Github};

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Every answer is spoilt in this way.
    Misbehave(Fault),
    /// Every answer is as it should be.
    Behave,
    /// Somebody writes a comment.
    Comment {
        /// Who.
        login: String,
        /// Under which issue.
        issue: u64,
        /// What.
        body: String,
    },
    /// The author of a comment changes it.
    Edit {
        /// Its id.
        comment: u64,
        /// What it is to say.
        body: String,
    },
    /// So many counted questions in an hour.
    LimitRequests(u32),
    /// So many things written in a minute.
    LimitCreations(usize),
}

impl Order {
    pub(super) fn carry_out(self, github: &Github) -> Result<()> {
        match self {
            Self::Misbehave(fault) => github.misbehave(fault),
            Self::Behave => github.behave(),
            Self::Comment { login, issue, body } => {
                github.comment_as(&login, issue, &body).context("there is no such issue")?;
            }
            Self::Edit { comment, body } => {
                github.edit_comment(comment, &body).then_some(()).context("there is no such comment")?;
            }
            Self::LimitRequests(most) => github.limit_requests(most),
            Self::LimitCreations(most) => github.limit_creations(most),
        }
        Ok(())
    }
}
