//! Carries the engine's events to the tray and the window.

use heliograph_core::engine::{Event, Events};
use tauri::{AppHandle, Emitter as _};
use tokio::task::spawn_blocking;

use crate::{tray::Tray, window};

/// The name under which the window listens.
pub(crate) const CHANNEL: &str = "heliograph";

/// Runs until the engine has stopped. The tray comes first; the window is told whether or not that worked.
pub(crate) async fn carry(mut events: Events, app: AppHandle, tray: Option<Tray>) {
    while let Some(event) = events.next().await {
        if let (Event::State { snapshot }, Some(tray)) = (&event, &tray) {
            tray.show(snapshot);
        }
        if let Event::Open { place } = event {
            let app = app.clone();
            // On a thread of the pool: it waits for the main thread.
            match spawn_blocking(move || window::show(&app, place)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the window could not be shown"),
                Err(error) => tracing::error!(%error, "showing the window came to nothing"),
            }
        }
        if let Some(window) = window::current(&app)
            && let Err(error) = window.emit(CHANNEL, &event)
        {
            tracing::warn!(%error, "the window could not be told");
        }
    }
}
