//! The guided set-up, handed on to the engine.

use heliograph_core::{
    engine::{ChannelView, Engine},
    guide::{
        AccountDatabases, Door, Find, GuideView, Keep, Kit, KitPart, NewDatabase, Regions, Step, Understanding, WebPage,
    },
    settings::{Agents, Settings},
    trouble::Trouble,
};
use secrecy::{ExposeSecret as _, SecretString};
use tauri::State;

use crate::{clipboard::Copies, web};

#[tauri::command]
pub(crate) async fn guide(engine: State<'_, Engine>) -> Result<GuideView, Trouble> {
    Ok(engine.guide().view())
}

#[tauri::command]
pub(crate) async fn guide_go(engine: State<'_, Engine>, step: Step) -> Result<GuideView, Trouble> {
    Ok(engine.guide().go(step).await)
}

#[tauri::command]
pub(crate) async fn guide_door(engine: State<'_, Engine>, door: Door) -> Result<GuideView, Trouble> {
    if door == Door::Sandbox {
        super::open_sandbox().await?;
        return Ok(engine.guide().view());
    }
    Ok(engine.guide().choose(door).await)
}

#[tauri::command]
pub(crate) async fn guide_finish(engine: State<'_, Engine>) -> Result<GuideView, Trouble> {
    Ok(engine.guide().finish().await)
}

#[tauri::command]
pub(crate) async fn understand(engine: State<'_, Engine>, text: SecretString) -> Result<Understanding, Trouble> {
    Ok(engine.guide().understand(&text))
}

#[tauri::command]
pub(crate) async fn try_address(
    engine: State<'_, Engine>,
    text: SecretString,
    consent: bool,
) -> Result<GuideView, Trouble> {
    engine.guide().try_address(&text, consent).await
}

#[tauri::command]
pub(crate) async fn take_find(engine: State<'_, Engine>, find: Find) -> Result<GuideView, Trouble> {
    engine.guide().take(find).await
}

#[tauri::command]
pub(crate) async fn account_login(
    engine: State<'_, Engine>,
    email: String,
    key: SecretString,
    remember: bool,
) -> Result<AccountDatabases, Trouble> {
    engine.guide().account_login(&email, key, remember).await
}

#[tauri::command]
pub(crate) async fn account_databases(engine: State<'_, Engine>) -> Result<AccountDatabases, Trouble> {
    engine.guide().account_databases().await
}

#[tauri::command]
pub(crate) async fn account_forget(engine: State<'_, Engine>) -> Result<GuideView, Trouble> {
    engine.guide().account_forget().await
}

#[tauri::command]
pub(crate) async fn regions(engine: State<'_, Engine>) -> Result<Regions, Trouble> {
    Ok(engine.guide().regions())
}

#[tauri::command]
pub(crate) async fn choose_database(engine: State<'_, Engine>, id: String) -> Result<GuideView, Trouble> {
    engine.guide().choose_database(&id).await
}

#[tauri::command]
pub(crate) async fn create_database(engine: State<'_, Engine>, new: NewDatabase) -> Result<GuideView, Trouble> {
    engine.guide().create_database(new).await
}

#[tauri::command]
pub(crate) async fn cancel_making(engine: State<'_, Engine>) -> Result<GuideView, Trouble> {
    Ok(engine.guide().cancel_making())
}

#[tauri::command]
pub(crate) async fn temporary_database(engine: State<'_, Engine>) -> Result<GuideView, Trouble> {
    engine.guide().lend().await
}

#[tauri::command]
pub(crate) async fn test_connection(engine: State<'_, Engine>) -> Result<GuideView, Trouble> {
    engine.guide().start_test()
}

#[tauri::command]
pub(crate) async fn test_use_tls(engine: State<'_, Engine>) -> Result<GuideView, Trouble> {
    engine.guide().use_tls().await
}

#[tauri::command]
pub(crate) async fn test_report(engine: State<'_, Engine>) -> Result<String, Trouble> {
    Ok(engine.guide().report())
}

#[tauri::command]
pub(crate) async fn keep_address(engine: State<'_, Engine>, keep: Keep) -> Result<GuideView, Trouble> {
    engine.guide().keep(keep).await
}

#[tauri::command]
pub(crate) async fn preview_names(
    engine: State<'_, Engine>,
    me: String,
    peers: Vec<String>,
) -> Result<Vec<ChannelView>, Trouble> {
    engine.preview_names(&Agents { me, peers })
}

#[tauri::command]
pub(crate) async fn set_names(engine: State<'_, Engine>, me: String, peers: Vec<String>) -> Result<Settings, Trouble> {
    engine.name(Agents { me, peers }).await
}

#[tauri::command]
pub(crate) async fn kit(engine: State<'_, Engine>) -> Result<Kit, Trouble> {
    engine.guide().kit()
}

/// The one secret that goes to the window: the person asked to see it.
#[tauri::command]
pub(crate) async fn reveal_address(engine: State<'_, Engine>) -> Result<String, Trouble> {
    Ok(engine.guide().reveal_address()?.expose_secret().to_owned())
}

#[tauri::command]
pub(crate) async fn copy_kit(
    engine: State<'_, Engine>,
    copies: State<'_, Copies>,
    part: KitPart,
) -> Result<u32, Trouble> {
    let (text, secret) = engine.guide().kit_part(part)?;
    copies.copy(text, secret).await
}

#[tauri::command]
pub(crate) async fn ping_helios(engine: State<'_, Engine>) -> Result<GuideView, Trouble> {
    engine.guide().ping()
}

#[tauri::command]
pub(crate) async fn open_web(engine: State<'_, Engine>, page: WebPage) -> Result<(), Trouble> {
    let claim = if page == WebPage::Claim { engine.guide().claim().await? } else { None };
    super::blocking(move || web::open(page, claim.as_ref())).await?
}
