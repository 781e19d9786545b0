//! What the operating system sees of this program: its permissions, its environment, its signals. One file a system.
//!
//! It must not know the engine or the window.

#[cfg(target_os = "linux")]
mod leftover;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(not(unix))]
#[path = "windows.rs"]
mod system;

use std::{env, ffi::OsString, path::PathBuf};

use secrecy::{SecretString, zeroize::Zeroize};

#[cfg(target_os = "linux")]
pub(crate) use leftover::{end_network_process, end_web_processes};
pub(crate) use system::{apart, asked_to_stop, harden};

/// Nothing is left behind by a closed window on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_network_process() {}

/// They end with their window on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_web_processes() {}

/// What was found in the environment and concerns us.
pub(crate) struct Surroundings {
    /// `UPSTASH_REDIS_URL`, no longer in the environment.
    pub(crate) address: Option<SecretString>,
    /// `UPSTASH_EMAIL` and `UPSTASH_API_KEY`; the key no longer in the environment.
    pub(crate) email: Option<String>,
    pub(crate) api_key: Option<SecretString>,
    /// `UPSTASH_API_URL`.
    pub(crate) api: Option<String>,
    /// `GITHUB_TOKEN`, no longer in the environment, and `GITHUB_REPOSITORY`.
    pub(crate) github_token: Option<SecretString>,
    pub(crate) github_repository: Option<String>,
    /// `GITHUB_API_URL`.
    pub(crate) github_api: Option<String>,
    /// The folder that programs keep their settings in.
    pub(crate) config: Option<PathBuf>,
    /// `HELIOGRAPH_HOME`.
    pub(crate) home: Option<PathBuf>,
    /// `HELIOGRAPH_LOG`.
    pub(crate) log: Option<String>,
}

impl Surroundings {
    /// Reads the environment and takes the secrets out of it, so that no child process inherits it.
    ///
    /// Must run before the program has a second thread.
    pub(crate) fn take() -> Self {
        // Of no use to us, and the same password: nobody is to inherit it either.
        drop(take_secret("UPSTASH_REDIS_REST_TOKEN"));
        Self {
            address: take_secret("UPSTASH_REDIS_URL"),
            email: env::var("UPSTASH_EMAIL").ok(),
            api_key: take_secret("UPSTASH_API_KEY"),
            api: env::var("UPSTASH_API_URL").ok().filter(|url| !url.trim().is_empty()),
            github_token: take_secret("GITHUB_TOKEN"),
            github_repository: env::var("GITHUB_REPOSITORY").ok().filter(|name| !name.trim().is_empty()),
            github_api: env::var("GITHUB_API_URL").ok().filter(|url| !url.trim().is_empty()),
            config: heliograph_core::home::config_folder(),
            home: env::var_os("HELIOGRAPH_HOME").filter(|path| !path.is_empty()).map(PathBuf::from),
            log: env::var("HELIOGRAPH_LOG").ok(),
        }
    }
}

fn take_secret(name: &str) -> Option<SecretString> {
    let value = env::var_os(name)?;
    #[expect(unsafe_code, reason = "the environment is the only way to keep a variable from child processes")]
    // SAFETY: the caller is `run` before it starts a thread, so nothing reads the environment meanwhile.
    unsafe {
        env::remove_var(name);
    }
    match value.into_string() {
        Ok(text) if text.trim().is_empty() => None,
        // Without the line break a shell script easily leaves at the end.
        Ok(mut text) => {
            let secret = SecretString::from(text.trim());
            text.zeroize();
            Some(secret)
        }
        Err(other) => Some(unreadable(&other)),
    }
}

/// Not text: handed on in a form that the engine will call unreadable, rather than passed over in silence.
fn unreadable(value: &OsString) -> SecretString {
    SecretString::from(value.to_string_lossy().into_owned())
}
