//! The tokens that were made, and for whom.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use secrecy::{ExposeSecret, SecretString};

/// More than any test makes. Full: the oldest is forgotten, and accepted no more.
const LIMIT: usize = 1_000;

/// Users and their tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<VecDeque<(Vec<u8>, SecretString)>>);

impl Tokens {
    pub(super) fn remember(&self, user: Vec<u8>, token: SecretString) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == LIMIT {
            known.pop_front();
        }
        known.push_back((user, token));
    }

    /// Was it made for this user?
    pub(super) fn know(&self, user: &[u8], token: &[u8]) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|(whose, made)| whose == user && made.expose_secret().as_bytes() == token)
    }
}
