//! How what the API says is shown.

use super::{Database, Lent, Plan};
use crate::guide::{AccountDatabases, DatabaseView, Temporary};

impl From<&Database> for DatabaseView {
    fn from(database: &Database) -> Self {
        Self {
            id: database.id.clone(),
            name: database.shown_name(),
            region: database.region_in_words(),
            plan: database.plan.in_words(),
            state: database.state.in_words(),
            usable: database.usable(),
        }
    }
}

impl From<&[Database]> for AccountDatabases {
    /// In the order in which they came.
    fn from(databases: &[Database]) -> Self {
        Self {
            databases: databases.iter().map(DatabaseView::from).collect(),
            free_taken: databases.iter().any(|database| database.plan == Plan::Free),
        }
    }
}

impl From<&Lent> for Temporary {
    fn from(lent: &Lent) -> Self {
        Self { claim: lent.claim.is_some(), ends: lent.ends }
    }
}
