//! The one way out: the tray's *Quit*, a signal, the end of the session.
//!
//! In order, and within two seconds whatever hangs.

use std::{
    io::{self, Write as _},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use heliograph_core::{engine::Engine, home::Home};
use heliograph_sandbox::Sandbox;
use tauri::AppHandle;
use tokio::{runtime::Handle, task::spawn_blocking, time::timeout};

use crate::{clipboard::Copies, log::Log, process};

/// What the engine may take; it needs a few milliseconds unless its disk hangs.
const ENGINE: Duration = Duration::from_millis(1200);
/// What the sandbox may take.
const SANDBOX: Duration = Duration::from_millis(400);
/// What taking a secret off the clipboard may take.
const CLIPBOARD: Duration = Duration::from_millis(150);
/// When the process ends though something hangs, and when it ends though even that hangs.
const LIMIT: Duration = Duration::from_millis(1800);
const LAST_LIMIT: Duration = Duration::from_millis(1950);

/// Everything that has to be stopped.
pub(crate) struct Shutdown {
    runtime: Handle,
    engine: Engine,
    sandbox: Mutex<Option<Sandbox>>,
    log: Option<Log>,
    app: OnceLock<AppHandle>,
    begun: AtomicBool,
    /// Files to be removed once everything has let go of them.
    forget: OnceLock<Home>,
    copies: Copies,
}

impl Shutdown {
    pub(crate) fn new(
        runtime: Handle,
        engine: Engine,
        sandbox: Option<Sandbox>,
        log: Option<Log>,
        copies: Copies,
    ) -> Arc<Self> {
        let shutdown = Self {
            runtime,
            engine,
            sandbox: Mutex::new(sandbox),
            log,
            app: OnceLock::new(),
            begun: AtomicBool::new(false),
            forget: OnceLock::new(),
            copies,
        };
        Arc::new(shutdown)
    }

    /// From now on the window and the tray are part of what ends.
    pub(crate) fn attach(&self, app: AppHandle) {
        // Set once, by the one start there is.
        let _ = self.app.set(app);
    }

    /// Begins the end, and at the end of it removes all our files.
    pub(crate) fn begin_and_forget(self: &Arc<Self>, home: Home) {
        // Asked for once: the program ends.
        let _ = self.forget.set(home);
        self.begin();
    }

    /// Begins the end and returns at once. The second call and every further one does nothing.
    pub(crate) fn begin(self: &Arc<Self>) {
        if self.begun.swap(true, Ordering::AcqRel) {
            return;
        }
        tracing::info!("ending");
        watchdog(LIMIT, || std::process::exit(1));
        watchdog(LAST_LIMIT, || std::process::abort());
        let this = Arc::clone(self);
        // Owned by the runtime, which ends after it or, at the latest, with the process.
        self.runtime.spawn(async move { this.run().await });
    }

    async fn run(&self) {
        if timeout(ENGINE, self.engine.stop()).await.is_err() {
            tracing::warn!("the engine did not stop in time");
        }
        tracing::debug!("the engine has stopped");
        let sandbox = self.sandbox.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sandbox) = sandbox
            && timeout(SANDBOX, sandbox.stop()).await.is_err()
        {
            tracing::warn!("the sandbox did not stop in time");
        }
        let copies = self.copies.clone();
        if timeout(CLIPBOARD, spawn_blocking(move || copies.clear())).await.is_err() {
            tracing::warn!("the clipboard could not be cleared in time");
        }
        tracing::debug!("leaving the main loop");
        if let Some(log) = &self.log {
            log.flush();
        }
        if let Some(home) = self.forget.get() {
            forget(home);
        }
        match self.app.get() {
            Some(app) => app.exit(0),
            None => std::process::exit(0),
        }
    }
}

/// Removes our files. One that cannot be removed stays; there is no longer anywhere to say so but here.
fn forget(home: &Home) {
    // Whatever they wrote while the folder is emptied would keep it.
    process::end_web_processes();
    for folder in [&home.logs, &home.config, &home.data] {
        if let Err(error) = std::fs::remove_dir_all(folder) {
            let _ = writeln!(io::stderr(), "heliograph: {} could not be removed: {error}", folder.display());
        }
    }
}

/// A thread, because a hanging runtime or main loop is what it is there for.
fn watchdog(limit: Duration, end: fn() -> !) {
    let started = thread::Builder::new().name("watchdog".into()).spawn(move || {
        thread::sleep(limit);
        end();
    });
    if let Err(error) = started {
        tracing::error!(%error, "the end of the program is not watched");
    }
}
