//! The program and `clients/python/heliograph.py` through a whole change of the key: sealed, left in the mailbox, opened
//! there, and acknowledged, while both sides record tasks for the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use heliograph_sandbox::{Github, GithubOptions, upstash::Habits};
use rustix::process::Signal;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{
    ground::Ground,
    journal::{STAGES, watch},
    secrets::Pages,
    voice::Voice,
};
use crate::session::{FROM_CHAD, LIMIT, Options, Running, Window, holds};

/// The system's own, where redis-py is installed.
const PYTHON: &str = "/usr/bin/python3";

/// The time between two tasks of Helios's, and between two of ours.
const EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(50)];

/// The same where nobody is cut off.
const OFTEN: [Duration; 2] = [Duration::from_millis(20); 2];

/// Helios, in a program of its own.
struct Helios {
    program: Running,
    said: Arc<Mutex<Vec<Value>>>,
}

impl Helios {
    fn command(ground: &Ground, github: &Github) -> Command {
        let mut command = ground.session.environment.command(Path::new(PYTHON));
        // Where `cargo xtask test` puts what the system has no package for.
        let libraries = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("python");
        command
            .env("PYTHONPATH", libraries)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("UPSTASH_REDIS_URL", &ground.old)
            .env("SSL_CERT_FILE", ground.upstash.ca_file())
            .env("GITHUB_API_URL", github.url())
            .env("GITHUB_TOKEN", github.other_token().expose_secret())
            .env("GITHUB_REPOSITORY", github.repository())
            .env("GITHUB_ALLOWED", github.login())
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python"));
        command
    }

    /// Its public key, which it makes for this.
    fn public_key(ground: &Ground, github: &Github, state: &Path) -> String {
        let script = "import sys, heliograph\nprint(heliograph.Helios.connect(state=sys.argv[1]).public_key)";
        let mut command = Self::command(ground, github);
        let output = command.args(["-c", script]).arg(state.join("helios.json")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn start(ground: &Ground, github: &Github, state: &Path, every: Duration) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Self::command(ground, github);
        command.arg(here.join("tests/soak/fleet.py")).arg(here.join("clients/python")).arg(state);
        command.args(["helios", &every.as_secs_f64().to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(File::create(state.join("helios.out")).unwrap());
        let mut program = Running::start(&mut command);
        let said = Arc::<Mutex<Vec<Value>>>::default();
        let (lines, all) = (BufReader::new(program.child().stdout.take().unwrap()).lines(), Arc::clone(&said));
        // It ends with the program.
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| all.lock().unwrap().push(serde_json::from_str(&line).unwrap()));
        });
        Self { program, said }
    }

    /// What it said of that kind.
    fn said(&self, event: &str) -> Vec<Value> {
        self.said.lock().unwrap().iter().filter(|one| one["event"] == event).cloned().collect()
    }

    async fn rests(&mut self) {
        self.program.child().stdin.as_mut().unwrap().write_all(b"rest\n").unwrap();
        holds("everything of Helios's is sent", LIMIT, async || !self.said("resting").is_empty()).await;
    }
}

/// Somebody beside the program records tasks for Helios, with the key of the moment. Gives the ids of those that are
/// recorded.
fn record(ground: &Arc<Ground>, stop: &Arc<AtomicBool>, every: Duration) -> JoinHandle<Vec<String>> {
    let (ground, stop) = (Arc::clone(ground), Arc::clone(stop));
    tokio::spawn(async move {
        let (mut recorded, mut voice) = (Vec::new(), ground.voice().await);
        while !stop.load(Ordering::Acquire) {
            let id = format!("chad-{}", recorded.len());
            let message = json!({ "from": "chad", "type": "task", "id": id, "data": { "title": "For Helios" } });
            // It comes once, by its id, however often it is sent.
            while voice.record(FROM_CHAD, &message).await.is_err() {
                if let Ok(new) = Voice::connect(&ground.address(), ground.upstash.ca_file()).await {
                    voice = new;
                }
            }
            recorded.push(id);
            tokio::time::sleep(every).await;
        }
        recorded
    })
}

fn settings(github: &Github, key: &str) -> String {
    let (repository, login) = (github.repository(), github.other_login());
    format!(
        "[heartbeat]\nevery = 1\n[mailbox]\nrepository = {repository:?}\nallowed = [{login:?}]\n\
         [rotation]\nhandover = \"sealed\"\nhelios_key = {key:?}\n"
    )
}

/// Both run, and tasks go both ways.
struct Together {
    ground: Arc<Ground>,
    window: Window,
    app: u32,
    helios: Helios,
    stop: Arc<AtomicBool>,
    recording: JoinHandle<Vec<String>>,
    // What they need stands for as long.
    _github: Github,
    _state: TempDir,
}

impl Together {
    async fn start(ground: Ground, every: [Duration; 2]) -> Self {
        let (github, state) = (Github::start(GithubOptions::default()).await.unwrap(), tempfile::tempdir().unwrap());
        let key = Helios::public_key(&ground, &github, state.path());
        std::fs::write(ground.session.home().join("config/config.toml"), settings(&github, &key)).unwrap();
        let token = github.token().expose_secret().to_owned();
        ground.session.keep_as("github-token", &token);
        ground.keep_out(&token);
        let window = ground.session.window(&ground.begin().variable("GITHUB_API_URL", github.url())).await;
        let app = window.app();
        ground.watch(app);
        ground.session.tray().shows("Connected").await;
        let helios = Helios::start(&ground, &github, state.path(), every[0]);
        let tasks = "SELECT count(*) > 5 FROM messages WHERE sender = 'helios' AND kind = 'task'";
        holds("Helios's tasks come", LIMIT, async || ground.session.inbox().ask::<bool>(tasks) == Some(true)).await;
        let (ground, stop) = (Arc::new(ground), Arc::<AtomicBool>::default());
        let recording = record(&ground, &stop, every[1]);
        let hears = || helios.said("heard").iter().any(|one| one["kind"] == "task");
        holds("Helios hears tasks", LIMIT, async || hears()).await;
        Self { ground, window, app, helios, stop, recording, _github: github, _state: state }
    }
}

/// A change that went well, of which Helios's own word was the end.
fn went_well(receipt: Option<Value>, journal: &Value) -> Value {
    let receipt = receipt.unwrap_or_else(|| panic!("there is no receipt: {journal}"));
    assert_eq!(receipt["outcome"], "done", "{receipt}");
    assert_eq!(receipt["acknowledged"]["by"], "helios", "{receipt}");
    assert_eq!((&receipt["handed_over"]["way"], &receipt["handed_over"]["worked"]), (&json!("sealed"), &json!(true)));
    assert!(receipt["outage_ms"].is_u64(), "{receipt}");
    receipt
}

async fn both_through_it(cuts_connections: bool) {
    let ground = Ground::start("", Options::default()).await;
    ground.upstash.adopt(Habits { cuts_connections, ..Habits::default() });
    let together = Together::start(ground, EVERY).await;
    let Together { ground, window, app, mut helios, stop, recording, _github, _state } = together;
    window.press("Keys").await;
    let pages = Pages::of(&window);
    let stages = watch(&ground.database(), |_| ControlFlow::Continue(()));
    window.press("Rotate now").await;
    // Nothing is missing, so nothing is asked.
    let (receipt, journal) = ground.ends().await;
    window.button("Rotate now").await;
    ground.session.screenshot(if cuts_connections { "keys-sealed-cut" } else { "keys-sealed-kept" });
    let receipt = went_well(receipt, &journal);
    let seen = tokio::task::spawn_blocking(|| stages.join().unwrap()).await.unwrap();
    // One that passes within a millisecond is not seen; each that is must be one at which somebody is killed.
    let mut order = STAGES.iter();
    assert!(seen.iter().all(|seen| order.any(|stage| stage == seen)), "{seen:?}");

    nothing_is_lost(&ground, &mut helios, recording, &stop).await;
    println!("outage {} ms, stages {seen:?}", receipt["outage_ms"]);
    pages.hold_none(&ground, "rotated together");
    ground.session.tray().shows("Connected").await;
    ground.ends_well(app, 1, "rotated together").await;
    window.ends_by(Signal::TERM).await;
}

/// First each becomes a user of its own, and then the key is changed, at fifty messages a second both ways.
async fn both_without_being_cut_off() {
    let ground = Ground::paid("").await;
    let together = Together::start(ground, OFTEN).await;
    let Together { ground, window, app, mut helios, stop, recording, _github, _state } = together;
    window.press("Keys").await;
    window.press("See whether this database can").await;
    window.has_come_to_rest().await;
    window.press("Make them users").await;
    let (receipt, journal) = ground.ends().await;
    assert_eq!(went_well(receipt, &journal)["outage_ms"], 0);
    let moved = ground.session.kept("redis-url").unwrap();
    window.button("Rotate now").await;
    window.has_come_to_rest().await;
    window.press("Rotate now").await;
    let first = journal["id"].as_str().unwrap();
    let another = || ground.standing().is_some_and(|now| now.id != first);
    holds("another change has begun", LIMIT, async || another()).await;
    let (receipt, journal) = ground.ends().await;
    let receipt = went_well(receipt, &journal);
    assert_eq!((&receipt["plan"], &receipt["outage_ms"]), (&json!("overlap"), &json!(0)), "{receipt}");
    window.says("Each agent is a user of its own").await;
    ground.session.screenshot("keys-users");

    nothing_is_lost(&ground, &mut helios, recording, &stop).await;
    assert_eq!(helios.said("failed"), [] as [Value; 0], "nothing of Helios's was refused");
    assert!(Voice::connect(&moved, ground.upstash.ca_file()).await.is_err(), "the key from before is dead");
    ground.ends_as("chad", app, "users").await;
    window.ends_by(Signal::TERM).await;
}

async fn nothing_is_lost(ground: &Ground, helios: &mut Helios, recording: JoinHandle<Vec<String>>, stop: &AtomicBool) {
    helios.rests().await;
    stop.store(true, Ordering::Release);
    let recorded = recording.await.unwrap();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let sent = [helios.said("recorded"), helios.said("mailed")].concat();
    let sent: BTreeSet<String> =
        sent.iter().map(|one| text(one, "id")).filter(|id| id.starts_with("helios-")).collect();
    let stored = || -> BTreeSet<String> {
        let all = ground.session.inbox().all("SELECT id FROM messages WHERE sender = 'helios' AND kind = 'task'");
        all.into_iter().collect()
    };
    // What was left in the mailbox meanwhile is fetched now and then, and at once when somebody asks for it.
    ground.session.tray().click("Reconnect now").await;
    holds("every task of Helios's is here", LIMIT, async || stored().is_superset(&sent)).await;
    assert_eq!(stored(), sent);
    let heard = || {
        let mut heard: BTreeMap<String, u32> = BTreeMap::new();
        for one in helios.said("heard").iter().filter(|one| one["id"].is_string()) {
            *heard.entry(text(one, "id")).or_default() += 1;
        }
        heard
    };
    holds("every task of ours is with Helios", LIMIT, async || {
        let heard = heard();
        recorded.iter().all(|id| heard.contains_key(id))
    })
    .await;
    assert!(heard().iter().all(|(_, times)| *times == 1), "one came twice: {:?}", heard());
    let told = || -> BTreeSet<String> {
        helios.said("heard").iter().filter(|one| one["status"] == "received").map(|one| text(one, "reply_to")).collect()
    };
    holds("Helios knows of each that it was received", LIMIT, async || told().is_superset(&sent)).await;
    println!("{} tasks there, {} back, {} mailed", sent.len(), recorded.len(), helios.said("mailed").len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_become_users_and_change_their_keys_without_being_cut_off() {
    both_without_being_cut_off().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_come_through_it_where_connections_are_cut() {
    both_through_it(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_come_through_it_where_connections_are_kept() {
    both_through_it(false).await;
}
