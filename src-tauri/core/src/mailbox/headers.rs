//! What an answer's headers ask of us. Pure: the time comes in.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    StatusCode,
    header::{DATE, ETAG, HeaderMap, HeaderValue},
};

use crate::upstash::retry_after;

/// Longer waits are not worth telling apart.
const LONGEST: Duration = Duration::from_hours(24);

/// What an answer's headers say.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The service's clock.
    pub(super) date: Option<Timestamp>,
    /// To ask again only for what is new.
    pub(super) etag: Option<HeaderValue>,
    /// How long not to ask anything.
    pub(super) retry_after: Option<Duration>,
    /// What is left of this hour's allowance.
    pub(super) left: Option<u32>,
    /// When the next allowance comes.
    pub(super) reset: Option<Duration>,
    /// How often at the most to ask the same.
    pub(super) poll_interval: Option<Duration>,
    /// What a classic token may do; a fine-grained one has no such header.
    pub(super) scopes: Option<String>,
}

/// Reads them; `now` is our own clock, for answers that do not show theirs.
pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Told {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let date = text(DATE.as_str()).and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp());
    let now = date.unwrap_or(now);
    let reset = text("x-ratelimit-reset").and_then(|reset| reset.parse().ok());
    let reset = reset.and_then(|reset| Timestamp::from_second(reset).ok());
    Told {
        date,
        etag: headers.get(ETAG).cloned(),
        retry_after: retry_after(headers, now),
        left: text("x-ratelimit-remaining").and_then(|left| left.parse().ok()),
        // Its clock has whole seconds: one more, so as not to be early.
        reset: reset.map(|reset| {
            let wait = Duration::try_from(reset.duration_since(now)).unwrap_or_default();
            (wait + Duration::from_secs(1)).min(LONGEST)
        }),
        poll_interval: text("x-poll-interval")
            .and_then(|interval| interval.parse().ok())
            .map(|seconds| Duration::from_secs(seconds).min(LONGEST)),
        scopes: text("x-oauth-scopes").map(str::to_owned),
    }
}

/// A refusal for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limited {
    /// For how long, where that is said.
    pub(super) again: Option<Duration>,
}

/// Is this refusal one for now? `said` is the answer's text in lower case.
pub(super) fn limited(status: StatusCode, told: &Told, said: &str) -> Option<Limited> {
    let busy = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::FORBIDDEN;
    let used_up = told.left == Some(0);
    if !busy || !(status == StatusCode::TOO_MANY_REQUESTS || told.retry_after.is_some() || used_up || secondary(said)) {
        return None;
    }
    Some(Limited { again: told.retry_after.or(told.reset.filter(|_| used_up)) })
}

/// A secondary limit may come without any header, so the words have to tell.
fn secondary(said: &str) -> bool {
    said.contains("rate limit") || said.contains("abuse detection")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn told(rows: &[(&'static str, &str)]) -> Told {
        let headers = rows.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        read(&headers, "2026-08-02T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_reset_is_counted_on_their_clock() {
        let ours = told(&[("x-ratelimit-reset", "1785664860"), ("x-ratelimit-remaining", "0")]);
        assert_eq!(ours.reset, Some(Duration::from_secs(61)));
        assert_eq!(ours.left, Some(0));
        let theirs = told(&[("x-ratelimit-reset", "1785664860"), ("date", "Sun, 02 Aug 2026 10:00:50 GMT")]);
        assert_eq!(theirs.reset, Some(Duration::from_secs(11)));
        assert_eq!(told(&[("x-ratelimit-reset", "1")]).reset, Some(Duration::from_secs(1)));
        assert_eq!(told(&[("x-ratelimit-reset", "999999999999")]).reset, None);
    }

    #[test]
    fn a_limit_is_told_from_a_refusal() {
        let (busy, forbidden) = (StatusCode::TOO_MANY_REQUESTS, StatusCode::FORBIDDEN);
        let limited = |status, told: &Told, said| limited(status, told, said).map(|limited| limited.again);
        let minute = Some(Duration::from_mins(1));
        let used_up = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1785664860")];
        assert_eq!(limited(busy, &told(&[]), ""), Some(None));
        assert_eq!(limited(busy, &told(&[("retry-after", "60")]), ""), Some(minute));
        assert_eq!(limited(forbidden, &told(&[("retry-after", "60")]), ""), Some(minute));
        assert_eq!(limited(forbidden, &told(&used_up), ""), Some(Some(Duration::from_secs(61))));
        assert_eq!(limited(forbidden, &told(&[]), "you have exceeded a secondary rate limit"), Some(None));
        assert_eq!(limited(forbidden, &told(&[]), "resource not accessible"), None);
        assert_eq!(limited(StatusCode::NOT_FOUND, &told(&used_up), "rate limit"), None);
    }
}
