//! Fingerprints of secrets: enough to tell whether two are the same, and of no use to anybody else.

use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// The name under which the key is kept.
pub(crate) const KEPT: &str = "fingerprint_key";

/// The key of all fingerprints. It is kept in the store: with it a guess can be checked, and nothing be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprints {
    key: [u8; 32],
}

impl Fingerprints {
    /// With a new key; `None` where the system gives no chance.
    pub(crate) fn new() -> Option<Self> {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).ok()?;
        Some(Self { key })
    }

    /// Eight characters.
    pub(crate) fn of(&self, secret: &SecretString) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key);
        let tag = hmac::sign(&key, secret.expose_secret().as_bytes());
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| tag.as_ref()[place]);
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_for_the_same_secret_and_key_alone() {
        let (one, other) = (Fingerprints::new().unwrap(), Fingerprints::new().unwrap());
        let secret = SecretString::from("SECRET");
        let kept: Fingerprints = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        assert_eq!((one.of(&secret), one.of(&secret).len()), (kept.of(&secret), 8));
        assert_ne!(one.of(&secret), other.of(&secret));
        assert_ne!(one.of(&secret), one.of(&SecretString::from("secret")));
    }
}
