//! The users of a database's access control list and their tokens, changed over a short connection as `default`.
//!
//! It must not touch `default`, must never take all tokens from a user nor delete one that somebody uses, and no error
//! holds what the server said: that may repeat a token.

mod line;
mod spare;
mod trial;

use std::path::PathBuf;

use redis::Value;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};

use self::line::Line;
pub(crate) use self::trial::{Trial, tried};
use crate::{
    link::{
        Address,
        fault::{Failure, Meaning, classify, meaning},
    },
    trouble::{Trouble, TroubleCode},
    usage::Meter,
};

/// The user who may change the others.
pub(crate) const DEFAULT: &str = "default";

/// Why a user was not changed, or not looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsersError {
    /// Nobody answered, or not to the end: it may have been done or not.
    #[error("{0}")]
    NoAnswer(Trouble),
    /// The password of `default` is refused.
    #[error("the password of default is refused")]
    Password,
    /// This is not `default`.
    #[error("this is the address of another user than default")]
    NotDefault,
    /// There are no users beside `default` in this database.
    #[error("this database has no users beside default")]
    NoList,
    /// The server does not take what was asked.
    #[error("the database refuses to change its users like this")]
    Refused,
    /// The rights do not do.
    #[error("a user with these rights may not do what an agent must: {0}")]
    Rights(String),
    /// The answer makes no sense.
    #[error("the database’s answer about its users cannot be read")]
    Unreadable,
}

impl UsersError {
    /// The same for a person.
    pub(crate) fn trouble(&self) -> Trouble {
        let remedy = match self {
            Self::NoAnswer(trouble) => return trouble.clone(),
            Self::Password | Self::NotDefault => {
                "Copy the address of the user default from the Upstash console once more."
            }
            Self::NoList => "Users come with a paid plan. The database’s one key can be changed all the same.",
            Self::Refused | Self::Rights(_) | Self::Unreadable => "Nothing was changed. The key in use still works.",
        };
        let code = if *self == Self::Password { TroubleCode::PasswordRefused } else { TroubleCode::NotPossible };
        Trouble::new(code, format!("{}.", crate::text::capital(&self.to_string())), remedy)
    }
}

/// A connection as `default`. Dropping it closes it.
pub(crate) struct Users {
    line: Line,
    address: Address,
}

impl Users {
    /// Logs in, and sees that it is as `default`.
    pub(crate) async fn open(
        address: &Address,
        authorities: Option<PathBuf>,
        meter: &Meter,
    ) -> Result<Self, UsersError> {
        let line = Line::open(address, authorities, meter).await.map_err(|failure| failed(&failure, address))?;
        let mut users = Self { line, address: address.clone() };
        match users.ask(&["ACL", "WHOAMI"]).await? {
            Some(answer) => match text(&answer) {
                Some(DEFAULT) => Ok(users),
                Some(_) => Err(UsersError::NotDefault),
                None => Err(UsersError::Unreadable),
            },
            None => Err(UsersError::NoList),
        }
    }

    /// Makes a token for a user, who need not be there yet. It is of no use before it is [given](Users::set) to him.
    pub(crate) async fn token(&mut self, user: &str) -> Result<SecretString, UsersError> {
        match self.ask(&["ACL", "GENTOKEN", user]).await? {
            Some(answer) => text(&answer).map(SecretString::from).ok_or(UsersError::Unreadable),
            None => Err(UsersError::NoList),
        }
    }

    /// Gives a user these rules, and lets him in with this token beside those that he has.
    pub(crate) async fn set(&mut self, user: &str, rules: &[String], token: &SecretString) -> Result<(), UsersError> {
        let token = zeroize::Zeroizing::new(format!(">{}", token.expose_secret()));
        let mut words = vec!["ACL", "SETUSER", user];
        words.extend(rules.iter().map(String::as_str));
        words.push(&token);
        self.done(&words).await
    }

    /// The SHA-256 of each token that a user has; nothing where there is no such user.
    pub(crate) async fn tokens(&mut self, user: &str) -> Result<Option<Vec<String>>, UsersError> {
        match self.ask(&["ACL", "GETUSER", user]).await? {
            Some(Value::Nil) => Ok(None),
            Some(facts) => passwords(&facts).map(Some).ok_or(UsersError::Unreadable),
            None => Err(UsersError::Refused),
        }
    }

    /// Takes tokens from a user, by their SHA-256. `true` where there were any.
    pub(crate) async fn remove(&mut self, user: &str, tokens: &[String]) -> Result<bool, UsersError> {
        if tokens.is_empty() {
            return Ok(false);
        }
        let rules: Vec<_> = tokens.iter().map(|hash| format!("!{hash}")).collect();
        let mut words = vec!["ACL", "SETUSER", user];
        words.extend(rules.iter().map(String::as_str));
        self.done(&words).await.map(|()| true)
    }

    async fn done(&mut self, words: &[&str]) -> Result<(), UsersError> {
        match self.ask(words).await? {
            Some(Value::Okay) => Ok(()),
            _ => Err(UsersError::Refused),
        }
    }

    /// Nothing where the server refuses; what it says stays here.
    async fn ask(&mut self, words: &[&str]) -> Result<Option<Value>, UsersError> {
        match self.line.ask(words).await {
            Ok(Ok(value)) => Ok(Some(value)),
            Ok(Err(text)) if meaning(&text) == Meaning::Password => Err(UsersError::Password),
            Ok(Err(_)) => Ok(None),
            Err(failure) => Err(failed(&failure, &self.address)),
        }
    }
}

fn failed(failure: &Failure, address: &Address) -> UsersError {
    let trouble = classify(failure, address).trouble;
    if trouble.code == TroubleCode::PasswordRefused { UsersError::Password } else { UsersError::NoAnswer(trouble) }
}

/// A token as the server lists it.
pub(crate) fn hash(token: &SecretString) -> String {
    let digest = digest(&SHA256, token.expose_secret().as_bytes());
    let halves = digest.as_ref().as_chunks::<16>().0.iter().map(|half| u128::from_be_bytes(*half));
    halves.map(|half| format!("{half:032x}")).collect::<Vec<_>>().concat()
}

/// The field `passwords` of an answer to `ACL GETUSER`, in either version of Redis's language.
fn passwords(facts: &Value) -> Option<Vec<String>> {
    let found = match facts {
        Value::Map(pairs) => pairs.iter().find(|(name, _)| text(name) == Some("passwords")).map(|(_, value)| value),
        Value::Array(items) => {
            items.chunks_exact(2).find(|pair| text(&pair[0]) == Some("passwords")).map(|pair| &pair[1])
        }
        _ => None,
    };
    match found? {
        Value::Array(hashes) | Value::Set(hashes) => hashes.iter().map(|hash| text(hash).map(str::to_owned)).collect(),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
