//! Where the API is, and what can be asked of it without a key.

use std::sync::Arc;

use url::Url;

use super::{Account, ApiKey, Lent, Tuning, UpstashError, wire::Wire};
use crate::link::is_local;

const API: &str = "https://api.upstash.com";
/// Not under the API's own name.
const LENDER: &str = "https://upstash.com";

/// Where the API is. Cheap to clone; the clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) wire: Wire,
    /// The API itself when none was named; otherwise what was named also lends databases.
    base: Option<Url>,
}

impl Client {
    /// Prepares a client for the API at `base` (without the `/v2`), or for Upstash's own. Reads the certificate
    /// stores, which takes tens of milliseconds, and sends nothing.
    ///
    /// `base` must be `https://`, or `http://` to this computer: [`UpstashError::BaseRefused`] otherwise.
    pub async fn new(base: Option<Url>, tuning: Tuning) -> Result<Self, UpstashError> {
        if base.as_ref().is_some_and(|base| !acceptable(base)) {
            return Err(UpstashError::BaseRefused);
        }
        // A proxy from the environment has no business between two programs on one computer.
        let proxies = base.as_ref().is_none_or(|base| base.scheme() == "https");
        let wire = Wire::new(Arc::new(tuning), proxies).await?;
        Ok(Self { wire, base })
    }

    /// The same API, asked with this key. The key is not checked: [`Account::databases`] does that.
    pub fn account(&self, key: ApiKey) -> Account {
        Account { client: self.clone(), key }
    }

    /// Asks for a database that lives for 72 hours and needs no account. Each call makes another one.
    pub async fn start_redis(&self) -> Result<Lent, UpstashError> {
        let url = join(self.base.as_ref(), LENDER, &["start-redis"])?;
        self.wire.borrow(url).await
    }

    /// The address of a call, such as `["redis", "databases"]`.
    pub(super) fn call(&self, path: &[&str]) -> Result<Url, UpstashError> {
        let mut whole = vec!["v2"];
        whole.extend(path);
        join(self.base.as_ref(), API, &whole)
    }
}

fn join(base: Option<&Url>, otherwise: &str, path: &[&str]) -> Result<Url, UpstashError> {
    let mut url = match base {
        Some(base) => base.clone(),
        None => Url::parse(otherwise).map_err(|_| UpstashError::Unprepared)?,
    };
    url.path_segments_mut().map_err(|()| UpstashError::BaseRefused)?.pop_if_empty().extend(path);
    Ok(url)
}

/// The key must not travel in clear, and nothing of the person's must hide in the address.
pub(crate) fn acceptable(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let safe = base.scheme() == "https" || (base.scheme() == "http" && is_local(host));
    let nameless = base.username().is_empty() && base.password().is_none();
    safe && nameless && base.query().is_none() && base.fragment().is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_goes_out_only_encrypted_or_to_this_computer() {
        let good = [
            "https://api.upstash.com",
            "https://example.com/proxy/",
            "http://127.0.0.1:4000",
            "http://[::1]:1/",
            "http://localhost:8000",
        ];
        let bad = [
            "http://api.upstash.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "ftp://localhost",
            "https://me:secret@example.com",
            "https://example.com/?key=1",
            "data:text/plain,x",
        ];
        for base in good {
            assert!(acceptable(&Url::parse(base).unwrap()), "{base}");
        }
        for base in bad {
            assert!(!acceptable(&Url::parse(base).unwrap()), "{base}");
        }
    }

    #[test]
    fn the_version_is_ours_to_add() {
        let base = Url::parse("http://127.0.0.1:1/under/").unwrap();
        assert_eq!(join(Some(&base), API, &["v2", "redis"]).unwrap().as_str(), "http://127.0.0.1:1/under/v2/redis");
        assert_eq!(join(None, API, &["v2", "a/b?c"]).unwrap().as_str(), "https://api.upstash.com/v2/a%2Fb%3Fc");
        assert_eq!(join(None, LENDER, &["start-redis"]).unwrap().as_str(), "https://upstash.com/start-redis");
    }
}
