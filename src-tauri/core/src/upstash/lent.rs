//! Reading the Markdown in which a database for 72 hours is handed over.
//!
//! It is written for people and may change, so every line is looked at for a label it could stand behind: in bold, in
//! a list, in a table, as an environment line. The first of each kind counts, as examples follow below.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use secrecy::SecretString;
use url::Url;

use super::place::Place;
use crate::{link::Address, message::Millis};

const LIFE: SignedDuration = SignedDuration::from_hours(72);

/// A database for 72 hours.
#[derive(Clone, Debug)]
pub struct Lent {
    /// `rediss://default:…@…`
    pub address: SecretString,
    /// The page where it can be made one's own. Whoever has this link can have the password, so it is kept like one.
    pub claim: Option<SecretString>,
    /// When it ends.
    pub ends: Millis,
}

#[derive(Default)]
struct Found {
    endpoint: Option<String>,
    port: Option<u16>,
    secret: Option<SecretString>,
    url: Option<SecretString>,
    claim: Option<SecretString>,
    expires: Option<Timestamp>,
}

/// What the text hands over; nothing if the address is not in it. `now` is when it came.
pub(super) fn read(text: &str, now: Timestamp) -> Option<Lent> {
    let mut found = Found::default();
    for line in text.lines() {
        found.look_for_claim(line);
        found.look_for_label(line);
    }
    Some(Lent { ends: found.ends(now), address: found.address()?, claim: found.claim })
}

impl Found {
    fn look_for_label(&mut self, line: &str) {
        let line = line.replace(['*', '`'], "");
        let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '|' | '>' | '#'));
        let Some((label, value)) = line.split_once([':', '=', '|']) else { return };
        let Some(value) = words(value).next() else { return };
        let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let ends_in = |endings: &[&str]| endings.iter().any(|ending| label.ends_with(ending));
        if value.starts_with("rediss://") || value.starts_with("redis://") {
            self.url.get_or_insert_with(|| value.into());
        } else if ends_in(&["endpoint", "host", "hostname", "resturl"]) {
            self.endpoint.get_or_insert_with(|| value.into());
        } else if ends_in(&["token", "password"]) && !label.contains("readonly") {
            self.secret.get_or_insert_with(|| value.into());
        } else if ends_in(&["port"]) {
            self.port = self.port.or_else(|| value.parse().ok());
        } else if label.starts_with("expires") {
            self.expires = self.expires.or_else(|| moment(value));
        }
    }

    fn look_for_claim(&mut self, line: &str) {
        if self.claim.is_none() {
            self.claim = words(line).find(|word| is_claim(word)).map(SecretString::from);
        }
    }

    fn address(&self) -> Option<SecretString> {
        if let (Some(endpoint), Some(secret)) = (&self.endpoint, &self.secret) {
            return Some(Place::read(endpoint, self.port)?.address(secret));
        }
        let url = self.url.as_ref()?;
        Address::parse(url).ok()?.password()?;
        Some(url.clone())
    }

    /// After 72 hours, or earlier where the text says so.
    fn ends(&self, now: Timestamp) -> Millis {
        let usual = now.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
        let said = self.expires.filter(|said| *said > now);
        said.map_or(usual, |said| said.min(usual)).as_millisecond()
    }
}

/// What stands between white space, quotes and brackets.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let apart =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | '|' | ',');
    text.split(apart).map(|word| word.trim_end_matches(['.', ';', '*'])).filter(|word| !word.is_empty())
}

fn is_claim(word: &str) -> bool {
    let Ok(url) = Url::parse(word.trim_start_matches('*')) else { return false };
    let host = url.host_str().unwrap_or_default();
    let theirs = url.scheme() == "https" && (host == "upstash.com" || host.ends_with(".upstash.com"));
    theirs && (url.path().contains("/console/") || url.path().contains("claim"))
}

/// A moment, or the end of a day.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let day: Date = text.parse().ok()?;
    Some(day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests;
