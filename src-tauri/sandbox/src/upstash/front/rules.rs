//! The service's rules for `ACL`, as far as its documents tell them; the words of refusals are ours.
//!
//! No refusal repeats what it refuses: it may be a secret.

use super::{resp, tokens::Tokens};

/// The error for a rule that nobody could mean. The server says whether the user may set rules at all, and then that
/// it does not understand.
const NO_RULE: &[u8] = b"?";

/// What becomes of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Treated {
    /// What the server gets; nothing where it gets what came.
    pub(super) instead: Option<Vec<u8>>,
    pub(super) expect: Expect,
}

/// What is done with the server's answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// It passes.
    Answer,
    /// Confirmations come, or one answer.
    Confirmations,
    /// It is a new token for this user.
    Token(Vec<u8>),
    /// This refusal takes its place, unless the user may not even ask.
    Refusal(&'static str),
}

/// What becomes of the command of these words.
pub(super) fn treat(words: &[&[u8]], tokens: &Tokens) -> Treated {
    let word = |index: usize| words.get(index).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let name = word(0);
    if name.ends_with(b"SUBSCRIBE") {
        return Treated { instead: None, expect: Expect::Confirmations };
    }
    if name != b"ACL" {
        return Treated::as_it_is();
    }
    match (word(1).as_slice(), words) {
        (b"GENTOKEN", [_, _, user] | [_, _, user, _]) => {
            let expect = Expect::Token(user.to_vec());
            Treated { instead: Some(resp::encode(&[b"ACL", b"GENPASS"])), expect }
        }
        (b"GENTOKEN", _) => Treated::refused("ERR wrong number of arguments for 'acl|gentoken' command"),
        (b"SETUSER", [_, _, user, rules @ ..]) => match refusal(user, rules, tokens) {
            Some(refusal) => Treated::refused(refusal),
            None => Treated::as_it_is(),
        },
        (b"LOG", [_, _, count]) if count.eq_ignore_ascii_case(b"reset") => Treated::as_it_is(),
        (b"LOG", [_, _] | [_, _, _]) => {
            Treated { instead: Some(resp::encode(&[b"ACL", b"LOG", b"0"])), expect: Expect::Answer }
        }
        _ => Treated::as_it_is(),
    }
}

/// Why these rules are not set for this user.
fn refusal(user: &[u8], rules: &[&[u8]], tokens: &Tokens) -> Option<&'static str> {
    if user == b"default" {
        return Some("ERR the 'default' user cannot be modified");
    }
    rules.iter().find_map(|rule| match rule.first()? {
        b'>' if !tokens.know(user, &rule[1..]) => {
            Some("ERR Error in ACL SETUSER modifier '>': only tokens made by ACL GENTOKEN for this user are accepted")
        }
        b'#' => Some("ERR Error in ACL SETUSER modifier '#': password hashes are not supported"),
        b'n' | b'N' if rule.eq_ignore_ascii_case(b"nopass") => {
            Some("ERR Error in ACL SETUSER modifier 'nopass': not supported")
        }
        b'+' | b'-' | b'(' if rule.contains(&b'|') => {
            Some("ERR Error in ACL SETUSER modifier: rules for subcommands are not supported")
        }
        _ => None,
    })
}

impl Treated {
    fn as_it_is() -> Self {
        Self { instead: None, expect: Expect::Answer }
    }

    fn refused(refusal: &'static str) -> Self {
        let instead = resp::encode(&[b"ACL", b"SETUSER", b"nobody", NO_RULE]);
        Self { instead: Some(instead), expect: Expect::Refusal(refusal) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn treated(line: &str, tokens: &Tokens) -> Treated {
        treat(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>(), tokens)
    }

    #[test]
    fn only_what_the_service_refuses_is_refused() {
        let tokens = Tokens::default();
        tokens.remember(b"chad".to_vec(), "made".to_owned().into());
        let refused = [
            "ACL SETUSER default on",
            "ACL SETUSER chad on >invented",
            "ACL SETUSER helios >made",
            "acl setuser chad >made #hash",
            "ACL SETUSER chad NOPASS",
            "ACL SETUSER chad +client|list",
            "ACL SETUSER chad (+config|get)",
            "ACL GENTOKEN",
        ];
        for line in refused {
            assert!(matches!(treated(line, &tokens).expect, Expect::Refusal(_)), "{line}");
        }
        let passed = [
            "ACL SETUSER chad on >made resetchannels &helios→chad -@all +publish",
            "ACL SETUSER chad resetpass",
            "ACL SETUSER chad <made !hash",
            "ACL DELUSER chad",
            "ACL LOG RESET",
            "SET a nopass",
        ];
        for line in passed {
            assert_eq!(treated(line, &tokens), Treated::as_it_is(), "{line}");
        }
    }
}
