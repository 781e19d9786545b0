//! The program itself, started in a session.

use std::{fs::File, path::Path, process::ExitStatus, time::Duration};

use rustix::process::Signal;

use super::{
    LIMIT, Session,
    running::{Running, below},
};

/// How long the program may take to end.
pub(crate) const END: Duration = Duration::from_secs(2);

/// How the program is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Start {
    /// With a database.
    pub(crate) fn with(address: impl Into<String>) -> Self {
        Self::default().variable("UPSTASH_REDIS_URL", address)
    }

    /// With these words on the command line.
    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Without a window.
    pub(crate) fn in_background(self) -> Self {
        self.arguments(&["--background"])
    }

    pub(super) fn words(&self) -> &[String] {
        &self.arguments
    }

    pub(super) fn variables(&self) -> &[(&'static str, String)] {
        &self.variables
    }
}

/// The program, running.
#[derive(Debug)]
pub(crate) struct App(Running);

/// The program's file.
pub(super) fn file() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_heliograph"))
}

impl Session {
    /// Starts the program. What it writes to the terminal goes to `app.out`.
    pub(crate) fn app(&self, start: &Start) -> App {
        let out = File::options().create(true).append(true).open(self.root().join("app.out")).unwrap();
        let mut command = self.environment.command(file());
        command.args(start.words()).envs(start.variables().iter().map(|(name, value)| (name, value)));
        command.stdin(std::process::Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        App(Running::start(&mut command))
    }
}

impl App {
    pub(crate) fn pid(&self) -> u32 {
        self.0.pid()
    }

    pub(crate) fn lives(&mut self) -> bool {
        self.0.ended().is_none()
    }

    /// Its web processes.
    pub(crate) fn web_processes(&self) -> Vec<(u32, String)> {
        below(self.pid()).into_iter().filter(|(_, name)| name.starts_with("WebKitWeb")).collect()
    }

    /// Ends it as a crash would. What it started lives on as long as this value does.
    pub(crate) async fn kill(&mut self) {
        self.0.signal(Signal::KILL);
        self.0.ends_within(LIMIT).await;
    }

    /// Waits for its end.
    pub(crate) async fn ends_within(&mut self, limit: Duration) -> (Duration, ExitStatus) {
        self.0.ends_within(limit).await
    }

    /// Asks it to end, and sees that it does so in time and well.
    pub(crate) async fn ends_when_asked(mut self) {
        self.0.signal(Signal::TERM);
        let (took, status) = self.0.ends_within(END).await;
        assert!(status.success(), "it ended with {status} after {took:?}");
    }
}
