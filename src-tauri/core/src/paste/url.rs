//! Taking a `redis://` address apart as people write it: with a password that was never percent-encoded.
//!
//! Nothing is judged here; [`crate::link::Address`] reads the tidy address that is made of the parts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

use super::clues::Secret;
use crate::link::is_local;

/// What is not encoded in a user or password.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parts of an address.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is said by an address independently of the others")]
pub(super) struct Parts {
    pub(super) host: String,
    /// As it was written; `Some("")` for a colon without a number.
    pub(super) port: Option<String>,
    pub(super) user: Option<Secret>,
    pub(super) password: Option<Secret>,
    pub(super) tls: bool,
    /// `#insecure` stands at its end.
    pub(super) insecure: bool,
    /// There were options or a database number, which are of no use here.
    pub(super) extras: bool,
    /// The password held characters that an address does not take as they are.
    pub(super) raw: bool,
}

/// Why an address cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// There is no place in it where a host could be.
    Unreadable,
    /// Its user or password is not UTF-8.
    NotText,
}

/// What stands behind the user and password.
struct Server<'a> {
    host: &'a str,
    port: Option<&'a str>,
    rest: &'a str,
}

/// Takes an address with its scheme apart.
pub(super) fn split(url: &str) -> Result<Parts, Broken> {
    let (scheme, rest) = url.split_once("://").ok_or(Broken::Unreadable)?;
    let (login, server) = divide(rest).ok_or(Broken::Unreadable)?;
    let fragment = server.rest.split_once('#').map_or("", |(_, fragment)| fragment).to_ascii_lowercase();
    let before_fragment = server.rest.split('#').next().unwrap_or_default();
    let mut parts = Parts {
        host: server.host.trim_matches(['[', ']']).to_owned(),
        port: server.port.map(str::to_owned),
        tls: scheme.eq_ignore_ascii_case("rediss"),
        insecure: fragment.contains("insecure"),
        extras: !matches!(before_fragment, "" | "/" | "/0"),
        ..Parts::default()
    };
    if let Some(login) = login {
        let (user, password) = login.split_once(':').map_or((login, ""), |(user, password)| (user, password));
        parts.user = decoded(user)?;
        parts.password = decoded(password)?;
        parts.raw = !password.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&b));
    }
    Ok(parts)
}

/// Parts the login from the server: at the first `@` behind which a server can be read. A `/`, `#`, `?` or `@` in the
/// password would otherwise end it early, and half of it would be taken for a host.
fn divide(rest: &str) -> Option<(Option<&str>, Server<'_>)> {
    let without = server(rest).filter(is_certain).map(|server| (None, server));
    let with = || {
        rest.match_indices('@').find_map(|(at, _)| {
            let server = server(&rest[at + 1..]).filter(is_certain)?;
            Some((Some(&rest[..at]), server))
        })
    };
    without.or_else(with)
}

fn server(text: &str) -> Option<Server<'_>> {
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let (authority, rest) = text.split_at(end);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let number = path.strip_prefix('/').unwrap_or_default();
    if !number.bytes().all(|b| b.is_ascii_digit()) || authority.contains('@') {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((_, "")) => (authority, None),
        Some((_, behind)) => (&authority[..authority.len() - behind.len()], Some(behind.strip_prefix(':')?)),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    (!host.is_empty() && !port.unwrap_or_default().contains(':')).then_some(Server { host, port, rest })
}

/// An `@` further behind may belong to an option, or what was read is still in the midst of a password.
fn is_certain(server: &Server<'_>) -> bool {
    !server.rest.contains('@') || is_plausible(server.host)
}

/// Does it look like the name of a host, and like nothing else?
pub(super) fn is_plausible(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    if is_local(&host) || host.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.') && host.split('.').all(label) && last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic())
}

fn decoded(text: &str) -> Result<Option<Secret>, Broken> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| Broken::NotText)?;
    Ok((!text.is_empty()).then(|| Zeroizing::new(text.into_owned())))
}

/// A user or password as an address takes it.
pub(super) fn encoded(text: &str) -> Secret {
    Zeroizing::new(utf8_percent_encode(text, PLAIN).to_string())
}
