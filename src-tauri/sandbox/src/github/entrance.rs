//! The way in and out of every question: who asks, whether he may, what it counts, and whether he has it already.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{self, Body},
    extract::{DefaultBodyLimit, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, ETAG, IF_NONE_MATCH, USER_AGENT, VARY},
    },
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::{
    fault::Fault,
    limits::Standing,
    page::Query,
    reply::Reply,
    routes::{self, Question},
    service::{Access, Service, Token},
};

/// More than any test asks.
const SEEN_LIMIT: usize = 5_000;
/// A comment of the greatest length in letters of four bytes, each written as an escape, fits.
const BODY_LIMIT: usize = 1 << 20;
/// The versions of the description.
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// A question that came, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `GET`
    pub method: String,
    /// `/repos/…`, with what follows a `?`.
    pub path: String,
    /// What the program calls itself.
    pub agent: Option<String>,
    /// Whose token came along.
    pub login: Option<&'static str>,
    /// The answer's status; 304 did not count.
    pub status: u16,
}

/// The newest questions.
#[derive(Debug, Default)]
pub(super) struct SeenLately(Mutex<VecDeque<Seen>>);

/// Everything that is answered.
pub(super) fn router(service: Arc<Service>) -> Router {
    Router::new().fallback(attend).layer(DefaultBodyLimit::disable()).with_state(service)
}

async fn attend(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (head, content) = request.into_parts();
    let text = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let token = text(AUTHORIZATION).and_then(|told| service.who(told));
    let login = token.map(|token| token.login);
    let question = Question {
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        query: Query::read(head.uri.query().unwrap_or_default()),
        // A body that is too long is no JSON either.
        body: body::to_bytes(content, BODY_LIMIT).await.unwrap_or_default(),
    };
    let before = service.limits.standing(login);
    let response = match spoilt(&service).await {
        Some(response) => response,
        None => match admit(&service, &head.headers, token, &question, before) {
            Ok(token) => {
                let response = routes::answer(&service, token, &question).into_response();
                revalidated(response, &question.method, &head.headers, token).await
            }
            Err(refusal) => refusal.into_response(),
        },
    };
    service.limits.count(login, response.status() == StatusCode::NOT_MODIFIED);
    service.seen.add(Seen {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        agent: text(USER_AGENT).map(str::to_owned),
        login,
        status: response.status().as_u16(),
    });
    headed(response, service.limits.standing(login), token)
}

/// What is answered instead of the truth at present.
async fn spoilt(service: &Service) -> Option<Response> {
    let fault = service.manners.next(|_| true)?;
    match fault {
        Fault::Silent => service.stop.cancelled().await,
        Fault::Slow(time) => tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = service.stop.cancelled() => {}
        },
        _ => {}
    }
    fault.answer()
}

fn admit<'a>(
    service: &Service,
    headers: &HeaderMap,
    token: Option<&'a Token>,
    question: &Question,
    standing: Standing,
) -> Result<&'a Token, Reply> {
    if headers.get(USER_AGENT).is_none_or(HeaderValue::is_empty) {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header \
                       (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).";
        return Err(Reply::refused(StatusCode::FORBIDDEN, message));
    }
    let version = headers.get("x-github-api-version").map(|version| version.to_str().unwrap_or_default());
    if let Some(version) = version.filter(|version| !VERSIONS.contains(version)) {
        let message = format!("The API version {version:?} is not supported.");
        return Err(Reply::refused(StatusCode::BAD_REQUEST, &message));
    }
    let Some(token) = token else {
        if headers.contains_key(AUTHORIZATION) {
            return Err(Reply::bad_credentials());
        }
        // Whoever says nothing of himself is told nothing of what is private.
        let asks_for_himself = question.path == "/user";
        let refusal = Reply::refused(StatusCode::UNAUTHORIZED, "Requires authentication");
        return Err(if asks_for_himself { refusal } else { Reply::not_found() });
    };
    if standing.remaining() == 0 {
        return Err(Reply::rate_limited());
    }
    if routes::creates(&question.method) {
        // Rounded up: a second too early is refused again.
        service.limits.create(token.login).map_err(|wait| Reply::secondary_limit(wait.as_secs() + 1))?;
    }
    Ok(token)
}

/// Marks an answer, and leaves its body out where the other side has it.
async fn revalidated(response: Response, method: &Method, headers: &HeaderMap, token: &Token) -> Response {
    if *method != Method::GET || response.status() != StatusCode::OK {
        return response;
    }
    let (mut head, content) = response.into_parts();
    let content = body::to_bytes(content, usize::MAX).await.unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    (&content, token.login, token.access == Access::Classic).hash(&mut hasher);
    head.headers.get("link").hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    if let Ok(value) = HeaderValue::from_str(&format!("W/{tag}")) {
        head.headers.insert(ETAG, value);
    }
    head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=60, s-maxage=60"));
    head.headers.insert(VARY, HeaderValue::from_static("Accept, Authorization, Cookie, X-GitHub-OTP"));
    let told = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if told.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag) {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove("content-type");
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(content))
}

/// The headers that every answer has; what a fault set stays.
fn headed(mut response: Response, standing: Standing, token: Option<&Token>) -> Response {
    let remaining = standing.remaining();
    let mut all = vec![
        ("x-ratelimit-limit", standing.limit.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-used", standing.used.to_string()),
        ("x-ratelimit-reset", standing.reset.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-github-request-id", Uuid::new_v4().simple().to_string()),
        ("server", "github.com".to_owned()),
    ];
    if token.is_some_and(|token| token.access == Access::Classic) {
        all.push(("x-oauth-scopes", "repo".to_owned()));
        all.push(("x-accepted-oauth-scopes", "repo".to_owned()));
    }
    for (name, value) in all {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().entry(HeaderName::from_static(name)).or_insert(value);
        }
    }
    response
}

impl SeenLately {
    fn add(&self, seen: Seen) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == SEEN_LIMIT {
            all.pop_front();
        }
        all.push_back(seen);
    }

    pub(super) fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
