//! What is on this computer already and can be offered instead of asked for. It must not use any of it: that is for
//! the person to say.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    credentials::Login,
    guide::{Find, Found},
    link::Address,
    paste, text,
};

/// Nobody's login is longer, in bytes.
const LONGEST: u64 = 16 * 1024;

/// What the shell knows of the program's surroundings.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `UPSTASH_REDIS_URL`.
    pub address: Option<SecretString>,
    /// `UPSTASH_EMAIL`.
    pub email: Option<String>,
    /// `UPSTASH_API_KEY`.
    pub api_key: Option<SecretString>,
    /// The folder that programs keep their settings in: `$XDG_CONFIG_HOME`, as a rule `~/.config`.
    pub config: Option<PathBuf>,
}

impl Surroundings {
    /// Everything that can be offered, without its secrets. Reads one small file.
    pub fn found(&self) -> Vec<Found> {
        let login =
            |find, login: Option<Login>| login.map(|login| Found { find, shown: text::line(&login.email, 100) });
        let address = self.address().and_then(|url| Address::parse(&url).ok());
        let address = address.map(|address| Found { find: Find::EnvironmentAddress, shown: address.shown() });
        let key = login(Find::EnvironmentKey, self.login());
        let saved = login(Find::CommandLineLogin, self.command_line_login());
        [address, key, saved].into_iter().flatten().collect()
    }

    /// The address of the environment, in the form in which one is kept; `None` where there is none that can be used
    /// as it is.
    pub fn address(&self) -> Option<SecretString> {
        paste::understand(self.address.as_ref()?, false).address().ok()
    }

    /// The login of the environment.
    pub fn login(&self) -> Option<Login> {
        sound(self.email.as_deref()?, self.api_key.as_ref()?.expose_secret())
    }

    /// The login that Upstash's own command line program has saved. Reads one small file; what is no plain file of its
    /// own, is too large or cannot be read is not offered.
    pub fn command_line_login(&self) -> Option<Login> {
        #[derive(Deserialize)]
        struct Saved {
            email: String,
            api_key: Zeroizing<String>,
        }
        let text = small_file(&self.config.as_ref()?.join("upstash").join("config.json"))?;
        let saved: Saved = serde_json::from_str(&text).ok()?;
        sound(&saved.email, &saved.api_key)
    }
}

/// A login that may be one.
fn sound(email: &str, key: &str) -> Option<Login> {
    let (email, key) = (email.trim(), key.trim());
    let is_email =
        email.contains('@') && email.len() < 255 && !email.contains(|c: char| c.is_whitespace() || c.is_control());
    let is_key = !key.is_empty() && key.len() < 512 && key.bytes().all(|b| b.is_ascii_graphic());
    (is_email && is_key).then(|| Login { email: email.to_owned(), key: SecretString::from(key) })
}

/// The text of a plain file. A link, a pipe or a device in its place is none.
fn small_file(path: &Path) -> Option<Zeroizing<String>> {
    let about = fs::symlink_metadata(path).ok().filter(|about| about.is_file() && about.len() <= LONGEST)?;
    let mut file = File::open(path).ok()?;
    if !is_same(&about, &file.metadata().ok()?) {
        return None;
    }
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST).unwrap_or_default() + 1));
    let length = file.by_ref().take(LONGEST + 1).read_to_string(&mut text).ok()?;
    (length as u64 <= LONGEST).then_some(text)
}

/// Was the file that was opened the one that was looked at?
#[cfg(unix)]
fn is_same(looked_at: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (looked_at.dev(), looked_at.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn is_same(looked_at: &fs::Metadata, opened: &fs::Metadata) -> bool {
    looked_at.len() == opened.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SAVED: &str = r#"{"email": "b@example.com", "api_key": "ASECRETZ", "other": 1}"#;

    fn with_file(text: &str) -> (tempfile::TempDir, Surroundings) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("upstash")).unwrap();
        fs::write(folder.path().join("upstash/config.json"), text).unwrap();
        let surroundings = Surroundings { config: Some(folder.path().to_owned()), ..Surroundings::default() };
        (folder, surroundings)
    }

    #[test]
    fn what_is_there_is_offered_without_its_secrets() {
        let (_folder, mut surroundings) = with_file(SAVED);
        surroundings.address = Some(SecretString::from("\"redis://default:ASECRETZ@Calm-Owl-1.upstash.io:6379\"\n"));
        surroundings.email = Some(" a@example.com ".into());
        surroundings.api_key = Some(SecretString::from("ASECRETZ\n"));
        let found = surroundings.found();
        let shown: Vec<_> = found.iter().map(|found| (found.find, found.shown.as_str())).collect();
        let wanted = [
            (Find::EnvironmentAddress, "calm-owl-1.upstash.io:6379"),
            (Find::EnvironmentKey, "a@example.com"),
            (Find::CommandLineLogin, "b@example.com"),
        ];
        assert_eq!(shown, wanted);
        assert!(!format!("{found:?} {surroundings:?}").contains("ASECRETZ"));
        assert!(surroundings.address().unwrap().expose_secret().starts_with("rediss://"));
        for login in [surroundings.login(), surroundings.command_line_login()] {
            assert_eq!(login.unwrap().key.expose_secret(), "ASECRETZ");
        }
    }

    #[test]
    fn nothing_is_offered_where_nothing_can_be_used() {
        assert!(Surroundings::default().found().is_empty());
        let surroundings = Surroundings {
            address: Some(SecretString::from("redis://u:p@10.0.0.1")),
            email: Some("nobody".into()),
            api_key: Some(SecretString::from("key")),
            config: Some("/nowhere".into()),
        };
        assert!(surroundings.found().is_empty(), "an unencrypted address needs a yes");
        let huge = format!("{}{SAVED}", " ".repeat(20_000));
        for text in ["", "{}", "[]", r#"{"email": "b@example.com"}"#, r#"{"email": 1, "api_key": "k"}"#, huge.as_str()]
        {
            let (_folder, surroundings) = with_file(text);
            assert!(surroundings.found().is_empty(), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_left_alone() {
        let (folder, surroundings) = with_file(SAVED);
        let file = folder.path().join("upstash/config.json");
        let elsewhere = folder.path().join("elsewhere.json");
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        assert!(surroundings.command_line_login().is_none());
        fs::remove_file(&file).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
        assert!(surroundings.command_line_login().is_none());
    }
}
