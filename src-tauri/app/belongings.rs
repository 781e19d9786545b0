//! Everything of ours on this computer: listed, and removed when the person wants us forgotten.

use std::{path::Path, sync::Arc};

use heliograph_core::{credentials::Keychain, guide::Possession, home::Home, trouble::Trouble};
use tauri::AppHandle;

use crate::{autostart, commands::blocking, shutdown::Shutdown};

/// What belongs to the program.
pub(crate) struct Belongings {
    home: Home,
    sandbox: bool,
    shutdown: Arc<Shutdown>,
}

impl Belongings {
    pub(crate) fn new(home: Home, sandbox: bool, shutdown: Arc<Shutdown>) -> Self {
        Self { home, sandbox, shutdown }
    }

    pub(crate) fn sandbox(&self) -> bool {
        self.sandbox
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// What would be removed, in the order in which it is.
    pub(crate) async fn list(&self) -> Vec<Possession> {
        let mut all = Vec::new();
        for keychain in self.keychains() {
            all.extend(keychain.possessions().await);
        }
        if !self.sandbox
            && let Some(place) = autostart::place()
        {
            all.push(Possession { what: "The entry that starts Heliograph at login".into(), place });
        }
        let folder = |what: &str, path: &Path| Possession { what: what.into(), place: path.display().to_string() };
        all.push(folder("Messages, and the window’s own files", &self.home.data));
        all.push(folder("Settings", &self.home.config));
        all.push(folder("Logs", &self.home.logs));
        all
    }

    /// Removes the secrets and the entry, then ends the program, which removes the files.
    ///
    /// Fails where the keychain does not give up the secrets; then everything else is still there.
    pub(crate) async fn forget(&self, app: &AppHandle) -> Result<(), Trouble> {
        for keychain in self.keychains() {
            keychain.forget_all().await.map_err(Trouble::from)?;
        }
        if !self.sandbox {
            let app = app.clone();
            blocking(move || autostart::set(&app, false)).await??;
        }
        tracing::info!("everything is forgotten");
        self.shutdown.begin_and_forget(self.home.clone());
        Ok(())
    }

    /// The sandbox forgets its own; the program itself also the sandbox's, which is in its folders.
    fn keychains(&self) -> Vec<Keychain> {
        if self.sandbox { vec![Keychain::new(true)] } else { vec![Keychain::new(false), Keychain::new(true)] }
    }
}
