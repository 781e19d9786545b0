//! Reading the database's address. No error and no `Debug` of this module holds any part of a user or password.

use std::{fmt, net::IpAddr};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::trouble::{Trouble, TroubleCode};

const DEFAULT_PORT: u16 = 6379;
const EXAMPLE: &str =
    "It looks like rediss://default:PASSWORD@NAME.upstash.io:6379 and is shown in the Upstash console.";

/// At the end of a `redis://` address: the person has agreed to an unencrypted connection to another computer. It is
/// part of the address so that it is kept with it; as a fragment it concerns nobody but us, and other clients pass
/// over it.
pub(crate) const UNENCRYPTED: &str = "#unencrypted";

/// Where a Redis server is, and as whom to log in.
#[derive(Clone)]
pub struct Address {
    /// Its name or IP address, in lower case; an IPv6 address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Is the connection encrypted?
    pub tls: bool,
    /// The user, where one is named.
    pub user: Option<String>,
    password: Option<SecretString>,
}

impl Address {
    /// Reads a `redis://` or `rediss://` URL; white space and quotes around it do not matter.
    ///
    /// `redis://` to an Upstash host becomes encrypted, as nothing else is answered there; to any host but this
    /// computer it is refused, because the password would travel in clear, unless the address ends in `#unencrypted`:
    /// that is how a person's deliberate yes is kept. Anything that cannot be read is
    /// [`TroubleCode::AddressUnreadable`], with the reason and without the address.
    pub fn parse(url: &SecretString) -> Result<Self, Trouble> {
        let text = url.expose_secret().trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`'));
        // The parser's own error names no part of the text, but it does not help a person either.
        let url = Url::parse(text).map_err(|_| {
            let remedy = format!(
                "{EXAMPLE} In the password, characters such as / # ? @ : % are written as %2F %23 %3F %40 %3A %25."
            );
            unreadable("This is not an address of a Redis database.", remedy)
        })?;
        let tls = match url.scheme() {
            "rediss" => true,
            "redis" => false,
            _ => return Err(unreadable("An address of a Redis database begins with rediss://.", EXAMPLE)),
        };
        if url.fragment().is_some_and(|fragment| fragment.to_ascii_lowercase().contains("insecure")) {
            return Err(insecure());
        }
        let host = host_of(&url)?;
        let agreed = url.fragment() == UNENCRYPTED.strip_prefix('#');
        let tls = secured(tls, agreed, &host)?;
        let password = decoded(url.password().unwrap_or_default())?;
        let user = decoded(url.username())?;
        Ok(Self {
            host,
            port: url.port().unwrap_or(DEFAULT_PORT),
            tls,
            user: (!user.is_empty()).then_some(user),
            password: (!password.is_empty()).then(|| SecretString::from(password)),
        })
    }

    /// The same address with another password; `None` where it cannot be read.
    pub(crate) fn with_password(url: &SecretString, password: &SecretString) -> Option<SecretString> {
        let user = Self::parse(url).ok()?.user.unwrap_or_default();
        Self::with_login(url, &user, password)
    }

    /// The same address with another user and password; `None` where it cannot be read.
    pub(crate) fn with_login(url: &SecretString, user: &str, password: &SecretString) -> Option<SecretString> {
        let text = url.expose_secret().trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`'));
        let mut url = Url::parse(text).ok()?;
        let password = Zeroizing::new(utf8_percent_encode(password.expose_secret(), NON_ALPHANUMERIC).to_string());
        url.set_username(&utf8_percent_encode(user, NON_ALPHANUMERIC).to_string()).ok()?;
        url.set_password(Some(&password)).ok()?;
        Some(SecretString::from(String::from(url)))
    }

    /// Host and port, as they may be shown.
    pub fn shown(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The password, where there is one.
    pub(crate) fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The user stays out as well: a token pasted without its colon ends up there.
        f.debug_struct("Address")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

fn host_of(url: &Url) -> Result<String, Trouble> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if host.is_empty() || !(plain || host.parse::<IpAddr>().is_ok()) {
        return Err(unreadable("The address names no host.", EXAMPLE));
    }
    if url.port() == Some(0) {
        return Err(unreadable("The address names port 0, which does not exist.", EXAMPLE));
    }
    Ok(host)
}

/// Is it a host of Upstash, where only encrypted connections are answered?
pub(crate) fn is_upstash(host: &str) -> bool {
    host == "upstash.io" || host.ends_with(".upstash.io")
}

/// Is it this computer, so that nothing travels?
pub(crate) fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The address asks for encryption without a check of the certificate.
pub(crate) fn insecure() -> Trouble {
    let remedy = "Remove #insecure from its end. For a server with a certificate of your own, name its authority in SSL_CERT_FILE.";
    unreadable("The address asks for encryption without checking whom it reaches.", remedy)
}

/// Whether to encrypt, given what the address says.
fn secured(tls: bool, agreed: bool, host: &str) -> Result<bool, Trouble> {
    if tls {
        return Ok(true);
    }
    if is_upstash(host) {
        tracing::info!(host, "the address says redis://; Upstash wants rediss://, so the connection is encrypted");
        return Ok(true);
    }
    if agreed || is_local(host) {
        return Ok(false);
    }
    let message = "The address begins with redis://, so the password and every message would travel unencrypted.";
    let remedy = "Write rediss:// if the server speaks TLS. To have it unencrypted all the same, paste it in the set-up \
                  and agree there.";
    Err(unreadable(message, remedy))
}

fn decoded(text: &str) -> Result<String, Trouble> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(unreadable("The address’s user or password is not UTF-8 text.", EXAMPLE)),
    }
}

fn unreadable(message: &str, remedy: impl Into<String>) -> Trouble {
    Trouble::new(TroubleCode::AddressUnreadable, message, remedy)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Address, Trouble> {
        Address::parse(&SecretString::from(text))
    }

    fn secret(address: &Address) -> &str {
        address.password().map_or("", |p| p.expose_secret())
    }

    #[test]
    fn reads_what_is_pasted() {
        let rows = [
            ("rediss://default:pw@calm-owl-1.upstash.io:6379", "calm-owl-1.upstash.io", 6379, true, "default", "pw"),
            ("  \"rediss://default:pw@Calm-Owl-1.upstash.io\"\n", "calm-owl-1.upstash.io", 6379, true, "default", "pw"),
            ("redis://default:pw@calm-owl-1.upstash.io:6380/0", "calm-owl-1.upstash.io", 6380, true, "default", "pw"),
            ("'redis://:pw@127.0.0.1:7000'", "127.0.0.1", 7000, false, "", "pw"),
            ("redis://localhost", "localhost", 6379, false, "", ""),
            ("redis://u:p@[::1]:7000", "::1", 7000, false, "u", "p"),
            ("rediss://u:p%40%2F%3A%25@h:1", "h", 1, true, "u", "p@/:%"),
            ("rediss://u:a@b@h:1", "h", 1, true, "u", "a@b"),
            ("rediss://u:100%@h:1", "h", 1, true, "u", "100%"),
            ("REDISS://u:p@h?protocol=resp3", "h", 6379, true, "u", "p"),
            ("redis://u:p@10.0.0.1:7000#unencrypted", "10.0.0.1", 7000, false, "u", "p"),
            ("redis://u:p@calm-owl-1.upstash.io#unencrypted", "calm-owl-1.upstash.io", 6379, true, "u", "p"),
            ("rediss://u:p@h#unencrypted", "h", 6379, true, "u", "p"),
        ];
        for (text, host, port, tls, user, password) in rows {
            let address = parse(text).unwrap();
            assert_eq!((address.host.as_str(), address.port, address.tls), (host, port, tls), "{text}");
            assert_eq!((address.user.as_deref().unwrap_or(""), secret(&address)), (user, password), "{text}");
        }
        assert_eq!(parse("redis://[::1]:7000").unwrap().shown(), "[::1]:7000");
        assert_eq!(parse("rediss://u:p@h").unwrap().shown(), "h:6379");
    }

    #[test]
    fn refuses_the_rest_without_repeating_it() {
        let rows = [
            "",
            "hello SECRET",
            "https://u:SECRET@h",
            "redis://u:SECRET@example.com:6379",
            "redis://u:SECRET@10.0.0.1",
            "redis://u:SECRET@10.0.0.1#encrypted",
            "redis://u:SECRET@upstash.io.example.com",
            "redis://u:SECRET@notupstash.io",
            "rediss://u:SECRET@h:1#insecure",
            "rediss://u:SECRET@h:1#INSECURE",
            "rediss://u:SE/CRET@h",
            "rediss://u:SECRET@",
            "rediss://u:SECRET@h:99999",
            "rediss://u:SECRET%FF@h",
            "rediss://u:SECRET@h:0",
            "rediss:u:SECRET@h",
            "rediss://u:SECRET@h%20x",
            "redis://u:SECRET@127.0.0.1.example.com",
            "rediss://SECRET@h o",
        ];
        for text in rows {
            let trouble = parse(text).map(|_| ()).unwrap_err();
            assert_eq!(trouble.code, TroubleCode::AddressUnreadable, "{text}");
            assert!(!format!("{trouble:?}").contains("CRET"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_shows_a_secret(user in "[a-z]{0,8}", secret in "[A-Z0-9%/#?@:+=~ ]{9,40}", rest in "(@[a-z.]{0,9}(:[0-9]{1,6})?)?") {
            let text = format!("rediss://{user}:{secret}{rest}");
            let shown = match parse(&text) {
                Ok(address) => format!("{address:?}"),
                Err(trouble) => format!("{trouble:?} {trouble}"),
            };
            prop_assert!(!shown.contains(&secret));
        }

        #[test]
        fn user_and_password_survive_encoding(user in "\\PC{1,12}", password in "\\PC{1,40}") {
            let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
            let address = parse(&format!("rediss://{}:{}@h:7", encode(&user), encode(&password))).unwrap();
            prop_assert_eq!(address.user.as_deref(), Some(user.as_str()));
            prop_assert_eq!(secret(&address), password.as_str());
            prop_assert!(address.tls);
        }

        #[test]
        fn never_panics_and_never_goes_out_unencrypted(text in "(redis://)?\\PC{0,60}") {
            if let Ok(address) = parse(&text) && !address.tls && !text.contains(UNENCRYPTED) {
                prop_assert!(address.host == "localhost" || address.host.parse::<IpAddr>().unwrap().is_loopback());
            }
        }
    }
}
