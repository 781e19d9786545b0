//! Helios and a fleet of agents beside it, all in one Python program on `clients/python/heliograph.py`.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;

use crate::{
    ground::{Entry, Ground, read_entry},
    ledger::Ledger,
    session::{Running, Session, holds},
};
use secrecy::ExposeSecret as _;

/// The system's own, where redis-py is installed.
const PYTHON: &str = "/usr/bin/python3";

/// So many agents, Helios among them.
const AGENTS: usize = 20;

/// All of them together send so many tasks a second.
const RATE: f64 = 4.0;

/// How long whatever is on its way may take to be sent after the last fault.
const RESTS: Duration = Duration::from_mins(1);

pub(crate) struct Fleet {
    program: Running,
    ledger: Arc<Mutex<Ledger>>,
    folder: PathBuf,
}

/// Helios first.
pub(crate) fn names() -> Vec<String> {
    std::iter::once("helios".to_owned()).chain((1..AGENTS).map(|number| format!("agent{number:02}"))).collect()
}

impl Fleet {
    /// Starts them; they begin to send at once.
    pub(crate) fn start(session: &Session, ground: &Ground) -> Self {
        let folder = session.root().join("fleet");
        fs::create_dir_all(&folder).unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let every = f64::from(u32::try_from(AGENTS).unwrap()) / RATE;
        let mut command = session.environment.command(Path::new(PYTHON));
        command.arg(here.join("tests/soak/fleet.py")).arg(here.join("clients/python")).arg(&folder);
        command.arg(names().join(",")).arg(every.to_string());
        let github = &ground.github;
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("UPSTASH_REDIS_URL", ground.redis.url().expose_secret())
            .env("SSL_CERT_FILE", ground.redis.ca_file())
            .env("GITHUB_API_URL", github.url())
            .env("GITHUB_TOKEN", github.other_token().expose_secret())
            .env("GITHUB_REPOSITORY", github.repository())
            .env("GITHUB_ALLOWED", github.login());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(File::create(session.root().join("fleet.out")).unwrap());
        let mut program = Running::start(&mut command);
        let ledger = Arc::<Mutex<Ledger>>::default();
        let lines = BufReader::new(program.child().stdout.take().unwrap()).lines();
        let book = Arc::clone(&ledger);
        // It ends with the program.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| book.lock().unwrap().read(&line)));
        Self { program, ledger, folder }
    }

    /// What they have said so far.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.ledger.lock().unwrap())
    }

    /// Lets them send nothing new, and waits until what is on its way is sent.
    pub(crate) async fn rest(&mut self) {
        self.program.child().stdin.as_mut().unwrap().write_all(b"rest\n").unwrap();
        holds("everything is sent", RESTS, async || self.look(|ledger| ledger.resting)).await;
    }

    /// How far each has read the record of its own channel.
    pub(crate) fn cursors(&self) -> HashMap<String, Entry> {
        let cursor = |name: String| {
            let kept: Value = serde_json::from_slice(&fs::read(self.folder.join(format!("{name}.json"))).ok()?).ok()?;
            let channel = format!("chad→{name}");
            let entry = read_entry(kept["cursors"][&channel].as_str()?);
            Some((channel, entry))
        };
        names().into_iter().filter_map(cursor).collect()
    }
}
