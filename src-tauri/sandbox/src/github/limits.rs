//! How much may be asked: counted questions in an hour, and things written in a minute.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

/// As published.
const REQUESTS: u32 = 5_000;
const CREATIONS: usize = 80;
/// Without a token it is these few.
const REQUESTS_OF_NOBODY: u32 = 60;

const HOUR: i64 = 3_600;
const MINUTE: Duration = Duration::from_mins(1);

/// Where somebody stands, as the headers of each answer tell it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) used: u32,
    /// Seconds since 1970.
    pub(super) reset: i64,
}

/// All counts.
#[derive(Debug)]
pub(super) struct Limits(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    requests: u32,
    creations: usize,
    by_login: HashMap<&'static str, Count>,
    counted: u64,
    not_modified: u64,
}

#[derive(Debug, Default)]
struct Count {
    used: u32,
    reset: i64,
    // Never longer than the limit: one that is refused is not added.
    created: VecDeque<Instant>,
}

impl Limits {
    pub(super) fn set_requests(&self, most: u32) {
        let mut counts = self.counts();
        counts.requests = most;
        counts.by_login.values_mut().for_each(|count| count.reset = 0);
    }

    pub(super) fn set_creations(&self, most: usize) {
        self.counts().creations = most;
    }

    /// Where this login stands; nobody has an hour that begins with every question.
    pub(super) fn standing(&self, login: Option<&'static str>) -> Standing {
        let now = Timestamp::now().as_second();
        let Some(login) = login else {
            return Standing { limit: REQUESTS_OF_NOBODY, used: 1, reset: now + HOUR };
        };
        let mut counts = self.counts();
        let limit = counts.requests;
        let count = counts.by_login.entry(login).or_default();
        if count.reset <= now {
            (count.used, count.reset) = (0, now + HOUR);
        }
        Standing { limit, used: count.used, reset: count.reset }
    }

    /// Counts an answered question.
    pub(super) fn count(&self, login: Option<&'static str>, not_modified: bool) {
        let mut counts = self.counts();
        if not_modified {
            counts.not_modified += 1;
            return;
        }
        counts.counted += 1;
        let limit = counts.requests;
        if let Some(count) = login.and_then(|login| counts.by_login.get_mut(login)) {
            count.used = (count.used + 1).min(limit);
        }
    }

    /// Counts something written, or gives the time after which it may be tried again.
    pub(super) fn create(&self, login: &'static str) -> Result<(), Duration> {
        let mut counts = self.counts();
        let most = counts.creations;
        let created = &mut counts.by_login.entry(login).or_default().created;
        while created.front().is_some_and(|at| at.elapsed() >= MINUTE) {
            created.pop_front();
        }
        if created.len() >= most {
            return Err(created.front().map_or(MINUTE, |at| MINUTE.saturating_sub(at.elapsed())));
        }
        created.push_back(Instant::now());
        Ok(())
    }

    pub(super) fn counted(&self) -> u64 {
        self.counts().counted
    }

    pub(super) fn not_modified(&self) -> u64 {
        self.counts().not_modified
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Limits {
    fn default() -> Self {
        let by_login = HashMap::new();
        Self(Mutex::new(Counts { requests: REQUESTS, creations: CREATIONS, by_login, counted: 0, not_modified: 0 }))
    }
}

impl Standing {
    pub(super) fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}
