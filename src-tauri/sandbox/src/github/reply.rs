//! Answers, and the words of refusals as the service has them.

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, LINK, LOCATION, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

const DOCS: &str = "https://docs.github.com/rest";
const SECONDARY: &str = "https://docs.github.com/free-pro-team@latest/rest/overview/\
                         rate-limits-for-the-rest-api#about-secondary-rate-limits";

/// An answer: a status, JSON, and what stands in the head.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    body: Value,
    head: Vec<(HeaderName, String)>,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    /// Something new, with its address.
    pub(super) fn created(body: Value) -> Self {
        let address = body["url"].as_str().map(str::to_owned);
        let reply = Self::new(StatusCode::CREATED, body);
        match address {
            Some(address) => reply.with(LOCATION, address),
            None => reply,
        }
    }

    pub(super) fn empty() -> Self {
        Self::new(StatusCode::NO_CONTENT, Value::Null)
    }

    /// A page, with the way to the others.
    pub(super) fn page(body: Value, link: Option<String>) -> Self {
        let reply = Self::ok(body);
        match link {
            Some(link) => reply.with(LINK, link),
            None => reply,
        }
    }

    pub(super) fn refused(status: StatusCode, message: &str) -> Self {
        Self::documented(status, message, DOCS)
    }

    pub(super) fn not_found() -> Self {
        Self::refused(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn bad_credentials() -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

    pub(super) fn not_permitted(wanted: &str) -> Self {
        Self::refused(StatusCode::FORBIDDEN, "Resource not accessible by personal access token")
            .with(HeaderName::from_static("x-accepted-github-permissions"), wanted.into())
    }

    pub(super) fn rate_limited() -> Self {
        let message = "API rate limit exceeded for user ID 5000001. If you reach out to GitHub Support for help, please \
                       include the request ID.";
        let docs = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";
        Self::documented(StatusCode::FORBIDDEN, message, docs)
    }

    pub(super) fn secondary_limit(retry_after: u64) -> Self {
        let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you \
                       reach out to GitHub Support for help, please include the request ID.";
        Self::documented(StatusCode::FORBIDDEN, message, SECONDARY).with(RETRY_AFTER, retry_after.to_string())
    }

    pub(super) fn locked() -> Self {
        Self::refused(StatusCode::FORBIDDEN, "Unable to create comment because issue is locked.")
    }

    pub(super) fn issues_disabled() -> Self {
        Self::documented(
            StatusCode::GONE,
            "Issues has been disabled in this repository.",
            "https://docs.github.com/v3/issues/",
        )
    }

    /// A field that cannot be so. `message` is left out where the code says it all.
    pub(super) fn invalid(resource: &str, field: &str, code: &str, message: Option<&str>) -> Self {
        let mut error = json!({ "resource": resource, "code": code, "field": field });
        if let Some(message) = message {
            error["message"] = message.into();
        }
        let mut reply = Self::refused(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        reply.body["errors"] = json!([error]);
        reply
    }

    /// A question that lacks what it must have.
    pub(super) fn incomplete(field: &str) -> Self {
        let message = format!("Invalid request.\n\n\"{field}\" wasn't supplied.");
        Self::refused(StatusCode::UNPROCESSABLE_ENTITY, &message)
    }

    pub(super) fn with(mut self, name: HeaderName, value: String) -> Self {
        self.head.push((name, value));
        self
    }

    fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, head: Vec::new() }
    }

    fn documented(status: StatusCode, message: &str, docs: &str) -> Self {
        let status_text = status.as_u16().to_string();
        Self::new(status, json!({ "message": message, "documentation_url": docs, "status": status_text }))
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = if self.status == StatusCode::NO_CONTENT {
            self.status.into_response()
        } else {
            (self.status, [(CONTENT_TYPE, "application/json; charset=utf-8")], self.body.to_string()).into_response()
        };
        for (name, value) in self.head {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
