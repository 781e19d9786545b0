//! The connection test as a screen shows it.

use serde::Serialize;
use ts_rs::TS;

use crate::trouble::Trouble;

/// What a step of the test looks at, in the order of the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// The host name is resolved.
    Name,
    /// A TCP connection is made.
    Reach,
    /// TLS, and whose certificate, until when.
    Encryption,
    /// The log-in.
    LogIn,
    /// There and back, the median of five.
    RoundTrip,
    /// SET, GET and DEL under a throwaway key.
    ReadWrite,
    /// Publish and hear ourselves, on a throwaway channel with the arrow in its name.
    Hear,
    /// A stream is written, read and deleted.
    Streams,
    /// What the user may do with our channels.
    Rights,
    /// Plan and limits, as the API says.
    Plan,
}

impl CheckKind {
    /// Does nothing work at all without it? What comes after is one ability each.
    fn is_ground(self) -> bool {
        matches!(self, Self::Name | Self::Reach | Self::Encryption | Self::LogIn)
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is being tried.
    Running,
    /// It works.
    Good,
    /// It works less well than it should, or is not there and can be done without.
    Warning,
    /// It does not work.
    Failed,
    /// It was not tried, because it needs what failed before or does not apply.
    Skipped,
}

/// What the person can do about a failed step from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Help {
    /// Try the same address with TLS.
    UseTls,
    /// Paste another address, password or token.
    PasteAnother,
    /// Run the test again.
    TryAgain,
}

/// A step of the test.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Check {
    /// Which.
    pub kind: CheckKind,
    /// How it ended.
    pub outcome: Outcome,
    /// In a few words: "calm-owl-12345.upstash.io found".
    pub title: String,
    /// A line more: "Certificate of *.upstash.io, valid until 3 February 2027".
    pub detail: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: Option<f64>,
    /// Why it failed, and what to do.
    pub trouble: Option<Trouble>,
    /// A button that helps.
    pub help: Option<Help>,
}

/// What a test says as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There was no test.
    None,
    /// It runs.
    Running,
    /// The connection works.
    Good,
    /// It connects, and something beyond that failed.
    Partly,
    /// It does not work.
    Bad,
}

impl Verdict {
    /// Of a test with these steps, that may still run.
    pub fn of(checks: &[Check], running: bool) -> Self {
        let failed = || checks.iter().filter(|check| check.outcome == Outcome::Failed);
        if running {
            Self::Running
        } else if checks.is_empty() {
            Self::None
        } else if failed().any(|check| check.kind.is_ground()) {
            Self::Bad
        } else if failed().next().is_some() {
            Self::Partly
        } else {
            Self::Good
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_rests_on_what_failed() {
        let check = |kind, outcome| Check {
            kind,
            outcome,
            title: String::new(),
            detail: None,
            took_ms: None,
            trouble: None,
            help: None,
        };
        let name = check(CheckKind::Name, Outcome::Good);
        let (no_login, no_rights) =
            (check(CheckKind::LogIn, Outcome::Failed), check(CheckKind::Rights, Outcome::Failed));
        let plan = check(CheckKind::Plan, Outcome::Skipped);
        assert_eq!(Verdict::of(&[], false), Verdict::None);
        assert_eq!(Verdict::of(&[name.clone(), no_login.clone()], true), Verdict::Running);
        assert_eq!(Verdict::of(&[name.clone(), plan], false), Verdict::Good);
        assert_eq!(Verdict::of(&[name.clone(), no_rights.clone()], false), Verdict::Partly);
        assert_eq!(Verdict::of(&[name, no_login, no_rights], false), Verdict::Bad);
    }
}
