//! The limits of a rotation in one place, so that tests can shorten them. It must not hold anything a person sets.

use std::time::Duration;

/// The limits of a rotation. [`Tuning::default`] is what the program runs with.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// How long our own announcement may take to come back.
    pub echo_limit: Duration,
    /// How long Helios may take to say that it is ready.
    pub ready_limit: Duration,
    /// How long it is looked for what came of a reset whose answer was lost.
    pub read_back_limit: Duration,
    /// How long a new key may take until it works.
    pub prove_limit: Duration,
    /// How long an old key may take until it no longer works.
    pub old_limit: Duration,
    /// How long the link may take until it stands with the new key.
    pub reconnect_limit: Duration,
    /// How long Helios may take to go back to its old token before the new one is removed.
    pub return_limit: Duration,
    /// How long it is tried to leave a sealed key in the mailbox.
    pub leave_limit: Duration,
    /// How long the person's command may take.
    pub command_limit: Duration,
    /// The wait between two tries of any of these.
    pub pause: Duration,
    /// The wait between two tries where nothing says that another one would go better.
    pub long_pause: Duration,
    /// After so long without a word from Helios the person is reminded.
    pub remind_after: Duration,
    /// How long a refused password is left alone before it is looked at whether another computer has changed it.
    pub follow_after: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            echo_limit: Duration::from_secs(5),
            ready_limit: Duration::from_secs(30),
            read_back_limit: Duration::from_mins(1),
            prove_limit: Duration::from_mins(1),
            old_limit: Duration::from_secs(15),
            reconnect_limit: Duration::from_mins(1),
            return_limit: Duration::from_mins(1),
            leave_limit: Duration::from_mins(1),
            command_limit: Duration::from_mins(1),
            pause: Duration::from_secs(1),
            long_pause: Duration::from_secs(15),
            remind_after: Duration::from_mins(15),
            follow_after: Duration::from_secs(2),
        }
    }
}
