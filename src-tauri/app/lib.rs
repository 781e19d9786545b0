//! The shell of Heliograph: tray, window, notifications, and the process around them.
//!
//! The only place that names tauri. What is decided about messages is decided in `heliograph_core`.

mod about;
mod autostart;
mod belongings;
mod clipboard;
mod commands;
mod computer;
mod events;
mod exchange;
mod flags;
mod instance;
mod log;
mod notify;
mod process;
mod shell;
mod shutdown;
mod start;
#[cfg(test)]
mod surface;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod test_bus;
mod tray;
mod tray_host;
mod web;
mod window;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use clap::Parser as _;

use crate::{
    clipboard::Copies, commands::Helios, flags::Flags, log::Log, process::Surroundings, shell::Parts,
    shutdown::Shutdown,
};

/// The program's name, as people read it.
const NAME: &str = "Heliograph";
/// How long the last threads may take once everything has been stopped.
const LAST_THREADS: Duration = Duration::from_millis(100);

/// Runs the program. Must be the first thing that happens in it, while it has one thread.
pub fn run() -> ExitCode {
    process::harden();
    let surroundings = Surroundings::take();
    let flags = Flags::parse();
    match begin(&flags, surroundings) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("the program could not start: {error:#}");
            // There may be no terminal; then the log has to do.
            let _ = writeln!(io::stderr(), "heliograph: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn begin(flags: &Flags, surroundings: Surroundings) -> Result<ExitCode> {
    let home = start::home(flags, &surroundings)?;
    let log = begin_log(&home.logs, surroundings.log.as_deref());
    let mut context = tauri::generate_context!();
    let name = instance::identifier(&context.config().identifier, flags.sandbox, surroundings.home.as_deref());
    context.config_mut().identifier = name;
    let instance = match instance::claim(&home) {
        Ok(Some(instance)) => Some(instance),
        Ok(None) => return Ok(instance::hand_over(context)),
        Err(error) => {
            tracing::warn!(%error, "whether another one runs cannot be told");
            None
        }
    };

    let runtime = start::runtime()?;
    tauri::async_runtime::set(runtime.handle().clone());
    let (notifier, presses) = notify::start();
    let (engine, sandbox) = start::engine(&runtime, &home, flags, surroundings, notifier);
    let helios = Helios(sandbox.as_ref().map(heliograph_sandbox::Sandbox::stage));
    let copies = Copies::default();
    let shutdown = Shutdown::new(runtime.handle().clone(), engine.clone(), sandbox, log.clone(), copies.clone());
    let signals = runtime.spawn(end_when_asked(Arc::clone(&shutdown)));
    let parts = Parts {
        flags: flags.clone(),
        home,
        engine,
        helios,
        copies,
        presses,
        shutdown,
        runtime: runtime.handle().clone(),
    };
    let code = shell::run(context, parts);

    tracing::debug!("the main loop has ended");
    signals.abort();
    runtime.shutdown_timeout(LAST_THREADS);
    tracing::debug!("ended");
    if let Some(log) = log {
        log.flush();
    }
    drop(instance);
    Ok(u8::try_from(code?).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The log is not worth failing for.
fn begin_log(folder: &std::path::Path, level: Option<&str>) -> Option<Log> {
    log::panics();
    match log::start(folder, level) {
        Ok(log) => {
            tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting");
            Some(log)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "heliograph: there is no log: {error}");
            None
        }
    }
}

async fn end_when_asked(shutdown: Arc<Shutdown>) {
    match process::asked_to_stop().await {
        Ok(()) => shutdown.begin(),
        Err(error) => tracing::warn!(%error, "signals cannot be heard"),
    }
}
