//! The tray's pictures: one for each condition, and the same with the sandbox's mark.

use heliograph_core::engine::Condition;
use tauri::{image::Image, include_image};

/// The picture for a condition.
pub(super) fn picture(condition: Condition, sandbox: bool) -> Image<'static> {
    match (condition, sandbox) {
        (Condition::SetupNeeded, false) => include_image!("icons/tray/setup_needed.png"),
        (Condition::Connecting, false) => include_image!("icons/tray/connecting.png"),
        (Condition::Connected, false) => include_image!("icons/tray/connected.png"),
        (Condition::HeliosSilent, false) => include_image!("icons/tray/helios_silent.png"),
        (Condition::ViaGithub, false) => include_image!("icons/tray/via_github.png"),
        (Condition::Offline, false) => include_image!("icons/tray/offline.png"),
        (Condition::Paused, false) => include_image!("icons/tray/paused.png"),
        (Condition::NeedsYou, false) => include_image!("icons/tray/needs_you.png"),
        (Condition::SetupNeeded, true) => include_image!("icons/tray/sandbox-setup_needed.png"),
        (Condition::Connecting, true) => include_image!("icons/tray/sandbox-connecting.png"),
        (Condition::Connected, true) => include_image!("icons/tray/sandbox-connected.png"),
        (Condition::HeliosSilent, true) => include_image!("icons/tray/sandbox-helios_silent.png"),
        (Condition::ViaGithub, true) => include_image!("icons/tray/sandbox-via_github.png"),
        (Condition::Offline, true) => include_image!("icons/tray/sandbox-offline.png"),
        (Condition::Paused, true) => include_image!("icons/tray/sandbox-paused.png"),
        (Condition::NeedsYou, true) => include_image!("icons/tray/sandbox-needs_you.png"),
    }
}
