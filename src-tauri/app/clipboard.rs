//! Copying on behalf of the window, so that a secret never passes through it.
//!
//! A secret is marked as one (clipboard histories leave it out where they know the mark), taken off again after a
//! while, and at the latest when the program ends.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arboard::Clipboard;
use heliograph_core::trouble::{Trouble, TroubleCode};
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroize as _};
use tokio::task::spawn_blocking;

/// How long a secret stays on the clipboard.
const STAYS: Duration = Duration::from_secs(30);

/// The clipboard; clones are handles on the same one.
#[derive(Clone, Default)]
pub(crate) struct Copies {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// Kept open: on some systems what was copied is gone with whoever copied it.
    clipboard: Option<Clipboard>,
    /// The secret that is on it, and the number of that copy.
    secret: Option<SecretString>,
    copies: u64,
}

impl Copies {
    /// Puts a text on the clipboard. Says after how many seconds it is taken off again; 0 for what is no secret.
    pub(crate) async fn copy(&self, text: SecretString, secret: bool) -> Result<u32, Trouble> {
        let this = self.clone();
        let copied = spawn_blocking(move || this.lock().put(text, secret)).await;
        let number = copied.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        if !secret {
            return Ok(0);
        }
        let this = self.clone();
        // Owned by the runtime; when that ends first, the end of the program takes the secret off.
        tokio::spawn(async move {
            tokio::time::sleep(STAYS).await;
            let _ = spawn_blocking(move || this.lock().take_off(Some(number))).await;
        });
        Ok(u32::try_from(STAYS.as_secs()).unwrap_or(u32::MAX))
    }

    /// Takes a secret of ours off, if one is on it. Blocks for a round trip to the desktop.
    pub(crate) fn clear(&self) {
        self.lock().take_off(None);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, text: SecretString, secret: bool) -> Result<u64, arboard::Error> {
        let clipboard = match &mut self.clipboard {
            Some(clipboard) => clipboard,
            none => none.insert(Clipboard::new()?),
        };
        let set = clipboard.set();
        let set = if secret { concealed(set) } else { set };
        set.text(text.expose_secret())?;
        self.copies += 1;
        self.secret = secret.then_some(text);
        Ok(self.copies)
    }

    /// Takes the secret off, unless something else was copied since: by us (another number) or by somebody else.
    fn take_off(&mut self, number: Option<u64>) {
        if number.is_some_and(|number| number != self.copies) {
            return;
        }
        let (Some(secret), Some(clipboard)) = (self.secret.take(), &mut self.clipboard) else { return };
        if let Ok(mut there) = clipboard.get_text() {
            if there == secret.expose_secret()
                && let Err(error) = clipboard.clear()
            {
                tracing::warn!(%error, "the secret could not be taken off the clipboard");
            }
            there.zeroize();
        }
    }
}

#[cfg(target_os = "linux")]
fn concealed(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtLinux as _;
    set.exclude_from_history()
}

#[cfg(target_os = "macos")]
fn concealed(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtApple as _;
    set.exclude_from_history()
}

#[cfg(target_os = "windows")]
fn concealed(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtWindows as _;
    set.exclude_from_history()
}

/// Neither error holds what was to be copied.
fn failed(error: &impl std::fmt::Display) -> Trouble {
    Trouble::new(
        TroubleCode::NotPossible,
        format!("The clipboard could not be used: {error}."),
        "Show the text and copy it by hand.",
    )
}
