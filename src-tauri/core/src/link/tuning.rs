//! The link's limits in one place, so that tests can shorten them. It must not hold anything a person sets.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use super::Pace;
use crate::usage::Meter;

/// The link's limits. [`Tuning::default`] is what the program runs with.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Name, connection, encryption, log-in and subscription together.
    pub connect_limit: Duration,
    /// How long an answer to a published message, or the echo of a heartbeat, may take.
    pub answer_limit: Duration,
    /// How many bytes may have been read and not yet looked at.
    pub unread_limit: usize,
    /// The wait before another try when the service said "not now".
    pub slow_lane: RangeInclusive<Duration>,
    /// A file of certificate authorities to trust beside the system's and the built-in ones.
    pub authorities: Option<PathBuf>,
    /// Look out for sleep and for changes of network.
    pub watch_surroundings: bool,
    /// What counts everything that is sent.
    pub meter: Meter,
    /// How seldom heartbeats are to be.
    pub pace: Pace,
}

impl Default for Tuning {
    /// `authorities` comes from `SSL_CERT_FILE`.
    fn default() -> Self {
        Self {
            connect_limit: Duration::from_secs(10),
            answer_limit: Duration::from_secs(5),
            unread_limit: 1024 * 1024,
            slow_lane: Duration::from_mins(12)..=Duration::from_mins(18),
            authorities: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from),
            watch_surroundings: true,
            meter: Meter::default(),
            pace: Pace::default(),
        }
    }
}
