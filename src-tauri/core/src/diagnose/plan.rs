//! What the API says of the plan, in words. How to ask it is not this module's business.

use std::{future::Future, pin::Pin};

use super::board::{Finding, Step};
use crate::{
    text::{self, grouped},
    trouble::{Trouble, TroubleCode},
};

/// A question to the API that is asked when its turn comes, within the limit of a step.
pub type PlanQuestion = Pin<Box<dyn Future<Output = Result<PlanFacts, Trouble>> + Send>>;

/// What the API says of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanFacts {
    /// Its name: "Free".
    pub plan: String,
    /// How many commands a month it allows, where it has a limit.
    pub commands_a_month: Option<u64>,
    /// How many were used this month, where that is known.
    pub commands_used: Option<u64>,
    /// How many bytes of data it holds, where it has a limit.
    pub data_bytes: Option<u64>,
    /// Is the database out of service?
    pub suspended: bool,
}

/// Asks for the plan and its limits.
pub(super) async fn plan(question: PlanQuestion) -> Step<()> {
    let facts = match question.await {
        Ok(facts) => facts,
        Err(trouble) => return Err(Finding::warning("Plan and limits are not known").trouble(trouble)),
    };
    if facts.suspended {
        let trouble = Trouble::new(
            TroubleCode::NotPossible,
            "The database is suspended.",
            "The Upstash console says why, and lets you resume it.",
        );
        return Err(Finding::failed("Suspended", trouble));
    }
    let finding = if nearly_used_up(&facts) { Finding::warning(title(&facts)) } else { Finding::good(title(&facts)) };
    Ok((finding.detail(limits(&facts)), ()))
}

fn title(facts: &PlanFacts) -> String {
    format!("Plan: {}", text::line(&facts.plan, 40))
}

fn limits(facts: &PlanFacts) -> String {
    let commands = match (facts.commands_used, facts.commands_a_month) {
        (Some(used), Some(limit)) => format!("{} of {} commands used this month", grouped(used), grouped(limit)),
        (None, Some(limit)) => format!("{} commands a month", grouped(limit)),
        (Some(used), None) => format!("{} commands used this month, no limit", grouped(used)),
        (None, None) => "no limit on commands".to_owned(),
    };
    match facts.data_bytes {
        Some(bytes) => format!("{commands}; {} MB of data", grouped(bytes / (1024 * 1024))),
        None => commands,
    }
}

/// Nine tenths are gone.
fn nearly_used_up(facts: &PlanFacts) -> bool {
    matches!((facts.commands_used, facts.commands_a_month), (Some(used), Some(limit)) if used / 9 >= limit / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_said_as_far_as_they_are_known() {
        let free = PlanFacts {
            plan: "Free".into(),
            commands_a_month: Some(500_000),
            commands_used: Some(1234),
            data_bytes: Some(256 * 1024 * 1024),
            suspended: false,
        };
        assert_eq!(limits(&free), "1,234 of 500,000 commands used this month; 256 MB of data");
        assert_eq!(limits(&PlanFacts::default()), "no limit on commands");
        assert!(!nearly_used_up(&free));
        assert!(nearly_used_up(&PlanFacts { commands_used: Some(450_000), ..free }));
        assert_eq!((grouped(0), grouped(999), grouped(1_000_000)), ("0".into(), "999".into(), "1,000,000".into()));
    }
}
