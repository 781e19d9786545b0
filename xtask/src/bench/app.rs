//! The app as it is installed, and the barest app beside it: started in a session, and ended with the value.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::{processes, server::Server, session::Session};
use crate::place;

/// The channel that tells whether the app listens.
const CHANNEL: &str = "helios→chad";

/// How long the app may take to subscribe, and to end.
const SUBSCRIBING: Duration = Duration::from_secs(30);
const ENDING: Duration = Duration::from_secs(5);

/// A running app.
pub(super) struct App {
    child: Child,
    started: Instant,
}

impl App {
    /// Starts Heliograph without a window, with its files below `home`.
    pub(super) fn start(session: &Session, server: &Server, home: &Path) -> Result<Self> {
        let mut command = session.command(&program(), &["--background"]);
        command.env("HELIOGRAPH_HOME", home).env("UPSTASH_REDIS_URL", server.url());
        Self::spawn(&mut command)
    }

    /// Starts the barest app.
    pub(super) fn bare(session: &Session) -> Result<Self> {
        let program = place::target().join("release/examples/bare_tray");
        Self::spawn(&mut session.command(&program.display().to_string(), &[]))
    }

    fn spawn(command: &mut std::process::Command) -> Result<Self> {
        let started = Instant::now();
        let name = command.get_program().to_string_lossy().into_owned();
        // What libraries say of missing themes and the like is of no interest here.
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self { child: child.with_context(|| format!("cannot start {name}"))?, started })
    }

    /// Waits until it listens, and says how long that took from its start.
    pub(super) fn subscribed(&mut self, server: &Server) -> Result<Duration> {
        while server.listeners(CHANNEL)? == 0 {
            if let Some(status) = self.child.try_wait()? {
                bail!("the app ended at once ({status})");
            }
            if self.started.elapsed() > SUBSCRIBING {
                bail!("the app does not subscribe");
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(self.started.elapsed())
    }

    /// The app's process and all below it.
    pub(super) fn family(&self) -> Vec<u32> {
        processes::family(self.child.id())
    }

    /// Ends it as a log-out would.
    pub(super) fn stop(mut self) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).context("the app has ended by itself")?;
        let until = Instant::now() + ENDING;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                bail!("the app does not end");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // Fails only where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The app's program.
pub(super) fn program() -> String {
    place::target().join("release/heliograph").display().to_string()
}

/// Lets every task notify by itself, whatever their number.
pub(super) fn notify_always(home: &Path) -> Result<()> {
    let config: PathBuf = home.join("config");
    fs::create_dir_all(&config)?;
    Ok(fs::write(config.join("config.toml"), "[notifications]\none_by_one = 1000000\n")?)
}
