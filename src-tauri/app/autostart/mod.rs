//! Starting at login: the entry that the desktop reads, made by the plugin, read back, and mended where it would
//! start something else.
//!
//! The sandbox leaves it alone: it is the person's, not the play world's.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod entry;
#[cfg(not(target_os = "linux"))]
#[path = "registered.rs"]
mod entry;

use heliograph_core::trouble::{Trouble, TroubleCode};
use tauri::{AppHandle, Runtime, plugin::TauriPlugin};
use tauri_plugin_autostart::ManagerExt as _;

pub(crate) use entry::place;

/// The word with which the program is started at login: no window.
const BACKGROUND: &str = "--background";

/// The entry's name.
const NAME: &str = "heliograph";

/// The plugin that knows where each system keeps such entries. None of its commands is the window's to call.
pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R> {
    tauri_plugin_autostart::Builder::new().app_name(NAME).arg(BACKGROUND).build()
}

/// Is the program started at login?
///
/// Fails where the entry cannot be read.
pub(crate) fn is_on(app: &AppHandle) -> Result<bool, Trouble> {
    let made = app.autolaunch().is_enabled().map_err(|error| failed(&error))?;
    Ok(made && entry::is_wanted().map_err(|error| failed(&error))?)
}

/// Has the program started at login, or no longer. What the entry says afterwards is checked.
///
/// Blocks for a file or two.
pub(crate) fn set(app: &AppHandle, on: bool) -> Result<(), Trouble> {
    let manager = app.autolaunch();
    if on { manager.enable() } else { manager.disable() }.map_err(|error| failed(&error))?;
    if on {
        entry::mend().map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Mends the entry, if there is one that is wanted and would start another program than this.
pub(crate) fn repair(app: &AppHandle) {
    let mended = is_on(app).and_then(|on| if on { entry::mend().map_err(|error| failed(&error)) } else { Ok(false) });
    match mended {
        Ok(true) => tracing::info!("the entry that starts the program at login pointed elsewhere, and was mended"),
        Ok(false) => {}
        Err(trouble) => tracing::warn!("{trouble}"),
    }
}

fn failed(error: &impl std::fmt::Display) -> Trouble {
    Trouble::new(
        TroubleCode::AutostartFailed,
        format!("The entry that starts Heliograph at login cannot be used: {error}."),
        "Look at the folder it is in, or let your desktop’s own settings start Heliograph.",
    )
}
