//! The program as the desktop sees it: tray, window, commands, and the tasks between them and the engine.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use heliograph_core::{engine::Engine, home::Home};
use tauri::{AppHandle, Context, Manager as _, RunEvent, WindowEvent, Wry};
use tokio::{runtime::Handle, sync::mpsc, task::JoinSet};

use crate::{
    autostart,
    belongings::Belongings,
    clipboard::Copies,
    commands::{self, Helios},
    events,
    flags::Flags,
    instance,
    notify::{self, Press},
    shutdown::Shutdown,
    tray::{self, Tray},
    tray_host,
    window::{self, Frame},
};

/// What the shell is made of.
pub(crate) struct Parts {
    pub(crate) flags: Flags,
    pub(crate) home: Home,
    pub(crate) engine: Engine,
    pub(crate) helios: Helios,
    pub(crate) copies: Copies,
    pub(crate) presses: mpsc::Receiver<Press>,
    pub(crate) shutdown: Arc<Shutdown>,
    pub(crate) runtime: Handle,
}

/// Runs the main loop until the program ends, and says with which code.
///
/// Fails where there is no display, or the system refuses for another reason.
pub(crate) fn run(context: Context<Wry>, mut parts: Parts) -> Result<i32> {
    let helios = std::mem::replace(&mut parts.helios, Helios(None));
    let app = tauri::Builder::default()
        .plugin(instance::listen(parts.engine.clone()))
        .manage(parts.engine.clone())
        .plugin(autostart::plugin())
        .manage(helios)
        .manage(parts.copies.clone())
        .manage(Belongings::new(parts.home.clone(), parts.flags.sandbox, Arc::clone(&parts.shutdown)))
        .manage(Frame::new(&parts.home, parts.flags.sandbox))
        .invoke_handler(commands::handler())
        .build(context)
        .context("the desktop cannot be reached")?;
    parts.shutdown.attach(app.handle().clone());

    let runtime = parts.runtime.clone();
    let mut parts = Some(parts);
    // They end with the engine, and at the latest with the main loop, which owns them.
    let mut tasks = JoinSet::new();
    Ok(app.run_return(move |app, event| match event {
        RunEvent::Ready => {
            if let Some(parts) = parts.take() {
                begin(app, parts, &mut tasks);
            }
        }
        // The last window was closed. Only *Quit* ends the program, and that comes with a code.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        RunEvent::WindowEvent { event: WindowEvent::Destroyed, .. } => {
            while tasks.try_join_next().is_some() {}
            tasks.spawn_on(window::tidy(app.clone()), &runtime);
        }
        RunEvent::Exit => tasks.abort_all(),
        _ => {}
    }))
}

/// The main loop runs: puts the icon into the tray and starts what goes between the desktop and the engine.
fn begin(app: &AppHandle, parts: Parts, tasks: &mut JoinSet<()>) {
    let tray = tray(app, &parts);
    let Parts { flags, engine, presses, runtime, .. } = parts;
    // Before anything asks for a place, so that nothing is missed.
    let events = engine.events();
    let _inside = runtime.enter();
    tasks.spawn(events::carry(events, app.clone(), tray));
    tasks.spawn(notify::hand_on(presses, engine.clone()));
    let place = flags.place();
    if !flags.sandbox {
        let app = app.clone();
        tasks.spawn_blocking(move || autostart::repair(&app));
    }
    tasks.spawn(tray_host::attend(engine.clone(), place.is_none()));
    if let Some(place) = place {
        engine.open(place);
    }
}

/// The icon; without it the program still works, and [`tray_host`] sees to it that there is a window.
fn tray(app: &AppHandle, parts: &Parts) -> Option<Tray> {
    let Parts { flags, home, engine, shutdown, .. } = parts;
    // The library panics where the system's own library for icons is not installed.
    let built = catch_unwind(AssertUnwindSafe(|| tray::build(app, home, engine, shutdown, flags.sandbox)));
    match built {
        Ok(Ok(tray)) => {
            tray.show(&engine.snapshot());
            app.manage(tray.clone());
            Some(tray)
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "there is no tray icon");
            None
        }
        Err(_) => None,
    }
}
