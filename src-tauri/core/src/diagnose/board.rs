//! The list of steps as it grows: runs each within its limit, skips what needs what failed, and shows every change.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout};

use super::{Check, CheckKind, Help, Outcome, Report, STEP_LIMIT, line::Cost, words};
use crate::{
    link::{
        Address,
        fault::{Failure, Stage},
    },
    trouble::Trouble,
};

/// What a step found, and what it hands on to those after it.
pub(super) type Step<T> = Result<(Finding, T), Finding>;

/// What a step found.
#[derive(Debug)]
pub(super) struct Finding {
    outcome: Outcome,
    title: String,
    detail: Option<String>,
    took: Option<Duration>,
    trouble: Option<Box<Trouble>>,
    help: Option<Help>,
    /// Why nothing that follows can be tried.
    bars: Option<&'static str>,
}

impl Finding {
    fn new(outcome: Outcome, title: impl Into<String>) -> Self {
        Self { outcome, title: title.into(), detail: None, took: None, trouble: None, help: None, bars: None }
    }

    /// It works.
    pub(super) fn good(title: impl Into<String>) -> Self {
        Self::new(Outcome::Good, title)
    }

    /// It can be done without.
    pub(super) fn warning(title: impl Into<String>) -> Self {
        Self::new(Outcome::Warning, title)
    }

    /// It does not apply.
    pub(super) fn skipped(title: impl Into<String>) -> Self {
        Self::new(Outcome::Skipped, title)
    }

    /// It does not work.
    pub(super) fn failed(title: impl Into<String>, trouble: Trouble) -> Self {
        Self::new(Outcome::Failed, title).trouble(trouble)
    }

    pub(super) fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// In place of the time from the step's beginning to its end.
    pub(super) fn took(self, took: Duration) -> Self {
        Self { took: Some(took), ..self }
    }

    pub(super) fn trouble(self, trouble: Trouble) -> Self {
        Self { trouble: Some(Box::new(trouble)), ..self }
    }

    pub(super) fn help(self, help: impl Into<Option<Help>>) -> Self {
        Self { help: help.into(), ..self }
    }

    pub(super) fn bars(self, why: impl Into<Option<&'static str>>) -> Self {
        Self { bars: why.into(), ..self }
    }
}

/// The steps so far.
pub(super) struct Board<F> {
    address: Address,
    cost: Cost,
    report: Report,
    began: Instant,
    bars: Option<&'static str>,
    show: F,
}

impl<F: FnMut(&Report) + Send> Board<F> {
    pub(super) fn new(address: Address, cost: Cost, show: F) -> Self {
        let report = Report::of(&address);
        Self { address, cost, report, began: Instant::now(), bars: None, show }
    }

    /// Runs a step; gives what it hands on, if there is any.
    pub(super) async fn step<T>(&mut self, kind: CheckKind, work: impl Future<Output = Step<T>>) -> Option<T> {
        if let Some(why) = self.bars {
            self.skip(kind, why);
            return None;
        }
        self.put(kind, Finding::new(Outcome::Running, words::subject(kind)), None);
        let began = Instant::now();
        let ended = timeout(STEP_LIMIT, work).await.unwrap_or_else(|_| Err(self.too_slow(kind)));
        let took = began.elapsed();
        let (finding, given) = match ended {
            Ok((finding, given)) => (finding, Some(given)),
            Err(finding) => (finding, None),
        };
        self.put(kind, finding, Some(took));
        given
    }

    /// Does not try a step.
    pub(super) fn skip(&mut self, kind: CheckKind, why: &str) {
        self.put(kind, Finding::skipped(words::subject(kind)).detail(why), None);
    }

    /// Ends the step that is being tried, because all of them together took too long.
    pub(super) fn cut_off(&mut self) {
        if let Some(check) = self.report.checks.last()
            && check.outcome == Outcome::Running
        {
            let kind = check.kind;
            self.put(kind, self.too_slow(kind), None);
        }
        self.bars = Some("Not tried: the test took too long.");
    }

    /// Skips every step of the connection that was not come to.
    pub(super) fn skip_missing(&mut self) {
        let why = self.bars.unwrap_or("Not tried.");
        for kind in words::CONNECTION {
            if self.report.checks.iter().all(|check| check.kind != kind) {
                self.skip(kind, why);
            }
        }
    }

    /// What comes now does not need the connection.
    pub(super) fn unbar(&mut self) {
        self.bars = None;
    }

    /// The finished report.
    pub(super) fn close(mut self) -> Report {
        self.bring_up_to_date();
        self.report
    }

    fn too_slow(&self, kind: CheckKind) -> Finding {
        let stage = match kind {
            CheckKind::Name => Stage::Name,
            CheckKind::Reach => Stage::Connect,
            CheckKind::Encryption => Stage::Encrypt,
            CheckKind::LogIn => Stage::LogIn,
            _ => Stage::Live,
        };
        words::failed(kind, &Failure::TimedOut(stage), &self.address)
    }

    fn put(&mut self, kind: CheckKind, finding: Finding, took: Option<Duration>) {
        let Finding { outcome, title, detail, took: measured, trouble, help, bars } = finding;
        let tried = !matches!(outcome, Outcome::Running | Outcome::Skipped);
        let took_ms = measured.or(took).filter(|_| tried).map(|took| took.as_secs_f64() * 1000.0);
        let trouble = trouble.map(|trouble| *trouble);
        let check = Check { kind, outcome, title, detail, took_ms, trouble, help };
        match self.report.checks.last_mut() {
            Some(last) if last.kind == kind => *last = check,
            _ => self.report.checks.push(check),
        }
        self.bars = self.bars.or(bars);
        self.bring_up_to_date();
        (self.show)(&self.report);
    }

    fn bring_up_to_date(&mut self) {
        self.report.commands = self.cost.so_far();
        self.report.took = self.began.elapsed();
    }
}
