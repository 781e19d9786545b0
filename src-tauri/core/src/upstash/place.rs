//! From an endpoint, in whichever form it comes, to the address of a database.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

const DEFAULT_PORT: u16 = 6379;
/// What an endpoint without a dot is a name in.
const DOMAIN: &str = "upstash.io";

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    host: String,
    port: u16,
}

impl Place {
    /// Reads a bare name (`calm-owl-1`), a host with or without a port, or a URL. A port in the endpoint counts more
    /// than the one beside it.
    pub(super) fn read(endpoint: &str, port: Option<u16>) -> Option<Self> {
        let endpoint = endpoint.trim();
        let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
        // Read with a scheme that has no port of its own, which would be taken for none.
        let url = Url::parse(&format!("rediss://{rest}")).ok()?;
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let mut host = url.host_str()?.to_ascii_lowercase();
        let six = host.starts_with('[');
        let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if host.is_empty() || !(six || plain) {
            return None;
        }
        if !six && host != "localhost" && !host.contains('.') {
            host = format!("{host}.{DOMAIN}");
        }
        let port = url.port().or(port).filter(|port| *port != 0).unwrap_or(DEFAULT_PORT);
        Some(Self { host, port })
    }

    pub(super) fn is_at(&self, host: &str, port: u16) -> bool {
        self.host.eq_ignore_ascii_case(host) && self.port == port
    }

    /// The address of the user `default` with this password. Always encrypted, as nothing else is answered.
    pub(super) fn address(&self, password: &SecretString) -> SecretString {
        let password = utf8_percent_encode(password.expose_secret().trim(), NON_ALPHANUMERIC);
        format!("rediss://default:{password}@{}:{}", self.host, self.port).into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::link::Address;

    #[test]
    fn endpoints_come_in_several_forms() {
        let rows = [
            ("calm-owl-12345", None, "calm-owl-12345.upstash.io:6379"),
            ("calm-owl-12345", Some(6380), "calm-owl-12345.upstash.io:6380"),
            ("Calm-Owl-1.upstash.io", Some(0), "calm-owl-1.upstash.io:6379"),
            (" https://calm-owl-1.upstash.io/ ", None, "calm-owl-1.upstash.io:6379"),
            ("https://calm-owl-1.upstash.io:443/x?y", None, "calm-owl-1.upstash.io:443"),
            ("localhost:7000", Some(6379), "localhost:7000"),
            ("127.0.0.1", Some(7000), "127.0.0.1:7000"),
            ("[::1]:7000", None, "[::1]:7000"),
        ];
        for (endpoint, port, wanted) in rows {
            let place = Place::read(endpoint, port).unwrap();
            assert_eq!(format!("{}:{}", place.host, place.port), wanted);
        }
        for endpoint in ["", " ", "https://", "a b", "me:pw@host", "host:99999", "ho%20st", "a<b"] {
            assert_eq!(Place::read(endpoint, None), None, "{endpoint}");
        }
    }

    proptest! {
        #[test]
        fn the_link_reads_what_is_written_here(password in "[!-~]{1,60}") {
            let written = Place::read("calm-owl-1", None).unwrap().address(&SecretString::from(password.as_str()));
            let read = Address::parse(&written).unwrap();
            prop_assert_eq!(read.host.as_str(), "calm-owl-1.upstash.io");
            prop_assert!(read.tls);
            prop_assert_eq!(read.password().unwrap().expose_secret(), password.as_str());
        }

        #[test]
        fn no_endpoint_makes_it_panic(endpoint in "\\PC{0,40}", port: Option<u16>) {
            if let Some(place) = Place::read(&endpoint, port) {
                let _ = Address::parse(&place.address(&"pw".into())).unwrap();
            }
        }
    }
}
