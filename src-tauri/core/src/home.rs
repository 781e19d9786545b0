//! Where our files stand. Everything of ours is in these folders and nowhere else.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The folders of this program: the XDG ones (or their like on other systems), or all in one under
/// `HELIOGRAPH_HOME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Messages.
    pub data: PathBuf,
    /// `config.toml`.
    pub config: PathBuf,
    /// Logs.
    pub logs: PathBuf,
}

impl Home {
    /// All folders below one.
    pub fn under(root: &Path) -> Self {
        Self { data: root.join("data"), config: root.join("config"), logs: root.join("logs") }
    }

    /// The folders where this system keeps such things; `None` where it has no home folder.
    pub fn of_system() -> Option<Self> {
        let folders = directories::ProjectDirs::from("", "", "heliograph")?;
        let data = folders.data_local_dir().to_owned();
        Some(Self {
            logs: folders.state_dir().map_or_else(|| data.join("logs"), Path::to_owned),
            config: folders.config_dir().to_owned(),
            data,
        })
    }

    /// The same, set apart for the sandbox.
    #[must_use]
    pub fn sandboxed(&self) -> Self {
        let below = |folder: &Path| folder.join("sandbox");
        Self { data: below(&self.data), config: below(&self.config), logs: below(&self.logs) }
    }

    /// Makes the folders, readable by this user alone.
    ///
    /// Fails where a folder cannot be made or its permissions cannot be set.
    pub fn create(&self) -> io::Result<()> {
        for folder in [&self.data, &self.config, &self.logs] {
            fs::create_dir_all(folder)?;
            private(folder)?;
        }
        Ok(())
    }

    /// The file with the messages.
    pub fn database(&self) -> PathBuf {
        self.data.join("messages.db")
    }

    /// The file with the person's settings.
    pub fn settings(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}

/// Where a person looks for what a program has given out.
pub fn downloads() -> Option<PathBuf> {
    let folders = directories::UserDirs::new()?;
    Some(folders.download_dir().map_or_else(|| folders.home_dir().to_owned(), Path::to_owned))
}

/// Where other programs keep their settings: `$XDG_CONFIG_HOME`, as a rule `~/.config`.
pub fn config_folder() -> Option<PathBuf> {
    Some(directories::BaseDirs::new()?.config_dir().to_owned())
}

#[cfg(unix)]
fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "one signature on all systems; here a user's folders are private")]
fn private(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_has_folders_of_its_own() {
        let home = Home::under(Path::new("/h"));
        let sandbox = home.sandboxed();
        assert!(sandbox.data.starts_with(&home.data));
        assert_ne!(sandbox.database(), home.database());
        assert_ne!(sandbox.settings(), home.settings());
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let home = Home::under(root.path());
        home.create().unwrap();
        let mode = fs::metadata(&home.data).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
