//! Ways to misbehave, for tests of the other side.

use std::time::Duration;

use axum::{
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::reply::Reply;
use crate::manners::seconds;

/// A way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// This status, with a page that is no JSON.
    Unavailable(u16),
    /// The truth, but so much later.
    Slow(#[serde(deserialize_with = "seconds")] Duration),
    /// Status 403: nothing is left of the hour, which ends after this time.
    RateLimited {
        /// The time until the hour ends.
        #[serde(deserialize_with = "seconds")]
        reset_in: Duration,
    },
    /// Status 403: too much at once.
    Secondary {
        /// The time after which it may be tried again.
        #[serde(deserialize_with = "seconds")]
        retry_after: Duration,
    },
    /// Status 401.
    Unauthorized,
    /// Status 403: the token may not.
    Forbidden,
    /// Status 404.
    NotFound,
    /// Status 200 with something that is no JSON.
    Garbage,
    /// No answer at all.
    Silent,
}

impl Fault {
    /// What is answered instead of the truth; nothing where only the time is wrong.
    pub(super) fn answer(&self) -> Option<Response> {
        Some(match self {
            Self::Unavailable(status) => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
                (status, "<html><title>Unicorn!</title>We had issues producing the response</html>").into_response()
            }
            Self::RateLimited { reset_in } => {
                let reset = Timestamp::now().as_second().saturating_add_unsigned(reset_in.as_secs());
                Reply::rate_limited()
                    .with(HeaderName::from_static("x-ratelimit-remaining"), "0".into())
                    .with(HeaderName::from_static("x-ratelimit-reset"), reset.to_string())
                    .into_response()
            }
            Self::Secondary { retry_after } => Reply::secondary_limit(retry_after.as_secs()).into_response(),
            Self::Unauthorized => Reply::bad_credentials().into_response(),
            Self::Forbidden => Reply::not_permitted("issues=read").into_response(),
            Self::NotFound => Reply::not_found().into_response(),
            Self::Garbage => "<html>Sign in to this network</html>".into_response(),
            Self::Slow(_) | Self::Silent => return None,
        })
    }
}
