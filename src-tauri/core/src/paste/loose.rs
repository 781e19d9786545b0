//! Words without names: a host and a password side by side, `user:password@host`, a token alone.

use zeroize::Zeroizing;

use super::{
    clues::Secret,
    resolve::{Draft, Origin},
    url::{self, Parts, is_plausible},
    words,
};
use crate::{link::is_local, trouble::Trouble};

/// Nothing shorter is taken for a token that lacks its host.
const SHORTEST_TOKEN: usize = 16;

/// An address of a host, perhaps a port, and one word more, in any order.
pub(super) fn read(found: &[Secret]) -> Result<Draft, Trouble> {
    if let [only] = found
        && only.contains('@')
    {
        let url = Zeroizing::new(format!("rediss://{}", only.as_str()));
        let mut parts = url::split(&url).map_err(words::broken)?;
        parts.tls = !is_local(&parts.host);
        return Ok(Draft { parts, origin: Origin::Words });
    }
    let mut parts = Parts::default();
    let mut others = Vec::new();
    for word in found {
        let (host, port) = host_and_port(word);
        if parts.host.is_empty() && is_plausible(&host) {
            parts.host = host;
            parts.port = port.or(parts.port);
        } else if parts.port.is_none() && (1..=5).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit()) {
            parts.port = Some(word.to_string());
        } else {
            others.push(word);
        }
    }
    match (parts.host.is_empty(), others.as_slice()) {
        (true, [token]) if token.len() >= SHORTEST_TOKEN && !token.contains(':') => Err(words::token_without_host()),
        (false, []) => Ok(()),
        (false, [password]) => {
            parts.password = Some((*password).clone());
            Ok(())
        }
        _ => Err(words::unrecognised()),
    }?;
    parts.tls = !is_local(&parts.host);
    Ok(Draft { parts, origin: Origin::Words })
}

/// `host:port`, `host:`, `[::1]:port` or `host`. The port is not looked at.
pub(super) fn host_and_port(text: &str) -> (String, Option<String>) {
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return (text.to_owned(), None);
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host.trim_matches(['[', ']']).to_owned(), Some(port.to_owned())),
        _ => (text.trim_matches(['[', ']']).to_owned(), None),
    }
}
