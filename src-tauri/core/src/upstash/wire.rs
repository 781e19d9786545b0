//! One request and its answer, within every limit. Errors of reqwest end here: they name addresses.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::ExposeSecret;
use tokio::time::sleep;
use url::Url;
use zeroize::Zeroizing;

use super::{
    ApiKey, Lent, Tuning, UpstashError,
    error::{Call, refused, unsent},
    lent,
};
use crate::link::tls;

const PROGRAM: &str = concat!("heliograph/", env!("CARGO_PKG_VERSION"));
/// Longer waits are not worth telling apart.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// What most answers fit in, so that no copy of a password is left behind by a buffer that grew.
const USUAL_ANSWER: usize = 16 * 1024;

/// An answer's bytes; they may hold a password.
type Body = Zeroizing<Vec<u8>>;

/// Connections to the API.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    http: reqwest::Client,
    pub(super) tuning: Arc<Tuning>,
}

impl Wire {
    pub(super) async fn new(tuning: Arc<Tuning>, proxies: bool) -> Result<Self, UpstashError> {
        let tls = tls::configuration(tuning.authorities.clone()).await.map_err(|_| UpstashError::Unprepared)?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(Arc::unwrap_or_clone(tls))
            .user_agent(PROGRAM)
            .connect_timeout(tuning.connect_limit)
            .timeout(tuning.answer_limit)
            // Not even on the same host: a POST could come out as a GET, and no call of the API is said to redirect.
            .redirect(Policy::none());
        let builder = if proxies { builder } else { builder.no_proxy() };
        Ok(Self { http: builder.build().map_err(|_| UpstashError::Unprepared)?, tuning })
    }

    /// Asks for something. "Slow down" is obeyed once, if the wait is short.
    pub(super) async fn get(&self, url: Url, key: &ApiKey) -> Result<Body, UpstashError> {
        let request = || self.request(Method::GET, url.clone(), Some(key));
        match self.send(request(), Call::Read).await {
            Err(UpstashError::Busy { again: Some(wait) }) if wait <= self.tuning.patience => {
                sleep(wait).await;
                self.send(request(), Call::Read).await
            }
            answer => answer,
        }
    }

    /// Makes something, once.
    pub(super) async fn create(&self, url: Url, key: &ApiKey, json: Vec<u8>) -> Result<Body, UpstashError> {
        let request = self.request(Method::POST, url, Some(key)).header(CONTENT_TYPE, "application/json").body(json);
        self.send(request, Call::Create).await
    }

    /// Changes something that cannot be changed back, once.
    pub(super) async fn reset(&self, url: Url, key: &ApiKey) -> Result<Body, UpstashError> {
        self.send(self.request(Method::POST, url, Some(key)), Call::Reset).await
    }

    /// Asks for a database without an account, once.
    pub(super) async fn borrow(&self, url: Url) -> Result<Lent, UpstashError> {
        let body =
            self.send(self.request(Method::POST, url, None).header(ACCEPT, "text/markdown, */*"), Call::Lend).await?;
        lent::read(&String::from_utf8_lossy(&body), Timestamp::now()).ok_or(UpstashError::Unreadable)
    }

    fn request(&self, method: Method, url: Url, key: Option<&ApiKey>) -> RequestBuilder {
        let request = self.http.request(method, url);
        match key {
            // reqwest marks this header as sensitive.
            Some(key) => request.basic_auth(&key.email, Some(key.key.expose_secret())),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder, call: Call) -> Result<Body, UpstashError> {
        let response = request.send().await.map_err(|error| unsent(&error))?;
        let status = response.status();
        let again = retry_after(response.headers(), Timestamp::now());
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(UpstashError::Busy { again });
        }
        let body = self.body(response).await;
        if status.is_success() {
            return body;
        }
        // A refusal whose reasons cannot be read is the same refusal.
        let said = body.map(|body| String::from_utf8_lossy(&body).to_lowercase()).unwrap_or_default();
        Err(refused(call, status, &said))
    }

    async fn body(&self, mut response: Response) -> Result<Body, UpstashError> {
        let mut body = Zeroizing::new(Vec::with_capacity(USUAL_ANSWER));
        while let Some(chunk) = response.chunk().await.map_err(|error| unsent(&error))? {
            if body.len() + chunk.len() > self.tuning.body_limit {
                return Err(UpstashError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The wait that an answer asks for: in seconds, or until a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = rfc2822::parse(text).ok()?.timestamp();
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_wait_is_read_in_both_forms() {
        let now: Timestamp = "2026-08-02T10:00:00Z".parse().unwrap();
        let rows = [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("Sun, 02 Aug 2026 10:00:30 GMT", Some(30)),
            ("Sun, 02 Aug 2026 09:00:00 GMT", Some(0)),
            ("99999999999999", Some(24 * 3600)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ];
        for (text, seconds) in rows {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
