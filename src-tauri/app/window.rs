//! The one window: made when it is wanted, gone when it is closed.
//!
//! Its page comes from inside the program and from nowhere else; it opens nothing and downloads nothing.

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use heliograph_core::{engine::Place, home::Home};
use tauri::{
    AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, image::Image, webview::NewWindowResponse,
};

use crate::process;

/// The window's label, which `capabilities/main.json` names too.
pub(crate) const LABEL: &str = "main";
const ICON: Image<'_> = tauri::include_image!("icons/128x128.png");

/// How long after a window is closed none is about to be opened.
const SETTLED: Duration = Duration::from_secs(3);

/// How the window is made, and where it was last asked to go.
pub(crate) struct Frame {
    opening: Mutex<Place>,
    /// How often a window was asked for.
    asked: AtomicU64,
    /// Held while one is made, and while it is ended what the last one left.
    making: Mutex<()>,
    sandbox: bool,
    folder: PathBuf,
}

impl Frame {
    pub(crate) fn new(home: &Home, sandbox: bool) -> Self {
        Self {
            opening: Mutex::default(),
            asked: AtomicU64::default(),
            making: Mutex::default(),
            sandbox,
            folder: home.data.join("window"),
        }
    }

    /// The place the window was last opened for, for a page that has just been loaded.
    pub(crate) fn opening(&self) -> Place {
        *self.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, place: Place) {
        *self.opening.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }
}

/// The window, if there is one.
pub(crate) fn current(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(LABEL)
}

/// Makes the window for `place`, or raises the one there is; its page learns of the place from the event.
///
/// Waits for the main thread, and must not run on it: there, some systems would wait for ever.
pub(crate) fn show(app: &AppHandle, place: Place) -> tauri::Result<()> {
    let frame = app.state::<Frame>();
    frame.set(place);
    frame.asked.fetch_add(1, Ordering::AcqRel);
    let making = frame.making.lock().unwrap_or_else(PoisonError::into_inner);
    let window = match current(app) {
        Some(window) => window,
        None => make(app, &frame)?,
    };
    drop(making);
    window.unminimize()?;
    window.show()?;
    window.set_focus()
}

fn make(app: &AppHandle, frame: &Frame) -> tauri::Result<WebviewWindow> {
    let title = if frame.sandbox { "Heliograph — Sandbox" } else { "Heliograph" };
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title(title)
        .inner_size(1000.0, 680.0)
        .min_inner_size(720.0, 480.0)
        .icon(ICON)?
        // Until it is ready to be closed: on Linux a window that is closed before that stays as an empty frame.
        .visible(false)
        // With our other files, and not where the system would put a browser's.
        .data_directory(frame.folder.clone())
        .devtools(cfg!(debug_assertions))
        .disable_drag_drop_handler()
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .build()
}

/// Some time after a window was closed: ends what it left running, if no other has been asked for meanwhile. A web process
/// that is ended while it starts takes the whole program with it.
pub(crate) async fn tidy(app: AppHandle) {
    let frame = app.state::<Frame>();
    let asked = frame.asked.load(Ordering::Acquire);
    tokio::time::sleep(SETTLED).await;
    let Ok(_nobody_makes_one) = frame.making.try_lock() else { return };
    if frame.asked.load(Ordering::Acquire) == asked && current(&app).is_none() {
        process::end_network_process();
    }
}

/// Is this the page that is part of the program?
fn is_ours(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // How it is called on Windows.
        "http" | "https" => url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_else() {
        for ours in ["tauri://localhost", "tauri://localhost/index.html#/link", "http://tauri.localhost/"] {
            assert!(is_ours(&ours.parse().unwrap()), "{ours}");
        }
        for other in [
            "https://example.com/",
            "http://localhost/",
            "http://tauri.localhost:8080/",
            "http://tauri.localhost.example.com/",
            "file:///etc/passwd",
            "tauri://example.com/",
            "data:text/html,x",
            "javascript:alert(1)",
            "about:blank",
        ] {
            assert!(!is_ours(&other.parse().unwrap()), "{other}");
        }
    }
}
