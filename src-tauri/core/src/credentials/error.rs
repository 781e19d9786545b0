//! Why the keychain did not do what it was asked, and what a person can do about it.

use keyring_core::Error;

use crate::trouble::{Trouble, TroubleCode};

/// Why the keychain gave or took nothing. None of them holds what it gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// There is no keychain service.
    #[error("there is no keychain service")]
    Missing,
    /// It is locked, or its prompt was dismissed.
    #[error("the keychain is locked")]
    Locked,
    /// It did not answer in time.
    #[error("the keychain does not answer")]
    Silent,
    /// What was written is not what is read again: somebody else changes it, or there are two of them.
    #[error("the keychain holds something else than was put into it")]
    Changed,
    /// The secret is longer than keychains take.
    #[error("the secret is too long for a keychain")]
    TooLong,
    /// It refused, or what stands in it is no text.
    #[error("the keychain refused")]
    Failed,
}

impl KeychainError {
    /// The same for a person, with the way on.
    pub fn trouble(self) -> Trouble {
        let (code, message, remedy) = match self {
            Self::Missing => (
                TroubleCode::KeychainMissing,
                "There is no keychain service on this desktop, so a secret cannot be kept for the next start.",
                "Install and start gnome-keyring or KWallet and try again, or go on for this session only: the secret \
                 is then kept in memory, and asked for again at the next start.",
            ),
            Self::Locked => (
                TroubleCode::KeychainLocked,
                "Secrets can neither be read from the keychain nor kept in it while it is locked.",
                "Unlock it and try again, or go on for this session only: the secret is then kept \
                 in memory, and asked for again at the next start.",
            ),
            Self::Silent => (
                TroubleCode::KeychainSilent,
                "The keychain did not answer within ten seconds.",
                "Look for a window that asks to unlock it, then try again. Or go on for this session only.",
            ),
            Self::Changed => (
                TroubleCode::KeychainFailed,
                "The keychain holds something else than was just put into it.",
                "Look in the keychain for two items named heliograph, remove them, and try again. Or go on for this \
                 session only.",
            ),
            Self::TooLong => (
                TroubleCode::KeychainFailed,
                "The secret is longer than a keychain takes.",
                "Check that only the address was pasted.",
            ),
            Self::Failed => (
                TroubleCode::KeychainFailed,
                "The keychain refused.",
                "Try again, or go on for this session only: the secret is then kept in memory, and asked for again at \
                 the next start.",
            ),
        };
        Trouble::new(code, message, remedy)
    }
}

impl From<KeychainError> for Trouble {
    fn from(error: KeychainError) -> Self {
        error.trouble()
    }
}

/// Takes the error by value and lets it go: some of its cases hold the secret's bytes.
#[expect(clippy::needless_pass_by_value, reason = "nobody is to look at the error after this")]
pub(super) fn classify(error: Error) -> KeychainError {
    match error {
        Error::NoStorageAccess(_) => KeychainError::Locked,
        Error::PlatformFailure(_) | Error::NoDefaultStore => KeychainError::Missing,
        Error::Ambiguous(_) => KeychainError::Changed,
        Error::TooLong(..) => KeychainError::TooLong,
        _ => KeychainError::Failed,
    }
}
