//! What can go wrong with a call: the one place where its failures are classified. None holds a word of the request or
//! of the answer, where a password, a key or an e-mail could stand.

use std::{error::Error, io, time::Duration};

use reqwest::StatusCode;

use crate::trouble::{Trouble, TroubleCode};

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstashError {
    /// The e-mail or the key is wrong.
    #[error("Upstash refused the e-mail or the API key")]
    KeyRefused,
    /// The key may not do that.
    #[error("Upstash does not let this API key do that")]
    Forbidden,
    /// There is no such database.
    #[error("Upstash knows no such database")]
    NotFound,
    /// The plan allows no more of these: one free database, for instance.
    #[error("the account’s plan allows no further database of this kind")]
    PlanLimit,
    /// A way to pay has to be named first.
    #[error("Upstash wants a way to pay before it makes this database")]
    PaymentNeeded,
    /// Slow down.
    #[error("Upstash asks for fewer questions")]
    Busy {
        /// How long to wait, where it was said.
        again: Option<Duration>,
    },
    /// The service has a fault (5xx).
    #[error("Upstash has a fault of its own (status {status})")]
    ServerFault {
        /// The HTTP status.
        status: u16,
    },
    /// Refused for a reason that has no case of its own.
    #[error("Upstash refused the request (status {status})")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// It pointed elsewhere, where the key must not go.
    #[error("the answer pointed to another address, which was not followed")]
    Redirected,
    /// No connection, or it broke off.
    #[error("no connection to Upstash’s API")]
    Unreachable,
    /// No answer in time.
    #[error("Upstash’s API did not answer in time")]
    TimedOut,
    /// The server's certificate was not accepted.
    #[error("the certificate of Upstash’s API was refused")]
    CertificateRefused,
    /// The answer is longer than any should be.
    #[error("the answer is too long")]
    TooLarge,
    /// The answer makes no sense.
    #[error("the answer cannot be read")]
    Unreadable,
    /// The database is suspended, and will not become active by itself.
    #[error("the database is suspended")]
    Suspended,
    /// The database is not active yet, though it was waited for.
    #[error("the database is not active yet")]
    NotActive,
    /// The API's address is neither encrypted nor on this computer.
    #[error("the API’s address must begin with https://")]
    BaseRefused,
    /// A mistake of ours, before anything was sent.
    #[error("the request could not be prepared")]
    Unprepared,
}

/// What was asked, as far as it matters to what a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Something that exists.
    Read,
    /// To make a database.
    Create,
    /// A new password for one.
    Reset,
    /// To lend one, without a key.
    Lend,
}

/// What a refusal means; `said` is the answer's text in lower case.
pub(super) fn refused(call: Call, status: StatusCode, said: &str) -> UpstashError {
    let code = status.as_u16();
    match code {
        300..=399 => UpstashError::Redirected,
        500.. => UpstashError::ServerFault { status: code },
        _ if call == Call::Lend => UpstashError::Refused { status: code },
        401 => UpstashError::KeyRefused,
        404 => UpstashError::NotFound,
        _ if call == Call::Create => not_made(code, said),
        403 => UpstashError::Forbidden,
        _ => UpstashError::Refused { status: code },
    }
}

/// Which status says that the plan is used up is not published, so the words have to tell.
fn not_made(code: u16, said: &str) -> UpstashError {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if code == 402 || says(&["payment", "credit card", "billing"]) {
        UpstashError::PaymentNeeded
    } else if says(&["limit", "exceed", "maximum", "quota", "upgrade", "only one", "more than", "already have"]) {
        UpstashError::PlanLimit
    } else if code == 403 {
        UpstashError::Forbidden
    } else {
        UpstashError::Refused { status: code }
    }
}

/// Why there is no answer, or no whole one.
pub(super) fn unsent(error: &reqwest::Error) -> UpstashError {
    if certificate_refused(error) {
        UpstashError::CertificateRefused
    } else if error.is_timeout() {
        UpstashError::TimedOut
    } else if error.is_builder() {
        UpstashError::Unprepared
    } else {
        UpstashError::Unreachable
    }
}

/// Was it the server's certificate?
pub(crate) fn certificate_refused(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        // An I/O error passes over what it holds when it is asked for its source.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = held.and_then(|held| held.downcast_ref::<rustls::Error>()).or_else(|| error.downcast_ref());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}

impl UpstashError {
    /// Could the same question have a better answer a little later?
    pub(super) fn passes(&self) -> bool {
        use UpstashError::{Busy, NotFound, ServerFault, TimedOut, Unreachable, Unreadable};
        // What was made a moment ago may not be known everywhere yet.
        matches!(self, Busy { .. } | NotFound | ServerFault { .. } | TimedOut | Unreachable | Unreadable)
    }

    /// Is it certain that what was asked for was not done?
    pub fn nothing_done(&self) -> bool {
        use UpstashError as E;
        match self {
            // Said by the service before it does anything, or by us.
            E::KeyRefused
            | E::Forbidden
            | E::NotFound
            | E::PlanLimit
            | E::PaymentNeeded
            | E::Busy { .. }
            | E::Refused { .. }
            | E::Redirected
            | E::CertificateRefused
            | E::BaseRefused
            | E::Unprepared => true,
            E::ServerFault { .. }
            | E::Unreachable
            | E::TimedOut
            | E::TooLarge
            | E::Unreadable
            | E::Suspended
            | E::NotActive => false,
        }
    }

    /// As a screen shows it.
    pub fn trouble(&self) -> Trouble {
        let (code, message, remedy) = self.words();
        Trouble::new(code, message, remedy)
    }

    fn words(&self) -> (TroubleCode, String, String) {
        use TroubleCode::{ApiBusy, ApiFailed, ApiKeyRefused, CertificateRefused, Internal, NotPossible, PlanLimit};
        let (code, message, remedy) = match self {
            Self::Busy { again } => return (ApiBusy, "Upstash asks this program to slow down.".into(), later(*again)),
            Self::ServerFault { status } => {
                let message = format!("Upstash’s API has a fault of its own (it answered with status {status}).");
                return (
                    ApiFailed,
                    message,
                    "Try again in a few minutes. Pasting an address works all the same.".into(),
                );
            }
            Self::Refused { status } => {
                let message = format!("Upstash refused the request (it answered with status {status}).");
                return (ApiFailed, message, "Do it in the Upstash console, and paste the address here.".into());
            }
            Self::KeyRefused => (
                ApiKeyRefused,
                "Upstash refused this e-mail and API key.",
                "Check both. The e-mail is the one you log in to Upstash with; keys are made in the console under Account, Management API. Accounts made through Vercel or Fly.io have none: paste the database’s address instead.",
            ),
            Self::Forbidden => (
                ApiKeyRefused,
                "This API key may not do that.",
                "Make a key that may write in the console under Account, Management API, or do it in the console and paste the address.",
            ),
            Self::NotFound => (
                NotPossible,
                "Upstash knows no such database; it may have been deleted.",
                "Read the list again and choose another.",
            ),
            Self::PlanLimit => (
                PlanLimit,
                "Your plan allows no further database of this kind; the free plan allows one.",
                "Use the one you have, or make this one pay as you go.",
            ),
            Self::PaymentNeeded => (
                PlanLimit,
                "Upstash wants to know how you pay before it makes this database.",
                "Add a card in the Upstash console, or choose the free plan.",
            ),
            Self::Suspended => (
                NotPossible,
                "The database is suspended; Upstash does that when a bill or a budget is over its limit.",
                "Look at it in the Upstash console, or choose another.",
            ),
            Self::NotActive => (
                ApiFailed,
                "The database was made, but it is not active yet.",
                "It may need a little longer. Read the list again in a minute and choose it there.",
            ),
            Self::CertificateRefused => (
                CertificateRefused,
                "The certificate shown for Upstash’s API was refused, so the key was not sent.",
                "If a company’s network inspects what is encrypted, name its authority’s file in SSL_CERT_FILE. Otherwise try another network, and check this computer’s date.",
            ),
            Self::BaseRefused => (
                NotPossible,
                "The address given for Upstash’s API does not begin with https://, so the key was not sent.",
                "Remove UPSTASH_API_URL from the environment, or name an address with https:// in it.",
            ),
            Self::Unprepared => (
                Internal,
                "The request to Upstash could not be prepared.",
                "Paste the database’s address instead, and please report this.",
            ),
            Self::Unreachable => (
                ApiFailed,
                "There is no connection to Upstash’s API.",
                "Check the network, and whether a firewall lets https through; then try again.",
            ),
            Self::TimedOut => (
                ApiFailed,
                "Upstash’s API did not answer in time.",
                "Check the network and try again. What was asked for may have happened all the same.",
            ),
            Self::Redirected | Self::TooLarge | Self::Unreadable => (
                ApiFailed,
                "What came back is not an answer of Upstash’s API.",
                "On a guest network, sign in to that network first. Otherwise try again, or paste the database’s address.",
            ),
        };
        (code, message.into(), remedy.into())
    }
}

fn later(again: Option<Duration>) -> String {
    match again.map(|wait| wait.as_secs()) {
        None => "Try again in a few minutes.".into(),
        Some(0..=1) => "Try again in a moment.".into(),
        Some(seconds @ 2..=90) => format!("Try again in {seconds} seconds."),
        Some(seconds @ 91..=5400) => format!("Try again in {} minutes.", seconds.div_ceil(60)),
        Some(seconds) => format!("Try again in {} hours.", seconds.div_ceil(3600)),
    }
}

impl From<UpstashError> for Trouble {
    fn from(error: UpstashError) -> Self {
        error.trouble()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let rows = [
            (Call::Read, 401, "", UpstashError::KeyRefused),
            (Call::Create, 401, "limit", UpstashError::KeyRefused),
            (Call::Read, 403, "limit", UpstashError::Forbidden),
            (Call::Read, 404, "", UpstashError::NotFound),
            (Call::Read, 400, "limit", UpstashError::Refused { status: 400 }),
            (Call::Create, 400, r#"{"error":"you can have only one free database"}"#, UpstashError::PlanLimit),
            (Call::Create, 403, "free database limit exceeded", UpstashError::PlanLimit),
            (Call::Create, 402, "", UpstashError::PaymentNeeded),
            (Call::Create, 400, "add a payment method first", UpstashError::PaymentNeeded),
            (Call::Create, 403, "", UpstashError::Forbidden),
            (Call::Create, 400, "unknown region", UpstashError::Refused { status: 400 }),
            (Call::Create, 307, "", UpstashError::Redirected),
            (Call::Lend, 401, "", UpstashError::Refused { status: 401 }),
            (Call::Lend, 404, "", UpstashError::Refused { status: 404 }),
            (Call::Lend, 503, "", UpstashError::ServerFault { status: 503 }),
            (Call::Reset, 401, "", UpstashError::KeyRefused),
            (Call::Reset, 403, "", UpstashError::Forbidden),
            (Call::Reset, 500, "", UpstashError::ServerFault { status: 500 }),
            (Call::Read, 500, "", UpstashError::ServerFault { status: 500 }),
        ];
        for (call, status, said, wanted) in rows {
            assert_eq!(refused(call, StatusCode::from_u16(status).unwrap(), said), wanted, "{call:?} {status} {said}");
        }
    }

    #[test]
    fn a_wait_is_said_in_words() {
        let said = |seconds| later(Some(Duration::from_secs(seconds)));
        assert_eq!(said(0), "Try again in a moment.");
        assert_eq!(said(30), "Try again in 30 seconds.");
        assert_eq!(said(91), "Try again in 2 minutes.");
        assert_eq!(said(7200), "Try again in 2 hours.");
        assert_eq!(later(None), "Try again in a few minutes.");
    }
}
