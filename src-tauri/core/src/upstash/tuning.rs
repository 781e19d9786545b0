//! The client's limits in one place, so that tests can shorten them. It must not hold anything a person sets.

use std::{path::PathBuf, time::Duration};

/// The client's limits. [`Tuning::default`] is what the program runs with.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// For the connection: name, TCP and TLS.
    pub connect_limit: Duration,
    /// For a call from its first packet to the last byte of the answer, connecting included.
    pub answer_limit: Duration,
    /// The longest wait that the service may impose and that is waited out within a call; beyond it the call fails
    /// and says when to come again.
    pub patience: Duration,
    /// The most bytes of an answer.
    pub body_limit: usize,
    /// How long a new database may take until it is active.
    pub active_limit: Duration,
    /// The first wait between two looks at a new database; each later one is half as long again, up to `look_cap`.
    pub first_look: Duration,
    /// The longest wait between two looks.
    pub look_cap: Duration,
    /// A file of certificate authorities to trust beside the system's and the built-in ones.
    pub authorities: Option<PathBuf>,
}

impl Default for Tuning {
    /// `authorities` comes from `SSL_CERT_FILE`.
    fn default() -> Self {
        Self {
            connect_limit: Duration::from_secs(10),
            answer_limit: Duration::from_secs(30),
            patience: Duration::from_secs(5),
            body_limit: 1024 * 1024,
            active_limit: Duration::from_mins(3),
            first_look: Duration::from_millis(500),
            look_cap: Duration::from_secs(5),
            authorities: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from),
        }
    }
}
