//! The login of the Developer API as one item, so that a person is asked once.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// A login of the Developer API.
#[derive(Clone, Debug)]
pub struct Login {
    /// Whose.
    pub email: String,
    /// The key, which may do everything in the account.
    pub key: SecretString,
}

#[derive(Serialize, Deserialize)]
struct Written<T> {
    email: T,
    key: T,
}

impl Login {
    /// In one line, as a keychain keeps it.
    pub(crate) fn written(&self) -> SecretString {
        let written = Written { email: self.email.as_str(), key: self.key.expose_secret() };
        // Two strings always become JSON.
        let line = Zeroizing::new(serde_json::to_string(&written).unwrap_or_default());
        SecretString::from(line.as_str())
    }

    /// Reads it again; `None` where it is no login.
    pub(crate) fn read(line: &SecretString) -> Option<Self> {
        let Written { email, mut key } = serde_json::from_str::<Written<String>>(line.expose_secret()).ok()?;
        let login = Self { email, key: SecretString::from(key.as_str()) };
        key.zeroize();
        Some(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_one_line_and_comes_back() {
        let login = Login { email: "o\"neil@example.com".into(), key: "a\\b\nc".into() };
        let line = login.written();
        assert!(!line.expose_secret().contains('\n'));
        let read = Login::read(&line).unwrap();
        assert_eq!((read.email, read.key.expose_secret()), (login.email, "a\\b\nc"));
        assert!(Login::read(&SecretString::from("rediss://x")).is_none());
    }
}
