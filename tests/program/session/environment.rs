//! The variables that make a program belong to a session, and to no other.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::Command,
};

/// Everything a program of the session finds in its environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// The folders of the session below `root`, and what makes the windows be drawn without a graphics card.
    pub(crate) fn new(root: &Path) -> Self {
        let mut environment = Self::default();
        for (name, folder) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "home/.config"),
            ("XDG_DATA_HOME", "home/.local/share"),
            ("XDG_STATE_HOME", "home/.local/state"),
            ("XDG_CACHE_HOME", "home/.cache"),
            ("XDG_RUNTIME_DIR", "run"),
            ("TMPDIR", "tmp"),
        ] {
            let folder = root.join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            environment.set(name, folder);
        }
        for (name, value) in [
            ("LANG", "C.UTF-8"),
            ("GDK_BACKEND", "x11"),
            ("GSETTINGS_BACKEND", "memory"),
            ("NO_AT_BRIDGE", "1"),
            ("LIBGL_ALWAYS_SOFTWARE", "1"),
            ("WEBKIT_DISABLE_COMPOSITING_MODE", "1"),
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
        ] {
            environment.set(name, value);
        }
        environment.set("PATH", std::env::var_os("PATH").unwrap_or_default());
        environment
    }

    pub(crate) fn set(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        self.0.retain(|(known, _)| known != name.as_ref());
        self.0.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
    }

    /// A program with this environment and nothing else in it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.0.iter().map(|(name, value)| (name, value)));
        command
    }
}
