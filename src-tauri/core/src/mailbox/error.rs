//! What can go wrong with a request: the one place where its failures are classified. None holds a word of the request
//! or of the answer.

use std::time::Duration;

use reqwest::StatusCode;

use super::headers::{Limited, Told, limited};
use crate::{
    trouble::{Trouble, TroubleCode},
    upstash::certificate_refused,
};

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MailboxError {
    /// The token is wrong or has expired.
    #[error("GitHub refused the token")]
    TokenRefused,
    /// The token may not do that.
    #[error("GitHub does not let this token do that")]
    Forbidden,
    /// There is no such thing, or the token may not know of it.
    #[error("GitHub shows this token no such thing")]
    NotFound,
    /// It is gone for good, or the repository has no issues.
    #[error("GitHub says that this is gone")]
    Gone,
    /// It pointed elsewhere, where the token must not go.
    #[error("the answer pointed to another address, which was not followed")]
    Redirected,
    /// Refused for now.
    #[error("GitHub asks for fewer requests")]
    Busy {
        /// For how long, where it was said.
        again: Option<Duration>,
    },
    /// We have asked enough for this hour.
    #[error("this hour’s requests are used up")]
    UsedUp {
        /// How long until there is one more.
        again: Duration,
    },
    /// The service has a fault (5xx).
    #[error("GitHub has a fault of its own (status {status})")]
    ServerFault {
        /// The HTTP status.
        status: u16,
        /// How long to leave it alone, where that was said.
        again: Option<Duration>,
    },
    /// Refused for a reason that has no case of its own.
    #[error("GitHub refused the request (status {status})")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// No connection could be made: nothing was sent.
    #[error("no connection to GitHub")]
    Unreachable,
    /// The connection broke off.
    #[error("the connection to GitHub broke off")]
    BrokenOff,
    /// No answer in time.
    #[error("GitHub did not answer in time")]
    TimedOut,
    /// The server's certificate was not accepted.
    #[error("the certificate of GitHub’s API was refused")]
    CertificateRefused,
    /// The answer is longer than any should be.
    #[error("the answer is too long")]
    TooLarge,
    /// The answer makes no sense.
    #[error("the answer cannot be read")]
    Unreadable,
    /// The API's address is neither encrypted nor on this computer.
    #[error("the API’s address must begin with https://")]
    BaseRefused,
    /// A mistake of ours, before anything was sent.
    #[error("the request could not be prepared")]
    Unprepared,
}

/// What a refusal means; `said` is the answer's text in lower case.
pub(super) fn refused(status: StatusCode, told: &Told, said: &str) -> MailboxError {
    if let Some(Limited { again }) = limited(status, told, said) {
        return MailboxError::Busy { again };
    }
    match status.as_u16() {
        300..=399 => MailboxError::Redirected,
        401 => MailboxError::TokenRefused,
        403 | 451 => MailboxError::Forbidden,
        404 => MailboxError::NotFound,
        410 => MailboxError::Gone,
        status @ 500.. => MailboxError::ServerFault { status, again: told.retry_after },
        status => MailboxError::Refused { status },
    }
}

/// Why there is no answer, or no whole one.
pub(super) fn unsent(error: &reqwest::Error) -> MailboxError {
    if certificate_refused(error) {
        MailboxError::CertificateRefused
    } else if error.is_builder() {
        MailboxError::Unprepared
    } else if error.is_connect() {
        MailboxError::Unreachable
    } else if error.is_timeout() {
        MailboxError::TimedOut
    } else {
        MailboxError::BrokenOff
    }
}

impl MailboxError {
    /// Could the same request have a better answer a little later?
    pub(super) fn passes(&self) -> bool {
        use MailboxError as E;
        matches!(
            self,
            E::Busy { .. }
                | E::UsedUp { .. }
                | E::ServerFault { .. }
                | E::Unreachable
                | E::BrokenOff
                | E::TimedOut
                | E::TooLarge
                | E::Unreadable
        )
    }

    /// May the request have taken effect all the same?
    pub(super) fn may_have_acted(&self) -> bool {
        use MailboxError as E;
        matches!(self, E::ServerFault { .. } | E::BrokenOff | E::TimedOut | E::TooLarge | E::Unreadable)
    }

    /// As a screen shows it.
    pub(super) fn trouble(&self) -> Trouble {
        let (code, message, remedy) = self.words();
        Trouble::new(code, message, remedy)
    }

    fn words(&self) -> (TroubleCode, &'static str, &'static str) {
        use MailboxError as E;
        use TroubleCode::{CertificateRefused, Internal, MailboxBusy, MailboxRefused, MailboxUnreachable};
        match self {
            E::TokenRefused => (
                MailboxRefused,
                "GitHub refused the mailbox’s token: it is wrong, was revoked or has expired.",
                "Make a new fine-grained token with Issues: Read and write for that one repository, and enter it.",
            ),
            E::Forbidden => (
                MailboxRefused,
                "GitHub does not let this token read and write the mailbox’s issues.",
                "Give the token the permission Issues: Read and write for that repository. Where the repository is archived, choose another.",
            ),
            E::NotFound => (
                MailboxRefused,
                "GitHub shows this token no such repository.",
                "Check owner and name, and that the token was given access to that repository.",
            ),
            E::Gone => (
                MailboxRefused,
                "The mailbox’s repository has no issues.",
                "Turn on Issues under Settings, General, Features of the repository.",
            ),
            E::Redirected => (
                MailboxRefused,
                "GitHub says that the mailbox’s repository is elsewhere now. The token was not sent there.",
                "Enter the repository’s new name.",
            ),
            E::Refused { .. } => (
                MailboxRefused,
                "GitHub refused what was asked of the mailbox.",
                "Check the repository: issues that are locked or deleted cannot be written to.",
            ),
            E::Busy { .. } => (
                MailboxBusy,
                "GitHub asks this program to slow down.",
                "The mailbox goes on by itself when GitHub allows it.",
            ),
            E::UsedUp { .. } => (
                MailboxBusy,
                "The mailbox’s hundred requests for this hour are used up.",
                "It goes on by itself as the hour passes.",
            ),
            E::ServerFault { .. } => (
                MailboxUnreachable,
                "GitHub has a fault of its own.",
                "It is tried again by itself; githubstatus.com says what is known.",
            ),
            E::Unreachable | E::BrokenOff => (
                MailboxUnreachable,
                "GitHub cannot be reached.",
                "It is tried again by itself. Is this computer online?",
            ),
            E::TimedOut => (MailboxUnreachable, "GitHub did not answer in time.", "It is tried again by itself."),
            E::TooLarge | E::Unreadable => (
                MailboxUnreachable,
                "GitHub’s answer cannot be read.",
                "It is tried again by itself. Something between this computer and GitHub may be answering in its place.",
            ),
            E::CertificateRefused => (
                CertificateRefused,
                "The certificate of GitHub’s API was not accepted.",
                "Something between this computer and GitHub reads along, or a certificate is missing: name its file in SSL_CERT_FILE.",
            ),
            E::BaseRefused => (
                MailboxRefused,
                "The address of GitHub’s API is not encrypted.",
                "GITHUB_API_URL must begin with https://, or name this computer.",
            ),
            E::Unprepared => (Internal, "The request to GitHub could not be prepared.", "Start the program again."),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn each_status_has_its_meaning() {
        let rows = [
            (301, MailboxError::Redirected),
            (401, MailboxError::TokenRefused),
            (403, MailboxError::Forbidden),
            (404, MailboxError::NotFound),
            (410, MailboxError::Gone),
            (422, MailboxError::Refused { status: 422 }),
            (429, MailboxError::Busy { again: None }),
            (502, MailboxError::ServerFault { status: 502, again: None }),
        ];
        for (status, meaning) in rows {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(refused(status, &Told::default(), ""), meaning, "{status}");
        }
    }

    #[test]
    fn what_did_act_is_never_taken_for_not_sent() {
        assert!(!MailboxError::Unreachable.may_have_acted());
        assert!(!MailboxError::Busy { again: None }.may_have_acted());
        assert!(MailboxError::ServerFault { status: 502, again: None }.may_have_acted());
        assert!(MailboxError::TimedOut.may_have_acted());
    }
}
