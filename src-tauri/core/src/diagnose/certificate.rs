//! Whose certificate it is and until when; or, where it was refused, whose it was. Its words come from the network.

use jiff::{Timestamp, tz::TimeZone};
use rustls::{
    CertificateError,
    pki_types::{CertificateDer, UnixTime},
};
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate, X509Name},
};

use super::Help;
use crate::{
    text,
    trouble::{Trouble, TroubleCode},
};

const LONGEST_NAME: usize = 80;

/// "Certificate of *.upstash.io, valid until 3 February 2027, issued by Amazon"; `None` for one that cannot be read.
pub(super) fn described(certificate: &CertificateDer<'_>, host: &str) -> Option<String> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let until = day(read.validity().not_after.timestamp())?;
    let issuer = name_in(read.issuer()).map(|name| format!(", issued by {name}")).unwrap_or_default();
    Some(format!("Certificate of {}, valid until {until}{issuer}", owner(&read, host)))
}

/// Why it was refused, more exactly than [`crate::link`] needs to say; `None` where there is nothing to add.
pub(super) fn refused(reason: &CertificateError, host: &str) -> Option<(Trouble, Help)> {
    let other_host = matches!(reason, CertificateError::NotValidForNameContext { .. });
    let (message, remedy) = match reason {
        CertificateError::ExpiredContext { time, not_after } => (
            format!("The certificate of {host} expired on {}.", unix_day(*not_after)?),
            format!(
                "Here it is {}. If that is right, the server needs a new certificate; otherwise set this computer’s clock.",
                unix_day(*time)?
            ),
        ),
        CertificateError::NotValidYetContext { time, not_before } => (
            format!("The certificate of {host} is valid only from {}.", unix_day(*not_before)?),
            format!("Here it is {}. Check this computer’s date and time.", unix_day(*time)?),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().take(3).map(|name| presented_name(name)).collect();
            let other = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
            (
                format!("The certificate is for {other}, not for {host}."),
                "Check the host in the address. On a guest network, sign in to that network first.".to_owned(),
            )
        }
        _ => return None,
    };
    let help = if other_host { Help::PasteAnother } else { Help::TryAgain };
    Some((Trouble::new(TroubleCode::CertificateRefused, message, remedy), help))
}

/// `DnsName("a.example")`, as rustls writes it, becomes `a.example`.
fn presented_name(name: &str) -> String {
    let bare = name.split_once('(').map_or(name, |(_, rest)| rest).trim_matches(['"', ')', '(']);
    text::line(bare, LONGEST_NAME)
}

/// The name for which it counts here: the one with which the host agrees, or else its first.
fn owner(certificate: &X509Certificate<'_>, host: &str) -> String {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let names: Vec<&str> = alternatives
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(*name),
            _ => None,
        })
        .collect();
    let fits = |name: &&&str| {
        name.eq_ignore_ascii_case(host)
            || name.strip_prefix('*').is_some_and(|rest| host.split_once('.').is_some_and(|(_, end)| rest[1..] == *end))
    };
    match names.iter().find(fits).or(names.first()) {
        Some(name) => text::line(name, LONGEST_NAME),
        None => name_in(certificate.subject()).unwrap_or_else(|| host.to_owned()),
    }
}

/// The organisation, or else the common name.
fn name_in(name: &X509Name<'_>) -> Option<String> {
    let said = name.iter_organization().chain(name.iter_common_name()).find_map(|part| part.as_str().ok())?;
    Some(text::line(said, LONGEST_NAME)).filter(|name| !name.is_empty())
}

fn unix_day(time: UnixTime) -> Option<String> {
    day(i64::try_from(time.as_secs()).ok()?)
}

/// "3 February 2027", in UTC, as certificates count.
fn day(seconds: i64) -> Option<String> {
    let time = Timestamp::from_second(seconds).ok()?;
    Some(time.to_zoned(TimeZone::UTC).strftime("%-d %B %Y").to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_day_is_written_out() {
        assert_eq!(day(1_801_612_800).unwrap(), "3 February 2027");
        assert_eq!(day(i64::MAX), None);
    }

    #[test]
    fn the_names_of_another_certificate_are_cleaned() {
        assert_eq!(presented_name("DnsName(\"a.example\")"), "a.example");
        assert_eq!(presented_name("IpAddress(127.0.0.1)"), "127.0.0.1");
        assert_eq!(presented_name("DnsName(\"a\u{202e}b\")"), "ab");
    }

    #[test]
    fn noise_is_no_certificate() {
        assert_eq!(described(&CertificateDer::from(vec![0x30, 0x82, 0xff, 0xff, 1]), "h"), None);
    }
}
