//! Changing the database's key, handed on to the engine.

use heliograph_core::{
    engine::Engine,
    rotation::{RotationReason, RotationReceipt, RotationView},
    store::Exported,
    trouble::Trouble,
};
use secrecy::SecretString;
use tauri::State;

use super::blocking;
use crate::{clipboard::Copies, exchange};

#[tauri::command]
pub(crate) async fn rotation(engine: State<'_, Engine>) -> Result<RotationView, Trouble> {
    Ok(engine.rotation().view())
}

#[tauri::command]
pub(crate) async fn rotation_check(engine: State<'_, Engine>) -> Result<RotationView, Trouble> {
    Ok(engine.rotation().check().await)
}

#[tauri::command]
pub(crate) async fn rotation_begin(engine: State<'_, Engine>, reason: RotationReason) -> Result<RotationView, Trouble> {
    engine.rotation().begin(reason).await
}

#[tauri::command]
pub(crate) async fn rotation_move_to_users(engine: State<'_, Engine>) -> Result<RotationView, Trouble> {
    engine.rotation().move_to_users().await
}

#[tauri::command]
pub(crate) async fn rotation_give_address(
    engine: State<'_, Engine>,
    text: SecretString,
) -> Result<RotationView, Trouble> {
    engine.rotation().give_address(&text).await
}

#[tauri::command]
pub(crate) async fn rotation_again(engine: State<'_, Engine>) -> Result<RotationView, Trouble> {
    Ok(engine.rotation().again())
}

#[tauri::command]
pub(crate) async fn rotation_finish(engine: State<'_, Engine>) -> Result<RotationView, Trouble> {
    engine.rotation().finish()
}

#[tauri::command]
pub(crate) async fn rotation_undo(engine: State<'_, Engine>) -> Result<RotationView, Trouble> {
    engine.rotation().undo()
}

/// The secret goes to the clipboard and not to the window.
#[tauri::command]
pub(crate) async fn rotation_copy_address(
    engine: State<'_, Engine>,
    copies: State<'_, Copies>,
) -> Result<u32, Trouble> {
    copies.copy(engine.rotation().address_for_helios()?, true).await
}

#[tauri::command]
pub(crate) async fn rotation_receipts(engine: State<'_, Engine>) -> Result<Vec<RotationReceipt>, Trouble> {
    engine.rotation().receipts().await
}

#[tauri::command]
pub(crate) async fn rotation_export(engine: State<'_, Engine>) -> Result<Exported, Trouble> {
    let place = blocking(exchange::place_for_receipts).await??;
    engine.rotation().export_receipts(&place).await
}

#[tauri::command]
pub(crate) async fn rotation_test_handover(engine: State<'_, Engine>) -> Result<RotationView, Trouble> {
    Ok(engine.rotation().test_handover().await)
}

#[tauri::command]
pub(crate) async fn rotation_ask_for_key(engine: State<'_, Engine>) -> Result<(), Trouble> {
    engine.rotation().ask_for_key().await
}

#[tauri::command]
pub(crate) async fn rotation_confirm_key(engine: State<'_, Engine>, r#use: bool) -> Result<RotationView, Trouble> {
    engine.confirm_key(r#use).await?;
    Ok(engine.rotation().view())
}
