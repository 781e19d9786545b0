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
    pub const ALL: [Self; 7] =
        [Self::Address, Self::NewAddress, Self::NextAddress, Self::Probe, Self::Claim, Self::Upstash, Self::GitHub];

    /// Its name within the service.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Address => "redis-url",
            Self::NewAddress => "redis-url-new",
            Self::NextAddress => "redis-url-next",
            Self::Probe => "probe",
            Self::Claim => "claim-link",
            Self::Upstash => "upstash-api",
            Self::GitHub => "github-token",
        }
    }

    /// What it is, in words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Address => "The database's address, with its password",
            Self::NewAddress => "The address that is being set up",
            Self::NextAddress => "The address with the new key, while that is being changed",
            Self::Probe => "Nothing: it was written to see whether that works",
            Self::Claim => "The link that makes the lent database yours",
            Self::Upstash => "The API key of your Upstash account",
            Self::GitHub => "The GitHub token of the mailbox",
        }
    }
}
