//! What a text says of an address, piece by piece, before it is judged.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    cleaned::unquoted,
    code, command,
    role::{Named, Role, named},
};

/// Text that may hold a secret.
pub(super) type Secret = Zeroizing<String>;

/// Everything found. Has no `Debug`, as most of it is secret.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a clue by itself; they are no state")]
pub(super) struct Clues {
    /// `redis://` and `rediss://` addresses.
    pub(super) urls: Vec<Secret>,
    /// Hosts of REST addresses at Upstash.
    pub(super) rest: Vec<String>,
    /// Hosts by themselves, perhaps with a port.
    pub(super) hosts: Vec<String>,
    pub(super) port: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) token: Option<Secret>,
    pub(super) tls: Option<bool>,
    /// There is a token that may only read. It is not kept.
    pub(super) read_only: bool,
    /// There is the address of a page of Upstash's console.
    pub(super) console: bool,
    /// There is the address of another page.
    pub(super) page: bool,
    /// Somebody asked not to check the certificate.
    pub(super) insecure: bool,
    /// Words that are nothing of the above.
    pub(super) words: Vec<Secret>,
}

/// A value with its name.
pub(super) struct Pair {
    pub(super) named: Named,
    pub(super) value: Secret,
}

impl Clues {
    /// Looks through a cleaned text.
    pub(super) fn gather(text: &str) -> Self {
        let mut clues = Self::default();
        if text.starts_with(['{', '['])
            && let Ok(value) = serde_json::from_str(text)
        {
            let mut pairs = Vec::new();
            flatten(value, &mut pairs);
            for pair in pairs {
                clues.take(pair);
            }
            return clues;
        }
        let mut pairs = Vec::new();
        let mut waiting = None;
        for line in text.lines() {
            clues.line(line, &mut waiting, &mut pairs);
        }
        // Of a file with many settings, `PORT` may be anything's.
        let ours = pairs.iter().any(|pair| pair.named.ours) || !clues.urls.is_empty();
        for pair in pairs.into_iter().filter(|pair| pair.named.ours || !ours) {
            clues.take(pair);
        }
        clues
    }

    fn line(&mut self, line: &str, waiting: &mut Option<Named>, pairs: &mut Vec<Pair>) {
        if let Some(named) = waiting.take() {
            // A console's label stood alone in the line before.
            pairs.push(Pair { named, value: Zeroizing::new(unquoted(line).to_owned()) });
        } else if command::is_one(line) {
            command::read(line, self);
        } else if let Some(pair) = assignment(line) {
            if pair.value.is_empty() {
                *waiting = Some(pair.named);
            } else {
                pairs.push(pair);
            }
        } else {
            let before = pairs.len() + self.urls.len();
            let rest = code::take_urls(line, self);
            code::pairs(&rest, pairs);
            if before == pairs.len() + self.urls.len() {
                let words = rest.split_whitespace().map(|word| word.trim_matches(['"', '\'', '`', ',', ';']));
                self.words.extend(words.filter(|word| !word.is_empty()).map(|word| Zeroizing::new(word.to_owned())));
            }
        }
    }

    /// Keeps a value by what it is for.
    pub(super) fn take(&mut self, pair: Pair) {
        let Pair { named, value } = pair;
        if value.is_empty() {
            return;
        }
        if named.role == Role::ReadOnly {
            self.read_only = true;
            return;
        }
        if value.contains("://") {
            self.link(&value);
            return;
        }
        match named.role {
            Role::Url | Role::Host => self.host(value.to_string()),
            Role::Port => self.port = Some(value.trim_end_matches([',', ';']).to_owned()),
            Role::User => self.user = Some(value.to_string()),
            Role::Password => self.password = Some(value),
            Role::Token => self.token = Some(value),
            Role::Tls => {
                let word = value.trim_end_matches([',', ';']).to_ascii_lowercase();
                self.tls = Some(!matches!(word.as_str(), "false" | "0" | "no" | "off" | "disabled"));
            }
            Role::ReadOnly => {}
        }
    }

    pub(super) fn host(&mut self, host: String) {
        if !self.hosts.contains(&host) {
            self.hosts.push(host);
        }
    }

    /// Keeps an address by its scheme.
    pub(super) fn link(&mut self, url: &str) {
        let Some((scheme, rest)) = url.split_once("://") else { return };
        let scheme = scheme.to_ascii_lowercase();
        if matches!(scheme.as_str(), "redis" | "rediss") {
            if !self.urls.iter().any(|known| known.as_str() == url) {
                self.urls.push(Zeroizing::new(url.to_owned()));
            }
            return;
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if host.ends_with(".upstash.io") {
            if !self.rest.contains(&host) {
                self.rest.push(host);
            }
        } else if host == "upstash.com" || host.ends_with(".upstash.com") {
            self.console = true;
        } else {
            self.page = true;
        }
    }

    /// Nothing was found that could stand for an address.
    pub(super) fn is_only_words(&self) -> bool {
        let pieces = self.hosts.is_empty() && self.password.is_none() && self.token.is_none();
        pieces && self.urls.is_empty() && self.rest.is_empty() && !self.read_only && !self.console && !self.page
    }
}

/// A line of the form `NAME=value`, `Name: value` or `Name value`; a label alone has an empty value.
fn assignment(line: &str) -> Option<Pair> {
    let mut line = line;
    while let Some(rest) =
        ["export ", "set ", "setx ", "$env:", "- ", "-e ", "ENV "].iter().find_map(|p| line.strip_prefix(p))
    {
        line = rest.trim_start();
    }
    let (name, value) = match line.split_once(['=', ':', '\t']) {
        Some(parts) => parts,
        None => match line.split_once(' ') {
            Some((name, value)) if !value.trim().contains(' ') => (name, value),
            Some(_) if named(line).is_some() => (line, ""),
            Some(_) => return None,
            None => (line, ""),
        },
    };
    let named = named(name)?;
    let value = unquoted(value);
    // A call that an address is an argument of is read as code.
    let is_address = ["redis", "http"].iter().any(|scheme| value.to_ascii_lowercase().starts_with(scheme));
    if value.contains("://") && !is_address || value.contains('(') && value.contains(')') {
        return None;
    }
    Some(Pair { named, value: Zeroizing::new(value.to_owned()) })
}

fn flatten(value: Value, pairs: &mut Vec<Pair>) {
    match value {
        Value::Array(values) => values.into_iter().for_each(|value| flatten(value, pairs)),
        Value::Object(entries) => {
            for (name, value) in entries {
                match (named(&name), value) {
                    (Some(named), Value::String(text)) => pairs.push(Pair { named, value: Zeroizing::new(text) }),
                    (Some(named), Value::Number(number)) => {
                        pairs.push(Pair { named, value: Zeroizing::new(number.to_string()) });
                    }
                    (Some(named), Value::Bool(flag)) => {
                        pairs.push(Pair { named, value: Zeroizing::new(flag.to_string()) });
                    }
                    (None, nested @ (Value::Object(_) | Value::Array(_))) => flatten(nested, pairs),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
