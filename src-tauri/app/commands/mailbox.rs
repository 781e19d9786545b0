//! The mailbox, handed on to the engine.

use heliograph_core::{engine::Engine, mailbox::Inspection, settings::Settings, trouble::Trouble};
use secrecy::{ExposeSecret as _, SecretString};
use tauri::State;

#[tauri::command]
pub(crate) async fn check_mailbox(
    engine: State<'_, Engine>,
    repository: String,
    token: SecretString,
) -> Result<Inspection, Trouble> {
    engine.check_mailbox(&repository, given(&token)).await
}

#[tauri::command]
pub(crate) async fn use_mailbox(
    engine: State<'_, Engine>,
    repository: String,
    token: SecretString,
    allowed: Vec<String>,
) -> Result<Settings, Trouble> {
    engine.use_mailbox(&repository, given(&token), allowed).await
}

#[tauri::command]
pub(crate) async fn leave_mailbox(engine: State<'_, Engine>) -> Result<Settings, Trouble> {
    engine.leave_mailbox().await
}

/// An empty field means the token that is known.
fn given(token: &SecretString) -> Option<SecretString> {
    (!token.expose_secret().trim().is_empty()).then(|| SecretString::from(token.expose_secret().trim()))
}
