//! What this computer does for the program, in words.

use heliograph_core::{
    guide::ComputerView,
    trouble::{Trouble, TroubleCode},
};
use tauri::AppHandle;

use crate::autostart;

/// Reads the entry for the login, and which desktop this is. Blocks for a file or two.
pub(crate) fn view(app: &AppHandle, sandbox: bool) -> ComputerView {
    let on = if sandbox { Ok(false) } else { autostart::is_on(app) };
    let (autostart, autostart_trouble) = match on {
        Ok(on) => (on, None),
        Err(trouble) => (false, Some(trouble)),
    };
    let desktop = desktop();
    let notification_help = help(&desktop).iter().map(ToString::to_string).collect();
    ComputerView { autostart, autostart_trouble, desktop, notification_help, concealed_copy: true }
}

/// Has the program started at login, or no longer. Blocks for a file or two.
pub(crate) fn set_autostart(app: &AppHandle, sandbox: bool, on: bool) -> Result<(), Trouble> {
    if sandbox {
        return Err(Trouble::new(
            TroubleCode::NotPossible,
            "The sandbox is not started at login.",
            "Set this in the program itself, outside the sandbox.",
        ));
    }
    autostart::set(app, on)
}

/// The desktop as it calls itself.
fn desktop() -> String {
    match std::env::consts::OS {
        "macos" => "macOS".into(),
        "windows" => "Windows".into(),
        _ => {
            // A list, the most particular first: `ubuntu:GNOME`.
            let names = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
            let name = names.rsplit(':').next().unwrap_or_default();
            heliograph_core::text::line(name, 40)
        }
    }
}

/// Where to look when a notification was not seen.
fn help(desktop: &str) -> &'static [&'static str] {
    match desktop {
        "macOS" => &[
            "System Settings → Notifications → Heliograph: allow notifications.",
            "Look whether a Focus is on in the menu bar.",
        ],
        "Windows" => &[
            "Settings → System → Notifications: switch them on, also for Heliograph.",
            "Look whether Do not disturb is on.",
        ],
        "GNOME" => &[
            "Settings → Notifications: switch off Do Not Disturb, and allow Heliograph.",
            "Open the clock in the top bar: what was not shown stands there.",
        ],
        "KDE" => &[
            "System Settings → Notifications: allow Heliograph, and look whether Do not disturb is on.",
            "Click the bell in the panel: what was not shown stands there.",
        ],
        "XFCE" => &[
            "Settings → Notifications: switch off Do not disturb, and look at the log there.",
            "Install xfce4-notifyd if there is no such page.",
        ],
        _ => &[
            "Look whether a notification server runs: dunst, mako or your desktop’s own.",
            "With dunst, `dunstctl set-paused false` ends a pause.",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_desktop_has_help() {
        for desktop in ["macOS", "Windows", "GNOME", "KDE", "XFCE", "", "sway"] {
            assert!(!help(desktop).is_empty());
        }
        assert_ne!(help("GNOME"), help("KDE"));
    }
}
