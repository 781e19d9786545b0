//! What is kept in the keychain. One item a secret, so that a person is asked for it once.

/// An item of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// The database's address, with its password.
    Address,
    /// An address that is being set up, beside the one in use.
    NewAddress,
    /// The address with the new key, beside the one in use, while that is being changed.
    NextAddress,
    /// The address from before, while the key is being changed and both are valid.
    PreviousAddress,
    /// The address with the new key of the agent that is given one, until it uses it.
    PeerAddress,
    /// The address of the user `default`, where each agent is a user of its own: users can be changed only by it.
    Emergency,
    /// What is written and removed again to see whether a secret can be kept.
    Probe,
    /// The page on which a lent database is made one's own: whoever has it can have the password.
    Claim,
    /// The e-mail and key of the Developer API.
    Upstash,
    /// The token for the repository of the mailbox.
    GitHub,
}

impl Item {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Address,
        Self::NewAddress,
        Self::NextAddress,
        Self::PreviousAddress,
        Self::PeerAddress,
        Self::Emergency,
        Self::Probe,
        Self::Claim,
        Self::Upstash,
        Self::GitHub,
    ];

    /// Its name within the service.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Address => "redis-url",
            Self::NewAddress => "redis-url-new",
            Self::NextAddress => "redis-url-next",
            Self::PreviousAddress => "redis-url-previous",
            Self::PeerAddress => "redis-url-peer",
            Self::Emergency => "redis-url-default",
            Self::Probe => "probe",
            Self::Claim => "claim-link",
            Self::Upstash => "upstash-api",
            Self::GitHub => "github-token",
        }
    }

    /// What it is, in words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Address => "The database’s address, with its password",
            Self::NewAddress => "The address that is being set up",
            Self::NextAddress => "The address with the new key, while that is being changed",
            Self::PreviousAddress => "The address from before, while the key is being changed",
            Self::PeerAddress => "Helios’s address with its new key, until it uses it",
            Self::Emergency => "The address of the database’s user default, for emergencies",
            Self::Probe => "Nothing: it was written to see whether that works",
            Self::Claim => "The link that makes the lent database yours",
            Self::Upstash => "The API key of your Upstash account",
            Self::GitHub => "The GitHub token of the mailbox",
        }
    }
}
