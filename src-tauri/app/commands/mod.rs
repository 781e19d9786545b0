//! What the window may ask for, each handed on to the engine as it is.
//!
//! Nothing is decided here, and no secret goes out.

use heliograph_core::{
    engine::{Draft, Engine, FeedItem, Place, Snapshot},
    message::{Priority, ReplyStatus},
    notification::Pause,
    store::{Detail, ListPage, ListRequest},
    trouble::{Trouble, TroubleCode},
};
use heliograph_sandbox::{HeliosAct, helios::Stage};
use tauri::{State, ipc::Invoke};

use crate::{process, window::Frame};

mod computer;
mod mailbox;
mod messages;
mod rotation;
mod setup;
mod usage;

#[allow(clippy::wildcard_imports, reason = "the list of commands names them all; in tests the lint is silent")]
use self::{computer::*, mailbox::*, messages::*, rotation::*, setup::*, usage::*};

macro_rules! commands {
    ($($name:ident),* $(,)?) => {
        /// Hands a call of the window to its command; `false` where there is no such command.
        pub(crate) fn handler() -> impl Fn(Invoke) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),*]
        }

        /// The commands' names.
        #[cfg(test)]
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}
include!("../command_list.rs");

/// Runs what blocks on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Trouble::new(TroubleCode::Internal, format!("What was begun did not end: {error}."), "Try again.")
    })
}

/// The way to the sandbox's Helios, where there is a sandbox.
pub(crate) struct Helios(pub(crate) Option<Stage>);

#[tauri::command]
async fn get_snapshot(engine: State<'_, Engine>) -> Result<Snapshot, Trouble> {
    Ok(engine.snapshot())
}

#[tauri::command]
async fn opening(frame: State<'_, Frame>) -> Result<Place, Trouble> {
    Ok(frame.opening())
}

#[tauri::command]
async fn list(engine: State<'_, Engine>, request: ListRequest) -> Result<ListPage, Trouble> {
    engine.list(request).await
}

#[tauri::command]
async fn detail(engine: State<'_, Engine>, seq: i64) -> Result<Detail, Trouble> {
    engine.detail(seq).await
}

#[tauri::command]
async fn mark_read(engine: State<'_, Engine>, seq: i64) -> Result<(), Trouble> {
    engine.mark_read(seq).await
}

#[tauri::command]
async fn mark_all_read(engine: State<'_, Engine>) -> Result<(), Trouble> {
    engine.mark_all_read().await
}

#[tauri::command]
async fn reply(engine: State<'_, Engine>, seq: i64, status: ReplyStatus, text: String) -> Result<Detail, Trouble> {
    engine.reply(seq, status, &text).await
}

#[tauri::command]
async fn send(
    engine: State<'_, Engine>,
    channel: String,
    kind: String,
    text: String,
    priority: Priority,
) -> Result<(), Trouble> {
    engine.send(Draft { channel, kind, text, priority }).await
}

#[tauri::command]
async fn reconnect(engine: State<'_, Engine>) -> Result<(), Trouble> {
    engine.reconnect();
    Ok(())
}

#[tauri::command]
async fn pause_notifications(engine: State<'_, Engine>, pause: Pause) -> Result<(), Trouble> {
    engine.pause(pause);
    Ok(())
}

#[tauri::command]
async fn feed(engine: State<'_, Engine>) -> Result<Vec<FeedItem>, Trouble> {
    Ok(engine.feed())
}

#[tauri::command]
async fn dismiss(engine: State<'_, Engine>, code: TroubleCode) -> Result<(), Trouble> {
    engine.dismiss(code);
    Ok(())
}

#[tauri::command]
async fn earlier(engine: State<'_, Engine>, wanted: bool) -> Result<(), Trouble> {
    engine.earlier(wanted);
    Ok(())
}

#[tauri::command]
async fn sandbox_helios(helios: State<'_, Helios>, act: HeliosAct) -> Result<(), Trouble> {
    let stage = helios.0.clone().ok_or_else(no_sandbox)?;
    stage.act(act).await.map_err(|error| {
        Trouble::new(
            TroubleCode::NotPossible,
            format!("Helios could not do that: {error:#}."),
            "Look at whether the sandbox’s server runs, or start the sandbox again.",
        )
    })
}

fn no_sandbox() -> Trouble {
    Trouble::new(
        TroubleCode::NotPossible,
        "There is no sandbox in this window.",
        "Open the sandbox; it has a window of its own.",
    )
}

/// Starts this program once more as the sandbox; one that runs already shows its window.
#[tauri::command]
async fn open_sandbox() -> Result<(), Trouble> {
    start_sandbox().map_err(|error| {
        Trouble::new(
            TroubleCode::SandboxFailed,
            format!("The sandbox could not be started: {error}."),
            "Run `heliograph --sandbox` in a terminal to see what it says.",
        )
    })
}

fn start_sandbox() -> std::io::Result<()> {
    use std::process::{Command, Stdio};
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--sandbox").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    process::apart(&mut command);
    // It outlives us if it wants to. Meanwhile the runtime collects it when it ends.
    tokio::process::Command::from(command).kill_on_drop(false).spawn()?;
    Ok(())
}
