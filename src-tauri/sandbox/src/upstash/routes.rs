//! The API's paths, and what is answered on each.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Extension, Path, RawQuery, Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{
    account::{Account, NotMade, Wanted},
    counters,
    database::Database,
    description::{self, Credentials, Manner},
    fault::Fault,
    lent, reset,
};

/// More than any test asks.
const SEEN_LIMIT: usize = 1_000;

/// A question that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `GET`
    pub method: String,
    /// `/v2/redis/databases`, with what follows a `?`.
    pub path: String,
    /// What the program calls itself.
    pub agent: Option<String>,
    /// Did an authorisation come along?
    pub authorised: bool,
}

/// The newest questions.
#[derive(Debug, Default)]
pub(super) struct SeenLately(Mutex<VecDeque<Seen>>);

/// How the present answer is to be spoilt.
#[derive(Clone, Debug)]
pub(super) struct Spoilt(pub(super) Option<Fault>);

/// JSON with a status.
pub(super) struct Reply(pub(super) StatusCode, pub(super) Value);

pub(super) type Answer = Result<Reply, Reply>;
pub(super) type Desk = State<Arc<Account>>;
pub(super) type Spoil = Extension<Spoilt>;

/// Everything that is answered.
pub(super) fn router(account: Arc<Account>) -> Router {
    Router::new()
        .route("/v2/redis/databases", get(list))
        .route("/v2/redis/database", post(create))
        .route("/v2/redis/database/{id}", get(look).delete(delete))
        .route("/v2/redis/reset-password/{id}", post(reset::answer))
        .route("/v2/redis/stats/{id}", get(stats))
        .route("/v2/redis/rename/{id}", post(rename))
        .route("/v2/redis/enable-tls/{id}", post(enable_tls))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&account), check_key))
        .route("/start-redis", post(lend))
        .fallback(async || refused(StatusCode::NOT_FOUND, "not found"))
        .layer(middleware::from_fn_with_state(Arc::clone(&account), note_and_misbehave))
        .with_state(account)
}

async fn note_and_misbehave(State(account): Desk, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    account.note(Seen {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        agent: headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned),
        authorised: headers.contains_key(AUTHORIZATION),
    });
    let resets = request.uri().path().starts_with("/v2/redis/reset-password/");
    let fault = account.manners.next(|fault| resets || !matches!(fault, Fault::Reset(_)));
    if fault == Some(Fault::Silent) {
        account.stopping().cancelled().await;
    }
    if let Some(answer) = fault.as_ref().and_then(|fault| fault.answer(request.headers())) {
        return answer;
    }
    request.extensions_mut().insert(Spoilt(fault));
    next.run(request).await
}

async fn check_key(State(account): Desk, request: Request, next: Next) -> Response {
    if has_key(&account, request.headers()) && !account.is_revoked() {
        next.run(request).await
    } else {
        // Plain text: clients have to cope with that as well.
        (StatusCode::UNAUTHORIZED, "Unauthorized").into_response()
    }
}

fn has_key(account: &Account, headers: &HeaderMap) -> bool {
    let told = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let told = told.and_then(|text| text.strip_prefix("Basic "));
    let told = told.and_then(|text| BASE64_STANDARD.decode(text).ok());
    told.is_some_and(|told| told == format!("{}:{}", account.email, account.key.expose_secret()).into_bytes())
}

async fn list(State(account): Desk, Extension(spoilt): Spoil) -> Reply {
    let describe = |database: &Arc<Database>| describe(&account, database, Credentials::Hidden, &spoilt);
    Reply(StatusCode::OK, account.databases().iter().map(describe).collect())
}

async fn look(
    State(account): Desk,
    Extension(spoilt): Spoil,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let database = find(&account, &id)?;
    let hide = query.is_some_and(|query| query.split('&').any(|pair| pair == "credentials=hide"));
    let hide = hide || account.habits.get().protected_credentials;
    let credentials = if hide { Credentials::Hidden } else { Credentials::Told };
    Ok(Reply(StatusCode::OK, describe(&account, &database, credentials, &spoilt)))
}

async fn create(State(account): Desk, Extension(spoilt): Spoil, body: Bytes) -> Answer {
    let body: Value = serde_json::from_slice(&body).map_err(|_| bad("the body is not JSON"))?;
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    if body.get("region").is_some_and(|region| region != "global") {
        return Err(bad("region must be global"));
    }
    let missing = || bad("database_name, platform and primary_region are required");
    let wanted = Wanted {
        name: text("database_name").ok_or_else(missing)?,
        platform: text("platform").ok_or_else(missing)?,
        region: text("primary_region").ok_or_else(missing)?,
        plan: text("plan").unwrap_or_else(|| "free".into()),
    };
    let database = account.make(wanted).map_err(|reason| bad(&reason.to_string()))?;
    Ok(Reply(StatusCode::OK, describe(&account, &database, Credentials::Told, &spoilt)))
}

async fn delete(State(account): Desk, Path(id): Path<String>) -> Answer {
    if account.remove(&id) { Ok(Reply(StatusCode::OK, json!("OK"))) } else { Err(unknown()) }
}

async fn stats(State(account): Desk, Extension(spoilt): Spoil, Path(id): Path<String>) -> Answer {
    let database = find(&account, &id)?;
    let stats = counters::of(&database).await.map_err(|_| fault("the database does not answer"))?;
    Ok(Reply(StatusCode::OK, spoil(stats, &spoilt)))
}

async fn rename(State(account): Desk, Extension(spoilt): Spoil, Path(id): Path<String>, body: Bytes) -> Answer {
    let database = find(&account, &id)?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| bad("the body is not JSON"))?;
    let name = body["name"].as_str().filter(|name| !name.is_empty()).ok_or_else(|| bad("name is required"))?;
    database.rename(name.to_owned());
    Ok(Reply(StatusCode::OK, describe(&account, &database, Credentials::Hidden, &spoilt)))
}

/// It is never off.
async fn enable_tls(State(account): Desk, Extension(spoilt): Spoil, Path(id): Path<String>) -> Answer {
    let database = find(&account, &id)?;
    Ok(Reply(StatusCode::OK, describe(&account, &database, Credentials::Hidden, &spoilt)))
}

async fn lend(State(account): Desk) -> Response {
    match account.lend() {
        Ok(database) if database.until_active().await.is_ok() => {
            ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], lent::markdown(&database, Timestamp::now()))
                .into_response()
        }
        Err(NotMade::TooMany) => {
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "3600")], "# Not now\n").into_response()
        }
        Ok(_) | Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "# Sorry\n").into_response(),
    }
}

pub(super) fn find(account: &Account, id: &str) -> Result<Arc<Database>, Reply> {
    account.find(id).ok_or_else(unknown)
}

pub(super) fn describe(account: &Account, database: &Database, credentials: Credentials, spoilt: &Spoilt) -> Value {
    let manner = Manner {
        customer: &account.email,
        credentials,
        habits: account.habits.get(),
        stays_passive: spoilt.0 == Some(Fault::StaysPassive),
    };
    spoil(description::of(database, manner), spoilt)
}

fn spoil(value: Value, spoilt: &Spoilt) -> Value {
    if spoilt.0 == Some(Fault::Loose) { description::loosened(value) } else { value }
}

fn refused(status: StatusCode, reason: &str) -> Reply {
    Reply(status, json!({ "error": reason }))
}

pub(super) fn bad(reason: &str) -> Reply {
    refused(StatusCode::BAD_REQUEST, reason)
}

fn unknown() -> Reply {
    refused(StatusCode::NOT_FOUND, "database not found")
}

pub(super) fn fault(reason: &str) -> Reply {
    refused(StatusCode::INTERNAL_SERVER_ERROR, reason)
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        (self.0, [(CONTENT_TYPE, "application/json")], self.1.to_string()).into_response()
    }
}

impl SeenLately {
    pub(super) fn add(&self, seen: Seen) {
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
