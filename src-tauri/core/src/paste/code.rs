//! Addresses and values inside a line of a program: `redis.from_url("…")`, `Redis(host="…", port=6379)`.

use zeroize::Zeroizing;

use super::{
    clues::{Clues, Pair, Secret},
    role::{Role, named},
};

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// Hands every address in the line over, and gives the line without them.
pub(super) fn take_urls(line: &str, clues: &mut Clues) -> Secret {
    let mut rest = Zeroizing::new(String::with_capacity(line.len()));
    let mut from = 0;
    while let Some(at) = line[from..].find("://").map(|at| from + at) {
        let scheme =
            line[from..at].chars().rev().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'));
        let start = at - scheme.map(char::len_utf8).sum::<usize>();
        let end = end_of(line, start, at);
        rest.push_str(&line[from..start]);
        rest.push(' ');
        let before = line[..start].trim_end_matches(QUOTES).trim_end();
        let name = before.strip_suffix([':', '=']).map_or("", trailing_name);
        if named(name).is_some_and(|named| named.role == Role::ReadOnly) {
            clues.read_only = true;
        } else {
            clues.link(&line[start..end]);
        }
        from = end;
    }
    rest.push_str(&line[from..]);
    rest
}

/// Where the address that begins at `start` ends: at its quote, or at white space.
fn end_of(line: &str, start: usize, at: usize) -> usize {
    let closing = match line[..start].chars().next_back() {
        Some(quote) if QUOTES.contains(&quote) => line[at..].find(quote),
        Some('<') if line[at..].ends_with('>') => Some(line.len() - 1 - at),
        _ => None,
    };
    if let Some(length) = closing {
        return at + length;
    }
    let end = line[at..].find(char::is_whitespace).map_or(line.len(), |length| at + length);
    // An address ends in a host, a port or a number: none of these belongs to it.
    at + line[at..end].trim_end_matches([')', ',', ';', '"', '\'', '`']).len()
}

/// Adds every `name: "value"` and `name=value` of the line that has a role.
pub(super) fn pairs(line: &str, pairs: &mut Vec<Pair>) {
    let mut from = 0;
    while let Some(at) = line[from..].find([':', '=']).map(|at| from + at) {
        let after = &line[at + 1..];
        let value = after.trim_start();
        let start = at + 1 + (after.len() - value.len());
        let (value, end) = match value.chars().next() {
            Some(quote) if QUOTES.contains(&quote) => {
                let inside = &value[1..];
                let length = inside.find(quote).unwrap_or(inside.len());
                (&inside[..length], start + 1 + length)
            }
            _ => {
                let length = value.find([',', ')', '}', ';', ' ']).unwrap_or(value.len());
                (&value[..length], start + length)
            }
        };
        let Some(named) = named(trailing_name(&line[from..at])) else {
            from = at + 1;
            continue;
        };
        if !value.is_empty() {
            pairs.push(Pair { named, value: Zeroizing::new(value.to_owned()) });
        }
        from = end.max(at + 1);
    }
}

fn trailing_name(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches(QUOTES);
    let length = text.chars().rev().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count();
    &text[text.len() - length..]
}
