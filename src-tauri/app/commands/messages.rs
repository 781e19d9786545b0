//! Messages out to a file and in from one, handed on to the engine.

use heliograph_core::{
    engine::Engine,
    store::{Exported, Imported},
    trouble::{Trouble, TroubleCode},
};
use tauri::{
    State,
    ipc::{InvokeBody, Request},
};

use super::blocking;
use crate::{belongings::Belongings, exchange};

#[tauri::command]
pub(crate) async fn export_messages(engine: State<'_, Engine>) -> Result<Exported, Trouble> {
    let place = blocking(exchange::free_place).await??;
    let messages = engine.export(&place).await?;
    Ok(Exported { messages, place: place.display().to_string() })
}

/// A part of a file that the person chose in the window; the first one begins it anew.
#[tauri::command]
pub(crate) async fn import_part(belongings: State<'_, Belongings>, request: Request<'_>) -> Result<(), Trouble> {
    let InvokeBody::Raw(bytes) = request.body().clone() else {
        return Err(Trouble::new(TroubleCode::Internal, "A part of the file is not bytes.", "Choose the file again."));
    };
    let first = request.headers().contains_key("first");
    let home = belongings.home().clone();
    blocking(move || exchange::receive(&home, &bytes, first)).await?
}

#[tauri::command]
pub(crate) async fn import_messages(
    engine: State<'_, Engine>,
    belongings: State<'_, Belongings>,
) -> Result<Imported, Trouble> {
    let received = exchange::Received::of(belongings.home());
    engine.import(received.path()).await
}
