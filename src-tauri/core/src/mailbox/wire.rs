//! One request and its answer, within every limit. Errors of reqwest end here: they name addresses.

use std::fmt;

use jiff::Timestamp;
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue, IF_NONE_MATCH},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    Repository, Tuning,
    error::{MailboxError, refused, unsent},
    headers::{self, Told},
};
use crate::{link::tls, upstash::acceptable};

const PROGRAM: &str = concat!("heliograph/", env!("CARGO_PKG_VERSION"));
const VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");
const JSON: &str = "application/vnd.github+json";
/// No more of a refusal is looked at to see what kind it is.
const REFUSAL: usize = 64 * 1024;

/// Connections to the API, with a token.
#[derive(Debug)]
pub(super) struct Wire {
    http: reqwest::Client,
    api: Url,
    repository: Repository,
    token: SecretString,
    body_limit: usize,
}

/// A request: where, after which parts of the path, and with what.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    method: Method,
    /// Below the repository, or from the root.
    below: bool,
    path: Vec<&'a str>,
    query: Vec<(&'a str, String)>,
    json: Option<Value>,
    etag: Option<HeaderValue>,
}

/// An answer that is none of the refusals.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) told: Told,
    /// Nothing is new since the answer whose `ETag` was sent along.
    pub(super) unchanged: bool,
    pub(super) body: Vec<u8>,
}

impl<'a> Ask<'a> {
    /// To read something of the repository.
    pub(super) fn get(path: &[&'a str]) -> Self {
        Self { method: Method::GET, below: true, path: path.to_vec(), query: Vec::new(), json: None, etag: None }
    }

    /// To make something in the repository.
    pub(super) fn post(path: &[&'a str], json: Value) -> Self {
        Self { method: Method::POST, json: Some(json), ..Self::get(path) }
    }

    /// The same, not of the repository.
    pub(super) fn at_the_root(self) -> Self {
        Self { below: false, ..self }
    }

    /// With one more parameter.
    pub(super) fn with(mut self, name: &'a str, value: &dyn fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Only if it has changed since the answer with this tag.
    pub(super) fn unless(mut self, etag: Option<HeaderValue>) -> Self {
        self.etag = etag;
        self
    }
}

impl Wire {
    /// Reads the certificate stores, which takes tens of milliseconds, and sends nothing.
    pub(super) async fn new(
        api: &Url,
        repository: &Repository,
        token: &SecretString,
        tuning: &Tuning,
    ) -> Result<Self, MailboxError> {
        if !acceptable(api) {
            return Err(MailboxError::BaseRefused);
        }
        let tls = tls::configuration(tuning.authorities.clone()).await.map_err(|_| MailboxError::Unprepared)?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(std::sync::Arc::unwrap_or_clone(tls))
            .user_agent(PROGRAM)
            .connect_timeout(tuning.connect_limit)
            .timeout(tuning.answer_limit)
            // Not even on the same host: a POST could come out as a GET, and the person should know of a new name.
            .redirect(Policy::none());
        // A proxy from the environment has no business between two programs on one computer.
        let builder = if api.scheme() == "https" { builder } else { builder.no_proxy() };
        Ok(Self {
            http: builder.build().map_err(|_| MailboxError::Unprepared)?,
            api: api.clone(),
            repository: repository.clone(),
            token: token.clone(),
            body_limit: tuning.body_limit,
        })
    }

    /// Asks once. What was told comes with a refusal as well.
    pub(super) async fn send(&self, ask: Ask<'_>) -> (Told, Result<Answer, MailboxError>) {
        let nothing_told = |error| (Told::default(), Err(error));
        let url = match self.url(&ask) {
            Ok(url) => url,
            Err(error) => return nothing_told(error),
        };
        let mut request = self
            .http
            .request(ask.method, url)
            // reqwest marks this header as sensitive.
            .bearer_auth(self.token.expose_secret())
            .header(ACCEPT, JSON)
            .header(VERSION.0, VERSION.1);
        if let Some(etag) = ask.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(json) = ask.json {
            request = request.header(CONTENT_TYPE, "application/json").body(json.to_string());
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return nothing_told(unsent(&error)),
        };
        let told = headers::read(response.headers(), Timestamp::now());
        let answer = self.answer(response, &told).await;
        (told, answer)
    }

    async fn answer(&self, response: Response, told: &Told) -> Result<Answer, MailboxError> {
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED {
            return Ok(Answer { told: told.clone(), unchanged: true, body: Vec::new() });
        }
        if status.is_success() {
            let body = body(response, self.body_limit).await?;
            return Ok(Answer { told: told.clone(), unchanged: false, body });
        }
        // A refusal whose reasons cannot be read is the same refusal.
        let said = body(response, REFUSAL).await.unwrap_or_default();
        Err(refused(status, told, &String::from_utf8_lossy(&said).to_lowercase()))
    }

    fn url(&self, ask: &Ask<'_>) -> Result<Url, MailboxError> {
        let mut url = self.api.clone();
        {
            let mut path = url.path_segments_mut().map_err(|()| MailboxError::BaseRefused)?;
            path.pop_if_empty();
            if ask.below {
                path.extend(["repos", self.repository.owner(), self.repository.name()]);
            }
            path.extend(&ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        Ok(url)
    }
}

async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, MailboxError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unsent(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(MailboxError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Answer {
    /// Reads the answer's JSON.
    pub(super) fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, MailboxError> {
        serde_json::from_slice(&self.body).map_err(|_| MailboxError::Unreadable)
    }
}
