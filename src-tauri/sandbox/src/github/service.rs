//! The service: who may ask, what there is, and how much may be asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{entrance::SeenLately, fault::Fault, limits::Limits, repository::Repository};
use crate::manners::Manners;

pub(super) const OWNER: &str = "newcomer";
pub(super) const OTHER: &str = "newcomers-agent";
pub(super) const REPOSITORY: &str = "newcomer/mailbox";
pub(super) const REPOSITORY_NAME: &str = "mailbox";
pub(super) const REPOSITORY_ID: u64 = 912_345_678;

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Fine-grained: reads and writes the issues of the repository.
    Write,
    /// Fine-grained: reads the issues of the repository.
    Read,
    /// Fine-grained, for another repository: this one it cannot see while it is private.
    Elsewhere,
    /// Classic, with the scope `repo`.
    Classic,
}

/// Somebody's key.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) login: &'static str,
    pub(super) access: Access,
    secret: SecretString,
}

/// All there is.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) url: String,
    pub(super) manners: Manners<Fault>,
    pub(super) limits: Limits,
    pub(super) seen: SeenLately,
    pub(super) stop: CancellationToken,
    repository: Mutex<Repository>,
    tokens: [Token; 5],
}

impl Service {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            manners: Manners::default(),
            limits: Limits::default(),
            seen: SeenLately::default(),
            stop: CancellationToken::new(),
            repository: Mutex::new(Repository::new()),
            tokens: [
                Token::new(OWNER, Access::Write),
                Token::new(OWNER, Access::Read),
                Token::new(OWNER, Access::Elsewhere),
                Token::new(OWNER, Access::Classic),
                Token::new(OTHER, Access::Write),
            ],
        }
    }

    pub(super) fn repository(&self) -> MutexGuard<'_, Repository> {
        self.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn token(&self, login: &str, access: Access) -> &SecretString {
        let wanted = |token: &&Token| token.login == login && token.access == access;
        // Every pair that is asked for is in the table; the first stands in for one that is not.
        &self.tokens.iter().find(wanted).unwrap_or(&self.tokens[0]).secret
    }

    /// Whose token stands in an `authorization`; both words before it are understood.
    pub(super) fn who(&self, authorization: &str) -> Option<&Token> {
        let (scheme, told) = authorization.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("token") {
            return None;
        }
        self.tokens.iter().find(|token| token.secret.expose_secret() == told.trim())
    }
}

impl Token {
    fn new(login: &'static str, access: Access) -> Self {
        let letters = || Uuid::new_v4().simple().to_string();
        let secret = match access {
            Access::Classic => format!("ghp_{}{}", letters(), &letters()[..4]),
            _ => format!("github_pat_{}_{}{}", &letters()[..22], letters(), &letters()[..27]),
        };
        Self { login, access, secret: secret.into() }
    }

    /// Is the repository there for this token?
    pub(super) fn sees(&self, private: bool) -> bool {
        !private || self.access != Access::Elsewhere
    }

    pub(super) fn writes(&self) -> bool {
        matches!(self.access, Access::Write | Access::Classic)
    }
}
