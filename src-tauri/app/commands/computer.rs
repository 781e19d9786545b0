//! Settings, this computer, and what of ours is on it.

use heliograph_core::{
    engine::Engine,
    guide::{AboutView, ComputerView, Possession},
    settings::Settings,
    trouble::Trouble,
};
use tauri::{AppHandle, State};

use super::blocking;
use crate::{about, belongings::Belongings, computer};

#[tauri::command]
pub(crate) async fn settings(engine: State<'_, Engine>) -> Result<Settings, Trouble> {
    Ok(engine.settings())
}

#[tauri::command]
pub(crate) async fn default_settings() -> Result<Settings, Trouble> {
    Ok(Settings::default())
}

#[tauri::command]
pub(crate) async fn change_settings(
    engine: State<'_, Engine>,
    before: Settings,
    after: Settings,
) -> Result<Settings, Trouble> {
    engine.change_settings(before, after).await
}

#[tauri::command]
pub(crate) async fn computer(app: AppHandle, belongings: State<'_, Belongings>) -> Result<ComputerView, Trouble> {
    let sandbox = belongings.sandbox();
    blocking(move || computer::view(&app, sandbox)).await
}

#[tauri::command]
pub(crate) async fn set_autostart(
    app: AppHandle,
    belongings: State<'_, Belongings>,
    on: bool,
) -> Result<ComputerView, Trouble> {
    let sandbox = belongings.sandbox();
    blocking(move || {
        computer::set_autostart(&app, sandbox, on)?;
        Ok(computer::view(&app, sandbox))
    })
    .await?
}

#[tauri::command]
pub(crate) async fn test_notification(engine: State<'_, Engine>) -> Result<(), Trouble> {
    engine.try_notification();
    Ok(())
}

#[tauri::command]
pub(crate) async fn possessions(belongings: State<'_, Belongings>) -> Result<Vec<Possession>, Trouble> {
    Ok(belongings.list().await)
}

#[tauri::command]
pub(crate) async fn forget_everything(app: AppHandle, belongings: State<'_, Belongings>) -> Result<(), Trouble> {
    belongings.forget(&app).await
}

#[tauri::command]
pub(crate) async fn about(belongings: State<'_, Belongings>) -> Result<AboutView, Trouble> {
    Ok(about::view(belongings.home()))
}

#[tauri::command]
pub(crate) async fn diagnostics(
    engine: State<'_, Engine>,
    belongings: State<'_, Belongings>,
) -> Result<String, Trouble> {
    let (engine, home) = (engine.inner().clone(), belongings.home().clone());
    blocking(move || about::diagnostics(&engine, &home)).await
}
