//! Ways to misbehave, for tests of the other side.

use std::{iter, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{LOCATION, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Deserialize;

use crate::manners::seconds;

/// A way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Status 429, with this `retry-after`.
    Busy {
        /// Seconds or a date, as it is sent.
        retry_after: Option<String>,
    },
    /// Status 403.
    Forbidden,
    /// Status 500.
    ServerError,
    /// No answer at all.
    Silent,
    /// Status 200 with something that is no JSON.
    Garbage,
    /// An answer that does not end.
    Endless,
    /// An answer that breaks off in the middle.
    CutShort,
    /// The question's headers, repeated as an answer with this status.
    Echo(u16),
    /// A redirect to this address.
    Elsewhere(String),
    /// Numbers and truths come as text, something is missing, something is new.
    Loose,
    /// No database becomes active.
    StaysPassive,
    /// Only resetting a password goes wrong. Other questions are answered as they should be, and use up none of the
    /// times.
    Reset(ResetFault),
}

/// A way in which resetting a password goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetFault {
    /// It is done at once, and answered so much later.
    AnswersLate(#[serde(deserialize_with = "seconds")] Duration),
    /// It is done and answered so much later; done also where nobody waits for the answer any more.
    DoneLate(#[serde(deserialize_with = "seconds")] Duration),
    /// Nothing is done, and nothing is answered.
    Silent,
    /// It is done, and nothing is answered.
    DoneSilent,
    /// Nothing is done. Status 500.
    Error,
    /// It is done. Status 500.
    DoneError,
    /// It is done, and the answer has neither password nor tokens.
    WithoutPassword,
    /// It is done and answered at once, and the server goes by the old password for so much longer.
    TakenLate(#[serde(deserialize_with = "seconds")] Duration),
}

impl Fault {
    /// What is answered instead of the truth; nothing where the fault is in the truth itself, or in silence.
    pub(super) fn answer(&self, question: &HeaderMap) -> Option<Response> {
        Some(match self {
            Self::Busy { retry_after } => {
                let mut response = (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response();
                if let Some(value) = retry_after.as_ref().and_then(|text| HeaderValue::from_str(text).ok()) {
                    response.headers_mut().insert(RETRY_AFTER, value);
                }
                response
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, r#"{"error":"forbidden"}"#).into_response(),
            Self::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, r#"{"message":"internal error"}"#).into_response(),
            Self::Garbage => "<html>Sign in to this network</html>".into_response(),
            Self::Endless => {
                let chunk = Bytes::from(vec![b' '; 64 * 1024]);
                Body::from_stream(stream::iter(iter::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()))))
                    .into_response()
            }
            Self::CutShort => {
                let parts = [Ok(Bytes::from_static(b"[{\"database_id\":")), Err(std::io::Error::other("cut"))];
                Body::from_stream(stream::iter(parts)).into_response()
            }
            Self::Echo(status) => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::IM_A_TEAPOT);
                // As text they would be marked as sensitive, and not be told.
                let lines =
                    question.iter().map(|(name, value)| [name.as_str().as_bytes(), b": ", value.as_bytes()].concat());
                (status, lines.collect::<Vec<_>>().join(&b'\n')).into_response()
            }
            Self::Elsewhere(address) => {
                let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
                if let Ok(value) = HeaderValue::from_str(address) {
                    response.headers_mut().insert(LOCATION, value);
                }
                response
            }
            Self::Silent | Self::Loose | Self::StaysPassive | Self::Reset(_) => return None,
        })
    }
}
