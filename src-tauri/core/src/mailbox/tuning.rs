//! The mailbox's limits in one place, so that tests can shorten them. It must not hold anything a person sets.

use std::{path::PathBuf, time::Duration};

/// The mailbox's limits. [`Tuning::default`] is what the program runs with.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// For the connection: name, TCP and TLS.
    pub connect_limit: Duration,
    /// For a request from its first packet to the last byte of the answer, connecting included. GitHub gives up after
    /// ten seconds itself.
    pub answer_limit: Duration,
    /// The most bytes of an answer. A hundred ordinary messages fit, and ten of the worst that GitHub takes.
    pub body_limit: usize,
    /// How often it is looked while Redis is away.
    pub fast: Duration,
    /// How often otherwise: it may be the other side that cannot reach Redis.
    pub slow: Duration,
    /// How long a request counts against the hundred of an hour.
    pub hour: Duration,
    /// The longest wait between tries while the service has a fault.
    pub fault_cap: Duration,
    /// The wait when the service limits us without saying for how long; each further time it is twice as long.
    pub limited: Duration,
    /// How long a post whose answer was lost may still take effect: before that, looking for it proves nothing.
    pub doubt: Duration,
    /// The least time between two reactions.
    pub reaction_pause: Duration,
    /// A file of certificate authorities to trust beside the system's and the built-in ones.
    pub authorities: Option<PathBuf>,
}

impl Default for Tuning {
    /// `authorities` comes from `SSL_CERT_FILE`.
    fn default() -> Self {
        Self {
            connect_limit: Duration::from_secs(10),
            answer_limit: Duration::from_secs(20),
            body_limit: 8 * 1024 * 1024,
            fast: Duration::from_secs(30),
            slow: Duration::from_mins(5),
            hour: Duration::from_hours(1),
            fault_cap: Duration::from_mins(5),
            limited: Duration::from_mins(1),
            doubt: Duration::from_secs(15),
            reaction_pause: Duration::from_secs(1),
            authorities: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from),
        }
    }
}
