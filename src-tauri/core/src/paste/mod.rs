//! The paste box: whatever somebody copied from a console, a terminal, a file or a program, as the one address in it.
//!
//! Text becomes [`clues`], clues become one address or the reason why not. What is an address in the end is decided
//! by [`crate::link::Address`] alone. It must not ask the network, keep anything, or repeat a secret: not in a view,
//! a note, a trouble or a `Debug`.

mod cleaned;
mod clues;
mod code;
mod command;
mod loose;
mod placeholder;
mod resolve;
mod role;
mod url;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use self::clues::Clues;
use crate::{
    guide::{AddressView, Understanding},
    link::{Address, UNENCRYPTED},
    trouble::Trouble,
};

/// Nothing that holds one address is longer, in bytes.
const LONGEST_TEXT: usize = 64 * 1024;

/// The longest address that is kept, in bytes: keychains differ in what they take, and this fits in all of them.
pub const LONGEST_ADDRESS: usize = 1_200;

/// What became of a pasted text: what may be shown of it, and the address itself.
pub struct Pasted {
    understanding: Understanding,
    url: Option<SecretString>,
}

impl Pasted {
    /// What may be shown.
    pub fn understanding(&self) -> &Understanding {
        &self.understanding
    }

    /// The address, in one line of ASCII below [`LONGEST_ADDRESS`], as [`Address::parse`] reads it and a keychain
    /// keeps it. Fails with the reason where there is none, and where it needs a deliberate yes that was not given.
    pub fn address(self) -> Result<SecretString, Trouble> {
        let Understanding { trouble, consent, .. } = self.understanding;
        match (self.url, trouble) {
            (Some(url), None) => Ok(url),
            (_, Some(trouble)) => Err(trouble),
            (None, None) if consent.is_some() => Err(words::not_agreed()),
            (None, None) => Err(words::nothing()),
        }
    }

    fn refused(trouble: Trouble) -> Self {
        Self { understanding: Understanding { trouble: Some(trouble), ..nothing_said() }, url: None }
    }
}

impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pasted").field("understanding", &self.understanding).finish_non_exhaustive()
    }
}

impl From<&Address> for AddressView {
    fn from(address: &Address) -> Self {
        let password = address.password().is_some();
        Self {
            host: address.host.clone(),
            port: address.port,
            // Without a password beside it, what stands in the user's place is as likely a token.
            user: address.user.clone().filter(|user| password && user != "default"),
            tls: address.tls,
            password,
        }
    }
}

/// What is in a pasted text. `consent`: the person has agreed to what [`Understanding::consent`] says.
///
/// An empty text is nothing, and no trouble.
pub fn understand(text: &SecretString, consent: bool) -> Pasted {
    let text = text.expose_secret();
    if text.len() > LONGEST_TEXT {
        return Pasted::refused(words::too_much());
    }
    let text = cleaned::cleaned(text);
    if text.is_empty() {
        return Pasted { understanding: nothing_said(), url: None };
    }
    resolve::resolve(Clues::gather(&text), consent)
}

/// The same address, encrypted; `None` where it is none.
pub fn with_tls(url: &SecretString) -> Option<SecretString> {
    let text = url.expose_secret().trim();
    let (scheme, rest) = text.split_once("://")?;
    let rest = Zeroizing::new(rest.strip_suffix(UNENCRYPTED).unwrap_or(rest).to_owned());
    let encrypted = Zeroizing::new(format!("rediss://{}", &*rest));
    let known = scheme.eq_ignore_ascii_case("redis") || scheme.eq_ignore_ascii_case("rediss");
    known.then(|| SecretString::from(encrypted.as_str()))
}

fn nothing_said() -> Understanding {
    Understanding { address: None, notes: Vec::new(), trouble: None, consent: None }
}
