//! Which repository. It must not ask whether there is one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// GitHub's own limits.
const LONGEST_OWNER: usize = 39;
const LONGEST_NAME: usize = 100;

/// A repository at GitHub, by owner and name. Two that differ in upper and lower case are the same one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    owner: String,
    name: String,
}

/// What was given names no repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is neither owner/name nor the address of a repository at github.com")]
pub struct NotARepository;

impl Repository {
    /// The account or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name there.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Repository {
    type Err = NotARepository;

    /// Reads `owner/name` or the address of the repository's page, and nothing else.
    fn from_str(text: &str) -> Result<Self, NotARepository> {
        let text = text.trim();
        let path = match text.split_at_checked("https://".len()) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https://") => on_github(rest).ok_or(NotARepository)?,
            _ => on_github(text).unwrap_or(text),
        };
        let (owner, name) = path.strip_suffix('/').unwrap_or(path).split_once('/').ok_or(NotARepository)?;
        let name = name.strip_suffix(".git").unwrap_or(name);
        let repository = Self { owner: owner.to_owned(), name: name.to_owned() };
        repository.acceptable().then_some(repository).ok_or(NotARepository)
    }
}

impl Repository {
    fn acceptable(&self) -> bool {
        let Self { owner, name } = self;
        let owner_letters = owner.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
        let name_letters = name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'));
        (1..=LONGEST_OWNER).contains(&owner.len())
            && (1..=LONGEST_NAME).contains(&name.len())
            && owner_letters
            && name_letters
            && !owner.starts_with('-')
            && !owner.ends_with('-')
            && !matches!(name.as_str(), "." | "..")
    }
}

fn on_github(text: &str) -> Option<&str> {
    let (host, path) = text.split_at_checked("github.com/".len())?;
    host.eq_ignore_ascii_case("github.com/").then_some(path)
}

impl PartialEq for Repository {
    fn eq(&self, other: &Self) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl Eq for Repository {}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl TryFrom<String> for Repository {
    type Error = NotARepository;

    fn try_from(text: String) -> Result<Self, NotARepository> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_name_the_same_repository() {
        let same = [
            "octo/post-box",
            " octo/post-box\n",
            "https://github.com/octo/post-box",
            "https://github.com/octo/post-box/",
            "https://github.com/octo/post-box.git",
            "HTTPS://GitHub.com/Octo/Post-Box",
            "github.com/octo/post-box",
        ];
        for text in same {
            assert_eq!(text.parse::<Repository>().unwrap(), "octo/post-box".parse().unwrap(), "{text}");
        }
        assert_eq!("octo_inc/.github".parse::<Repository>().unwrap().to_string(), "octo_inc/.github");
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("{}/x", "o".repeat(40));
        let bad = [
            "",
            "octo",
            "octo/",
            "/box",
            "octo/box/issues",
            "octo/..",
            "octo/.",
            "octo/.git",
            "-octo/box",
            "octo-/box",
            "octo/b x",
            "octo/box?x=1",
            "octo/box#1",
            "octo/bôx",
            "http://github.com/octo/box",
            "https://github.com.example.com/octo/box",
            "https://example.com/octo/box",
            "https://me@github.com/octo/box",
            "https://github.com:1/octo/box",
            "git@github.com:octo/box.git",
            "https://github.com/octo",
            &long,
        ];
        for text in bad {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_reads_the_same_again(text in ".{0,60}") {
            if let Ok(repository) = text.parse::<Repository>() {
                prop_assert_eq!(repository.to_string().parse::<Repository>().unwrap(), repository);
            }
        }
    }
}
