//! The connection test, run by the guide: of the address being tried, or else of the one in use.

use super::{Guide, GuideView, not_possible};
use crate::{
    diagnose::{PlanFacts, PlanQuestion, Report, Test},
    link::Address,
    trouble::Trouble,
    upstash::{Account, Database, State},
};

impl Guide {
    /// Starts the test; its steps come in the view one by one. A test that runs already begins anew.
    pub fn start_test(&self) -> Result<GuideView, Trouble> {
        if self.shared.look().address().is_none() {
            return Err(not_possible("There is no address to test.", "Set one up first."));
        }
        self.test();
        Ok(self.view())
    }

    /// The test as text, to be shown to somebody. No secret is in it.
    pub fn report(&self) -> String {
        self.shared.look().report.as_ref().map_or_else(|| "No connection test was made.".into(), Report::text)
    }

    pub(super) fn test(&self) {
        let address = self.shared.look().address().map(Address::parse);
        let Some(Ok(address)) = address else { return };
        self.shared.change(|state| {
            state.view.checks.clear();
            state.view.cost = 0;
            state.view.testing = true;
        });
        let testing = self.clone();
        self.shared.replace(&self.shared.test, async move { testing.run_test(address).await });
    }

    async fn run_test(&self, address: Address) {
        let means = &self.shared.means;
        let names = means.settings.borrow().names();
        let place = self.shared.look().place.clone();
        let plan = self.plan().await;
        // By its name, as it need not be the one in use, and may become that while it is tested.
        let (authorities, meter) = (means.authorities.clone(), means.meter.of(&address.shown()));
        let test = Test { address, names, authorities, place, plan, meter };
        let report = test.run(|report| self.show(report)).await;
        self.show(&report);
        self.shared.change(|state| state.view.testing = false);
    }

    fn show(&self, report: &Report) {
        self.shared.change(|state| {
            state.view.checks.clone_from(&report.checks);
            state.view.cost = report.commands;
            state.report = Some(report.clone());
        });
    }

    /// The question for the database's plan, where a key and the database are known. The keychain is not asked for
    /// this: it may prompt.
    async fn plan(&self) -> Option<PlanQuestion> {
        let (id, known) = {
            let state = self.shared.look();
            (state.database.clone()?, state.account.is_some())
        };
        if !known {
            return None;
        }
        let account = self.account().await.ok()?;
        Some(Box::pin(async move { facts(&account, &id).await }))
    }
}

async fn facts(account: &Account, id: &str) -> Result<PlanFacts, Trouble> {
    let database = account.database_without_password(id).await?;
    // Without counters the plan is still known.
    let used = account.stats(id).await.ok().and_then(|stats| stats.monthly_commands);
    Ok(of(&database, used))
}

fn of(database: &Database, used: Option<u64>) -> PlanFacts {
    PlanFacts {
        plan: database.plan.in_words(),
        commands_a_month: database.request_limit,
        commands_used: used,
        data_bytes: database.disk_limit,
        suspended: database.state == State::Suspended,
    }
}
