//! Why a certificate was not accepted, in words.

use rustls::CertificateError;

use crate::trouble::{Trouble, TroubleCode};

/// The certificate of `host` was refused for this reason.
pub(super) fn refused(reason: &CertificateError, host: &str) -> Trouble {
    let (why, remedy) = match reason {
        CertificateError::UnknownIssuer => (
            "it was not issued by an authority that this computer trusts",
            "If a company’s network inspects what is encrypted, or the server has a certificate of your own, name the authority’s file in SSL_CERT_FILE. Otherwise somebody may be listening in: try another network.",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ("it belongs to another name", "Check the address. On a guest network, sign in to that network first.")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "it has expired, or this computer’s clock is ahead",
            "Check this computer’s date and time; if they are right, the server needs a new certificate.",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("it is not valid yet, or this computer’s clock is behind", "Check this computer’s date and time.")
        }
        CertificateError::Revoked => ("it was revoked", "Ask whoever runs the server."),
        _ => ("it is malformed or not signed correctly", "Try another network; otherwise ask whoever runs the server."),
    };
    Trouble::new(
        TroubleCode::CertificateRefused,
        format!("The certificate shown for {host} was refused: {why}."),
        remedy,
    )
}
