//! The measuring programs: started, waited for, and asked what they found. None outlives its value here.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{place, program::program};

/// How long a program may take to get ready, and how long to its result.
const READY: Duration = Duration::from_secs(30);
const RESULT: Duration = Duration::from_mins(15);

/// A program that runs and says what it finds, line by line.
pub(super) struct Measured {
    name: String,
    child: Child,
    lines: Receiver<String>,
}

impl Measured {
    /// Starts one of our own measuring programs.
    pub(super) fn ours(name: &str, arguments: &[(&str, String)]) -> Result<Self> {
        Self::start(&mut command(name, arguments))
    }

    /// Starts the subscriber in Python.
    pub(super) fn python(port: u16, count: usize) -> Result<Self> {
        let script = place::root().join("bench/redis_py.py");
        let mut command =
            program(python()?, [script.as_os_str(), OsStr::new(&port.to_string()), OsStr::new(&count.to_string())]);
        Self::start(&mut command)
    }

    /// Starts a program that says lines on its standard output.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let about = || format!("cannot start {name}");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(about)?;
        let output = child.stdout.take().with_context(about)?;
        let (said, lines) = mpsc::channel();
        // Ends with the program, whose end closes the pipe.
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.take_while(|line| said.send(line.clone()).is_ok()).for_each(drop);
        });
        Ok(Self { name, child, lines })
    }

    /// Waits until it can be measured.
    pub(super) fn ready(self) -> Result<Self> {
        match self.line(READY)?.as_str() {
            "ready" => Ok(self),
            other => bail!("{} says {other:?} instead of being ready", self.name),
        }
    }

    /// The next thing it says.
    pub(super) fn line(&self, limit: Duration) -> Result<String> {
        self.lines.recv_timeout(limit).with_context(|| format!("{} says nothing", self.name))
    }

    /// The next thing it says, as JSON.
    pub(super) fn found(&self) -> Result<Value> {
        let line = self.line(RESULT)?;
        serde_json::from_str(&line).with_context(|| format!("{} says {line:?}", self.name))
    }

    /// Asks it what it has found up to now.
    pub(super) fn ask(&mut self) -> Result<Value> {
        let input = self.child.stdin.as_mut().context("it cannot be asked")?;
        input.write_all(b"\n")?;
        self.found()
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        // Fails only where it has ended by itself, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One of our own measuring programs, run to its end.
pub(super) fn result(name: &str, arguments: &[(&str, String)]) -> Result<Value> {
    Measured::ours(name, arguments)?.found()
}

/// A number that a program found.
pub(super) fn number(found: &Value, path: &str) -> Result<f64> {
    found.pointer(path).and_then(Value::as_f64).with_context(|| format!("there is no {path} in {found}"))
}

fn command(name: &str, arguments: &[(&str, String)]) -> Command {
    let program: PathBuf = place::target().join("release/heliograph-bench");
    let mut command = Command::new(program);
    command.arg(name);
    for (key, value) in arguments {
        command.arg(format!("--{key}")).arg(value);
    }
    command
}

/// The Python that has redis-py: the system's own before any other.
fn python() -> Result<&'static str> {
    let has = |name: &&str| {
        let mut question = Command::new(name);
        question.args(["-c", "import redis, hiredis"]).stderr(Stdio::null());
        question.status().is_ok_and(|status| status.success())
    };
    ["/usr/bin/python3", "python3"].into_iter().find(has).context("there is no Python with redis and hiredis")
}
