//! A finished or running test, and the same as text to be copied. Neither holds a user or a password.

use std::{fmt::Write, time::Duration};

use jiff::Timestamp;

use super::{Check, Outcome};
use crate::{
    link::{Address, now},
    message::Millis,
};

/// A connection test, as far as it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Host and port.
    pub of: String,
    /// Does the address ask for encryption?
    pub tls: bool,
    /// When it began, in milliseconds since 1970.
    pub at: Millis,
    /// The steps so far, in order.
    pub checks: Vec<Check>,
    /// How many commands were sent to the database.
    pub commands: u32,
    /// How long it has taken.
    pub took: Duration,
}

impl Report {
    pub(super) fn of(address: &Address) -> Self {
        Self { of: address.shown(), tls: address.tls, at: now(), checks: Vec::new(), commands: 0, took: Duration::ZERO }
    }

    /// Did nothing fail?
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome != Outcome::Failed)
    }

    /// The whole as plain text, for others to read.
    pub fn text(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let at = Timestamp::from_millisecond(self.at).map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
        let mut out = format!(
            "Connection test of {scheme}://{}\n{}, Heliograph {}\n{} commands in {} ms\n\n",
            self.of,
            at.unwrap_or_default(),
            env!("CARGO_PKG_VERSION"),
            self.commands,
            self.took.as_millis()
        );
        for check in &self.checks {
            add(&mut out, check);
        }
        out
    }
}

fn add(out: &mut String, check: &Check) {
    let outcome = match check.outcome {
        Outcome::Running => "running",
        Outcome::Good => "good",
        Outcome::Warning => "warning",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    };
    let took = check.took_ms.map(|took| format!(" ({took:.1} ms)")).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{outcome:<9}{}{took}", check.title);
    let trouble = check.trouble.iter().flat_map(|trouble| [&trouble.message, &trouble.remedy]);
    for line in check.detail.iter().chain(trouble) {
        let _ = writeln!(out, "{:<9}{line}", "");
    }
}
