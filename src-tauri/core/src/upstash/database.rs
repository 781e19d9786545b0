//! A database as the API describes it, read leniently: only its id has to be there.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{lenient, place::Place, regions};
use crate::text;

const MOST_SHOWN: usize = 80;

/// What a database costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing.
    Free,
    /// By the command.
    PayAsYouGo,
    /// A fixed price, in one of several names.
    Fixed(String),
    /// It was not said.
    Unknown,
}

/// Whether a database answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Active,
    /// Not until the owner does something.
    Suspended,
    /// Not yet.
    Passive,
    /// Another word.
    Other(String),
    /// It was not said.
    Unknown,
}

/// A database.
#[derive(Clone, Debug)]
pub struct Database {
    /// For asking about it.
    pub id: String,
    /// Its name, as it came: not yet safe to show.
    pub name: String,
    /// The id of its primary region.
    pub region: Option<String>,
    /// What it costs.
    pub plan: Plan,
    /// Whether it answers.
    pub state: State,
    /// When it was made, in seconds since 1970.
    pub created: Option<u64>,
    /// Commands it takes a month.
    pub request_limit: Option<u64>,
    /// Bytes it holds.
    pub disk_limit: Option<u64>,
    /// Bytes of one request.
    pub request_size_limit: Option<u64>,
    /// Clients at once.
    pub client_limit: Option<u64>,
    /// What a month may cost, in dollars, where that is bounded.
    pub budget: Option<u64>,
    /// Can it have users beside `default`?
    pub acl: Option<bool>,
    place: Option<Place>,
    password: Option<SecretString>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "lenient::text")]
    database_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    database_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    region: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    primary_region: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    state: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    endpoint: Option<String>,
    #[serde(default, deserialize_with = "lenient::number")]
    port: Option<u64>,
    #[serde(default, deserialize_with = "lenient::secret")]
    password: Option<SecretString>,
    #[serde(default, deserialize_with = "lenient::secret")]
    rest_token: Option<SecretString>,
    #[serde(default, deserialize_with = "lenient::number")]
    creation_time: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    db_request_limit: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    db_disk_threshold: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    db_max_request_size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    db_max_clients: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    budget: Option<u64>,
    #[serde(default, deserialize_with = "lenient::truth")]
    db_acl_enabled: Option<bool>,
}

impl Database {
    /// One database from JSON.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        Self::from_raw(serde_json::from_slice(json).ok()?)
    }

    /// A list of them; one that makes no sense is left out and spoils nothing.
    pub(super) fn read_all(json: &[u8]) -> Option<Vec<Self>> {
        // Some services write an empty list as null.
        let list: Option<Vec<&RawValue>> = serde_json::from_slice(json).ok()?;
        let read = |one: &RawValue| Self::read(one.get().as_bytes());
        Some(list.unwrap_or_default().into_iter().filter_map(read).collect())
    }

    fn from_raw(raw: Raw) -> Option<Self> {
        let id = raw.database_id?;
        let port = raw.port.and_then(|port| u16::try_from(port).ok());
        Some(Self {
            name: raw.database_name.unwrap_or_else(|| id.clone()),
            id,
            region: raw.primary_region.or(raw.region),
            plan: Plan::read(raw.r#type),
            state: State::read(raw.state),
            created: raw.creation_time,
            request_limit: raw.db_request_limit,
            disk_limit: raw.db_disk_threshold,
            request_size_limit: raw.db_max_request_size,
            client_limit: raw.db_max_clients,
            budget: raw.budget,
            acl: raw.db_acl_enabled,
            place: raw.endpoint.and_then(|endpoint| Place::read(&endpoint, port)),
            // The token is the password of `default` under another name.
            password: raw.password.or(raw.rest_token),
        })
    }

    /// `rediss://default:…@…`, where the password came with it and the endpoint can be read.
    pub fn address(&self) -> Option<SecretString> {
        Some(self.place.as_ref()?.address(self.password.as_ref()?))
    }

    /// The password of its user `default`, where it came with it.
    pub(crate) fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Is it the one at this host and port?
    pub(crate) fn is_at(&self, host: &str, port: u16) -> bool {
        self.place.as_ref().is_some_and(|place| place.is_at(host, port))
    }

    /// Can it be used now? One whose state was not said is given the chance.
    pub fn usable(&self) -> bool {
        matches!(self.state, State::Active | State::Unknown) && self.place.is_some()
    }

    /// Where it is, in words: "Singapore (ap-southeast-1)".
    pub fn region_in_words(&self) -> String {
        let Some(id) = &self.region else { return "somewhere unsaid".into() };
        match regions::find(id) {
            Some(region) => format!("{} ({})", region.place, region.id),
            None => text::line(id, MOST_SHOWN),
        }
    }

    /// Its name, safe to show.
    pub fn shown_name(&self) -> String {
        text::line(&self.name, MOST_SHOWN)
    }
}

impl Plan {
    fn read(name: Option<String>) -> Self {
        let Some(name) = name else { return Self::Unknown };
        match name.to_ascii_lowercase().as_str() {
            "free" => Self::Free,
            // "paid" is what the description calls those that are neither free nor fixed.
            "payg" | "pay_as_you_go" | "paid" => Self::PayAsYouGo,
            _ => Self::Fixed(name),
        }
    }

    /// In words: "Pay as you go".
    pub fn in_words(&self) -> String {
        match self {
            Self::Free => "Free".into(),
            Self::PayAsYouGo => "Pay as you go".into(),
            Self::Fixed(name) if name.eq_ignore_ascii_case("pro") => "Fixed".into(),
            Self::Fixed(name) => text::capital(&text::line(&name.replace('_', " "), MOST_SHOWN)),
            Self::Unknown => "Unknown plan".into(),
        }
    }
}

impl State {
    fn read(name: Option<String>) -> Self {
        let Some(name) = name else { return Self::Unknown };
        match name.to_ascii_lowercase().as_str() {
            "active" => Self::Active,
            "suspended" => Self::Suspended,
            "passive" => Self::Passive,
            _ => Self::Other(name),
        }
    }

    /// In a word: "active".
    pub fn in_words(&self) -> String {
        match self {
            Self::Active => "active".into(),
            Self::Suspended => "suspended".into(),
            Self::Passive => "not active yet".into(),
            Self::Other(name) => text::line(name, MOST_SHOWN),
            Self::Unknown => "unknown".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn read(json: &str) -> Database {
        Database::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_database_as_published() {
        let database = read(
            r#"{"database_id":"96ad","database_name":"MyRedis","region":"global","port":6379,"creation_time":1752649602,
                "state":"active","endpoint":"beloved-stallion-58500","tls":true,"db_request_limit":8024278031528736858,
                "type":"paid","primary_region":"ap-southeast-1","db_acl_enabled":"false","password":"p/w","rest_token":"t"}"#,
        );
        assert_eq!((database.id.as_str(), database.shown_name().as_str()), ("96ad", "MyRedis"));
        assert_eq!(database.region_in_words(), "Singapore (ap-southeast-1)");
        assert_eq!(
            (database.plan.in_words().as_str(), database.state.in_words().as_str()),
            ("Pay as you go", "active")
        );
        assert_eq!((database.acl, database.created), (Some(false), Some(1_752_649_602)));
        assert!(database.usable());
        let address = database.address().unwrap();
        assert_eq!(address.expose_secret(), "rediss://default:p%2Fw@beloved-stallion-58500.upstash.io:6379");
        assert!(!format!("{database:?}").contains("p/w"));
    }

    #[test]
    fn little_is_enough_and_nothing_is_too_much() {
        let database = read(r#"{"database_id":7,"new_field":{"deep":[]}}"#);
        assert_eq!((database.name.as_str(), database.usable()), ("7", false));
        assert!(database.address().is_none());
        let database =
            read(r#"{"database_id":"a","endpoint":"h.example.com","port":"7000","rest_token":"t","state":null}"#);
        assert!(database.usable());
        assert_eq!(database.address().unwrap().expose_secret(), "rediss://default:t@h.example.com:7000");
        for (state, usable) in [("ACTIVE", true), ("passive", false), ("suspended", false), ("archived", false)] {
            let json = format!(r#"{{"database_id":"a","endpoint":"h","state":"{state}"}}"#);
            assert_eq!(read(&json).usable(), usable, "{state}");
        }
        for json in ["", "[]", "null", "{}", "\"x\"", r#"{"database_name":"x"}"#] {
            assert!(Database::read(json.as_bytes()).is_none(), "{json}");
        }
    }

    #[test]
    fn one_strange_entry_does_not_spoil_the_list() {
        let list = Database::read_all(br#"[{"database_id":"a"},null,7,{"database_name":"no id"},{"database_id":"b"}]"#);
        let ids: Vec<_> = list.unwrap().into_iter().map(|database| database.id).collect();
        assert_eq!(ids, ["a", "b"]);
        assert!(Database::read_all(b"null").unwrap().is_empty());
        assert!(Database::read_all(br#"{"error":"x"}"#).is_none());
        assert!(Database::read_all(b"<html>").is_none());
    }

    #[test]
    fn plans_in_words() {
        for (name, words) in
            [("free", "Free"), ("payg", "Pay as you go"), ("pro", "Fixed"), ("fixed_250mb", "Fixed 250mb")]
        {
            assert_eq!(Plan::read(Some(name.into())).in_words(), words);
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(json in "\\PC{0,80}", id in "\\PC{0,9}", endpoint in "\\PC{0,30}") {
            let _ = Database::read(json.as_bytes());
            let _ = Database::read_all(json.as_bytes());
            let made = serde_json::json!({"database_id": id, "endpoint": endpoint, "password": "x", "type": id, "state": id});
            if let Some(database) = Database::read(made.to_string().as_bytes()) {
                let _ = (database.address(), database.plan.in_words(), database.region_in_words());
            }
        }
    }
}
