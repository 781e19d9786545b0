//! Looking at a repository and a token before they are used. It must not leave anything behind there.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;
use url::Url;

use super::{
    Repository, Tuning,
    error::MailboxError,
    wire::{Answer, Ask, Wire},
};
use crate::{text, trouble::Trouble};

/// What a repository and a token are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Inspection {
    /// Whose token it is.
    pub login: String,
    /// What kind of token.
    pub token: TokenKind,
    /// Only those whom its owner names can read the repository.
    pub private: bool,
    /// The token may read issues.
    pub reads: bool,
    /// The token may write issues.
    pub writes: bool,
    /// What a person should know, the gravest first; empty where all is as it should be.
    pub findings: Vec<Finding>,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// For single repositories and permissions.
    FineGrained,
    /// For everything that its owner may do, within its scopes.
    Classic,
}

/// Something a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Finding {
    /// For deciding.
    pub kind: FindingKind,
    /// What it is, and what follows.
    pub words: String,
}

/// What a person should know of a repository or a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The repository has no issues: nothing works.
    NoIssues,
    /// The repository is archived: nothing can be written.
    Archived,
    /// The token may not read issues.
    CannotRead,
    /// The token may not write issues.
    CannotWrite,
    /// Everybody can read the repository.
    Public,
    /// The token reaches other repositories as well.
    ReachesFurther,
    /// The token may do more than needed in this one.
    MayMore,
}

impl FindingKind {
    /// Does the mailbox not work like that?
    pub const fn forbids(self) -> bool {
        matches!(self, Self::NoIssues | Self::Archived | Self::CannotRead | Self::CannotWrite)
    }
}

impl Inspection {
    /// Can the mailbox work like that?
    pub fn usable(&self) -> bool {
        self.findings.iter().all(|finding| !finding.kind.forbids())
    }
}

/// What GitHub says of a repository, as far as it matters.
#[derive(Deserialize)]
struct Details {
    private: bool,
    #[serde(default = "yes")]
    has_issues: bool,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

/// Looks at them with a handful of requests. What stands in the way altogether is the trouble: a token that is refused,
/// a repository that the token is not shown.
pub async fn inspect(
    api: &Url,
    repository: &Repository,
    token: &SecretString,
    tuning: &Tuning,
) -> Result<Inspection, Trouble> {
    look(api, repository, token, tuning).await.map_err(|error| error.trouble())
}

async fn look(
    api: &Url,
    repository: &Repository,
    token: &SecretString,
    tuning: &Tuning,
) -> Result<Inspection, MailboxError> {
    let wire = Wire::new(api, repository, token, tuning).await?;
    let user = wire.send(Ask::get(&["user"]).at_the_root()).await.1?;
    let account: Account = user.json()?;
    let details: Details = wire.send(Ask::get(&[])).await.1?.json()?;
    let reads = allowed(wire.send(Ask::get(&["issues"]).with("per_page", &1)).await.1)?;
    // An issue without a title is never made; but whether the token may make one is looked at first.
    let writes = allowed(wire.send(Ask::post(&["issues"], json!({}))).await.1)?;
    // The `permissions` of a repository are its owner's and not the token's; what was not needed shows when asked for.
    let code = details.private && allowed(wire.send(Ask::get(&["contents", ""])).await.1)?;
    let scopes = user.told.scopes.as_deref();
    Ok(Inspection {
        login: text::line(&account.login, 64),
        token: if scopes.is_some() { TokenKind::Classic } else { TokenKind::FineGrained },
        private: details.private,
        reads,
        writes,
        findings: findings(&details, scopes, Rights { reads, writes, code }),
    })
}

fn allowed(answer: Result<Answer, MailboxError>) -> Result<bool, MailboxError> {
    match answer {
        Ok(_) | Err(MailboxError::Refused { .. }) => Ok(true),
        Err(MailboxError::Forbidden | MailboxError::NotFound | MailboxError::Gone) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the token may do.
#[derive(Clone, Copy)]
struct Rights {
    reads: bool,
    writes: bool,
    /// It may read what else is in the repository.
    code: bool,
}

fn findings(details: &Details, scopes: Option<&str>, rights: Rights) -> Vec<Finding> {
    use FindingKind as K;
    let mut found = Vec::new();
    let mut note = |kind, words: &str| found.push(Finding { kind, words: words.to_owned() });
    if !details.has_issues {
        note(K::NoIssues, "Issues are turned off in this repository. Turn them on under Settings, General, Features.");
    } else if details.archived {
        note(K::Archived, "This repository is archived, so nothing can be written there. Choose another.");
    } else if !rights.reads {
        note(K::CannotRead, "This token may not read the repository’s issues. Give it Issues: Read and write.");
    } else if !rights.writes {
        note(
            K::CannotWrite,
            "This token may read the repository’s issues and not write them. Give it Issues: Read and write.",
        );
    }
    if !details.private {
        note(
            K::Public,
            "Everybody can read this repository: every message left there, with everything in it, and for good, since \
             others may keep copies. Make it private, or choose a private one.",
        );
    }
    if let Some(scopes) = scopes {
        let words = if scopes.trim().is_empty() {
            "This is a classic token. A fine-grained one for this repository alone does.".to_owned()
        } else {
            let scopes = text::line(scopes, 200);
            format!(
                "This is a classic token (scopes: {scopes}), which reaches every repository of its owner’s. A \
                 fine-grained one for this repository alone, with Issues: Read and write, is all that is needed."
            )
        };
        note(K::ReachesFurther, &words);
    } else if rights.code {
        note(
            K::MayMore,
            "This token may do more than needed in this repository: it reads the code there. Issues: Read and write is \
             all that is needed.",
        );
    }
    found
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn kinds(details: &str, scopes: Option<&str>, (reads, writes, code): (bool, bool, bool)) -> Vec<FindingKind> {
        let details = serde_json::from_str(details).unwrap();
        let found = findings(&details, scopes, Rights { reads, writes, code });
        found.into_iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn each_flaw_is_found() {
        use FindingKind as K;
        let good = r#"{"private":true}"#;
        assert_eq!(kinds(good, None, (true, true, false)), []);
        assert_eq!(kinds(good, None, (false, false, false)), [K::CannotRead]);
        assert_eq!(kinds(good, None, (true, false, false)), [K::CannotWrite]);
        assert_eq!(kinds(good, Some("repo, gist"), (true, true, true)), [K::ReachesFurther]);
        assert_eq!(kinds(good, None, (true, true, true)), [K::MayMore]);
        let public = r#"{"private":false,"has_issues":false}"#;
        assert_eq!(kinds(public, None, (false, false, false)), [K::NoIssues, K::Public]);
        assert_eq!(kinds(r#"{"private":true,"archived":true}"#, None, (true, false, false)), [K::Archived]);
        assert!(K::NoIssues.forbids() && !K::Public.forbids() && !K::MayMore.forbids());
    }
}
