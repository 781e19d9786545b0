//! A comment as GitHub gives it, and the letter made of it: the one place that says whom to trust.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::block;
use crate::message::{self, Millis, Names};

/// A comment on any issue of the repository. What is not named here is not read.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    /// Ends in the issue's number.
    issue_url: String,
    /// Absent where the account is gone.
    user: Option<User>,
    body: Option<String>,
    #[serde(deserialize_with = "time")]
    pub(super) created_at: Timestamp,
    #[serde(deserialize_with = "time")]
    pub(super) updated_at: Timestamp,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    login: String,
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// A message that was left in the mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// On which channel.
    pub channel: String,
    /// The bytes of the fenced block, whatever they are; the whole comment where it is not trusted.
    pub payload: Vec<u8>,
    /// Who wrote the comment, as GitHub says; empty where the account is gone.
    pub login: String,
    /// The comment's number.
    pub comment: u64,
    /// When it was written, by GitHub's clock.
    pub created_at: Millis,
    /// Whether it may be taken for a message.
    pub trust: Trust,
}

/// Whether a letter may be taken for a message, and if not, why. What is not trusted is shown and never acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// By an account that the person allowed, unchanged, with one block.
    Trusted,
    /// By another account.
    NotAllowed,
    /// Changed after it was written: GitHub does not say by whom.
    Edited,
    /// Without exactly one fenced block of JSON.
    NoBlock,
}

impl Comment {
    /// The number of the issue it stands under.
    pub(super) fn issue(&self) -> Option<u64> {
        self.issue_url.rsplit('/').next()?.parse().ok()
    }

    pub(super) fn edited(&self) -> bool {
        self.created_at != self.updated_at
    }

    pub(super) fn login(&self) -> &str {
        self.user.as_ref().map_or("", |user| &user.login)
    }

    /// What stands in its block, if it has exactly one.
    pub(super) fn block(&self) -> Option<&str> {
        block::read(self.body.as_deref().unwrap_or_default())
    }

    /// The letter that this comment is on that channel; `None` where it is one of our own.
    pub(super) fn letter(&self, channel: &str, allowed: &[String], names: &Names) -> Option<Letter> {
        let block = self.block();
        let trust = if !allowed.iter().any(|login| login.eq_ignore_ascii_case(self.login())) {
            Trust::NotAllowed
        } else if self.edited() {
            Trust::Edited
        } else if block.is_none() {
            Trust::NoBlock
        } else {
            Trust::Trusted
        };
        let text = match trust {
            Trust::Trusted => block.unwrap_or_default(),
            _ => self.body.as_deref().unwrap_or_default(),
        };
        // Both agents may write with the same account, so that its name does not tell.
        let ours = trust == Trust::Trusted && message::read("", text.as_bytes()).from == names.me;
        (!ours).then(|| Letter {
            channel: channel.to_owned(),
            payload: text.as_bytes().to_vec(),
            login: self.login().to_owned(),
            comment: self.id,
            created_at: self.created_at.as_millisecond(),
            trust,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// A comment made of what matters in it; the times are seconds since 1970.
    pub(in crate::mailbox) fn comment(id: u64, issue: u64, login: &str, times: (i64, i64), body: &str) -> Comment {
        let time = |seconds| Timestamp::from_second(seconds).unwrap().to_string();
        let value = json!({
            "id": id,
            "issue_url": format!("https://api.github.com/repos/octo/box/issues/{issue}"),
            "user": {"login": login, "id": 1},
            "created_at": time(times.0),
            "updated_at": time(times.1),
            "body": body,
        });
        serde_json::from_value(value).unwrap()
    }

    fn letter(login: &str, updated: i64, body: &str) -> Option<Letter> {
        let names = Names { me: "chad".into(), peers: vec!["helios".into()] };
        comment(7, 3, login, (100, updated), body).letter("broadcast", &["Helios-Bot".into()], &names)
    }

    #[test]
    fn trust_needs_the_account_the_first_version_and_one_block() {
        let good = "```json\n{\"from\":\"helios\"}\n```";
        let rows = [
            ("helios-bot", 100, good, Trust::Trusted),
            ("mallory", 100, good, Trust::NotAllowed),
            ("", 100, good, Trust::NotAllowed),
            ("helios-bot", 101, good, Trust::Edited),
            ("helios-bot", 100, "{\"from\":\"helios\"}", Trust::NoBlock),
            ("helios-bot", 100, "```json\nnot json\n```", Trust::Trusted),
        ];
        for (login, updated, body, trust) in rows {
            let letter = letter(login, updated, body).unwrap();
            assert_eq!(letter.trust, trust, "{login} {updated} {body}");
            let whole = letter.payload == body.as_bytes();
            assert_eq!(whole, trust != Trust::Trusted);
        }
    }

    #[test]
    fn our_own_words_are_not_heard_and_nobody_else_can_hide_behind_them() {
        let ours = "```json\n{\"from\":\"chad\"}\n```";
        assert_eq!(letter("helios-bot", 100, ours), None);
        assert_eq!(letter("mallory", 100, ours).unwrap().trust, Trust::NotAllowed);
    }

    #[test]
    fn what_github_leaves_out_breaks_nothing() {
        let value = json!({"id": 1, "issue_url": "x/issues/12", "user": null, "body": null,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"});
        let comment: Comment = serde_json::from_value(value).unwrap();
        assert_eq!((comment.issue(), comment.login(), comment.block()), (Some(12), "", None));
    }
}
