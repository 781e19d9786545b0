//! The account: its databases, and what it may have of them.

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    database::{Database, Made},
    fault::Fault,
    habits::Present,
    routes::{Seen, SeenLately},
};
use crate::{manners::Manners, port, redis::Certificates};

/// As published: ten databases in all; and, so that a computer is not filled, four lent ones.
const MOST: usize = 10;
const MOST_LENT: usize = 4;

const AWS: [&str; 14] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "sa-east-1",
    "ap-south-1",
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "af-south-1",
];
const GCP: [&str; 4] = ["us-central1", "us-east4", "europe-west1", "asia-northeast1"];

/// What a database is to be like; checked when it is made.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) platform: String,
    pub(super) region: String,
    pub(super) plan: String,
}

/// Why there will be no such database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotMade {
    Name,
    Platform,
    Region,
    Plan,
    SecondFree,
    TooMany,
    NoPort,
}

/// The account and all that belongs to it.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) email: String,
    pub(super) key: SecretString,
    pub(super) certificates: Certificates,
    pub(super) manners: Manners<Fault>,
    pub(super) habits: Present,
    revoked: AtomicBool,
    seen: SeenLately,
    home: PathBuf,
    databases: Mutex<Vec<Arc<Database>>>,
    made: AtomicU32,
    servers: TaskTracker,
    stop: CancellationToken,
}

impl Wanted {
    pub(super) fn free(name: &str) -> Self {
        Self { name: name.into(), platform: "aws".into(), region: "ap-southeast-1".into(), plan: "free".into() }
    }

    pub(super) fn paid(name: &str) -> Self {
        Self { plan: "payg".into(), ..Self::free(name) }
    }

    fn check(&self) -> Result<(), NotMade> {
        let regions: &[&str] = match self.platform.as_str() {
            "aws" => &AWS,
            "gcp" => &GCP,
            _ => return Err(NotMade::Platform),
        };
        if self.name.trim().is_empty() || self.name.len() > 100 {
            Err(NotMade::Name)
        } else if !regions.contains(&self.region.as_str()) {
            Err(NotMade::Region)
        } else if !matches!(self.plan.as_str(), "free" | "payg") && !self.plan.starts_with("fixed_") {
            Err(NotMade::Plan)
        } else {
            Ok(())
        }
    }
}

impl Account {
    pub(super) fn new(home: PathBuf, email: String, key: SecretString, certificates: Certificates) -> Self {
        Self {
            email,
            key,
            certificates,
            manners: Manners::default(),
            habits: Present::default(),
            revoked: AtomicBool::new(false),
            seen: SeenLately::default(),
            home,
            databases: Mutex::default(),
            made: AtomicU32::new(0),
            servers: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// The account's own databases, in the order in which they were made.
    pub(super) fn databases(&self) -> Vec<Arc<Database>> {
        self.table().iter().filter(|database| !database.lent).map(Arc::clone).collect()
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Database>> {
        self.table().iter().find(|database| database.id == id && !database.lent).map(Arc::clone)
    }

    /// Makes a database; it becomes active by itself.
    pub(super) fn make(&self, wanted: Wanted) -> Result<Arc<Database>, NotMade> {
        wanted.check()?;
        self.add(wanted, false, |table| {
            let own = table.iter().filter(|database| !database.lent);
            if own.clone().count() >= MOST {
                return Err(NotMade::TooMany);
            }
            Ok(own.map(|database| database.plan.as_str()).collect())
        })
    }

    /// Makes a database outside the account.
    pub(super) fn lend(&self) -> Result<Arc<Database>, NotMade> {
        self.add(Wanted::free("start-redis"), true, |table| {
            let lent = table.iter().filter(|database| database.lent).count();
            if lent >= MOST_LENT { Err(NotMade::TooMany) } else { Ok(Vec::new()) }
        })
    }

    /// `plans` gives the plans beside which the new one has to fit. Looking and adding happen under one lock, so that
    /// two questions at once do not make two free ones.
    fn add(
        &self,
        wanted: Wanted,
        lent: bool,
        plans: impl FnOnce(&[Arc<Database>]) -> Result<Vec<&str>, NotMade>,
    ) -> Result<Arc<Database>, NotMade> {
        let mut table = self.table();
        if plans(&table)?.contains(&"free") && wanted.plan == "free" {
            return Err(NotMade::SecondFree);
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let made = Made {
            folder: self.home.join(format!("database-{number}")),
            port: port::free().map_err(|_| NotMade::NoPort)?,
            certificates: self.certificates.clone(),
            lent,
            controlled: wanted.plan != "free",
            stop: self.stop.child_token(),
        };
        let database = Arc::new(Database::start(wanted, made, &self.servers));
        table.push(Arc::clone(&database));
        Ok(database)
    }

    /// Ends a database; false if there is none.
    pub(super) fn remove(&self, id: &str) -> bool {
        let mut table = self.table();
        let Some(index) = table.iter().position(|database| database.id == id && !database.lent) else { return false };
        table.remove(index).end();
        true
    }

    /// The key is refused from now on.
    pub(super) fn revoke_key(&self) {
        self.revoked.store(true, Ordering::Relaxed);
    }

    /// Has the key been taken away?
    pub(super) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Relaxed)
    }

    /// Does this beside everything else, whether or not anybody waits for it; nothing comes of it at our end.
    pub(super) fn spawn<F>(&self, work: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let work = self.stop.clone().run_until_cancelled_owned(work);
        self.servers.spawn(work)
    }

    pub(super) fn note(&self, seen: Seen) {
        self.seen.add(seen);
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.all()
    }

    pub(super) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Ends everything, and returns when the servers are gone.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.servers.close();
        self.servers.wait().await;
    }

    fn table(&self) -> MutexGuard<'_, Vec<Arc<Database>>> {
        self.databases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for NotMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "database_name is missing or too long",
            Self::Platform => "platform must be aws or gcp",
            Self::Region => "primary_region is not a region of this platform",
            Self::Plan => "plan is unknown",
            Self::SecondFree => "free database limit exceeded: an account can have one free database",
            Self::TooMany => "database limit exceeded",
            Self::NoPort => "no free port",
        })
    }
}
