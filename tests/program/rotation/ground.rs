//! What a rotation stands on: an account with a database, a session whose keychain holds both keys, and somebody who
//! looks all the time at what our processes were started with.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use heliograph_sandbox::{Upstash, UpstashOptions};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    journal::{Standing, standing},
    voice::Voice,
};
use crate::session::{Keychain, LIMIT, Options, Session, Start, TO_CHAD, Window, below, found, holds};

pub(crate) struct Ground {
    pub(crate) session: Session,
    pub(crate) upstash: Upstash,
    id: String,
    /// The address before anything happened.
    pub(crate) old: String,
    folder: TempDir,
    /// Every secret that there ever was.
    secrets: Mutex<BTreeSet<String>>,
    watched: Watched,
}

impl Ground {
    /// With these settings beside a heartbeat every second.
    pub(crate) async fn start(settings: &str, options: Options) -> Self {
        Self::on(false, settings, options).await
    }

    /// The same with a database that is paid for, which can have users.
    pub(crate) async fn paid(settings: &str) -> Self {
        Self::on(true, settings, Options::default()).await
    }

    async fn on(paid: bool, settings: &str, options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstash = Upstash::start(folder.path(), UpstashOptions::default()).await.unwrap();
        let id = if paid { upstash.make_paid("calm-owl").await } else { upstash.make("calm-owl").await }.unwrap();
        let old = upstash.database_url(&id).unwrap().expose_secret().to_owned();
        let session = Session::start(Options { keychain: Keychain::Holding(old.clone()), ..options }).await;
        let settings = format!("[heartbeat]\nevery = 1\n{settings}");
        fs::write(session.home().join("config/config.toml"), settings).unwrap();
        let key = upstash.key().expose_secret().to_owned();
        session.keep_as("upstash-api", &json!({ "email": upstash.email(), "key": key }).to_string());
        let secrets = Mutex::new([key].into());
        let ground = Self { session, upstash, id, old, folder, secrets, watched: Watched::start() };
        ground.address();
        ground
    }

    pub(crate) fn begin(&self) -> Start {
        Start::default()
            .variable("UPSTASH_API_URL", self.upstash.url())
            .variable("SSL_CERT_FILE", self.upstash.ca_file().display().to_string())
            .variable("HELIOGRAPH_LOG", "trace")
    }

    /// The address that is right at present.
    pub(crate) fn address(&self) -> String {
        let address = self.upstash.database_url(&self.id).unwrap().expose_secret().to_owned();
        self.keep_out(key_in(&address));
        address
    }

    /// From now on this is a secret as well.
    pub(crate) fn keep_out(&self, secret: &str) {
        self.secrets.lock().unwrap().insert(secret.to_owned());
    }

    /// The keys that are in the keychain at present are secrets as well.
    pub(crate) fn keep_out_what_is_kept(&self) {
        for name in ["redis-url", "redis-url-next", "redis-url-previous", "redis-url-peer", "redis-url-default"] {
            if let Some(address) = self.session.kept(name) {
                self.keep_out(key_in(&address));
            }
        }
    }

    pub(crate) fn resets(&self) -> u32 {
        self.upstash.resets(&self.id).unwrap()
    }

    /// The program's file of messages.
    pub(crate) fn database(&self) -> PathBuf {
        self.session.home().join("data/messages.db")
    }

    pub(crate) fn standing(&self) -> Option<Standing> {
        standing(&self.database())
    }

    /// Waits until the newest rotation is at this stage.
    pub(crate) async fn reaches(&self, stage: &str) {
        let what = format!("the rotation is at {stage}");
        holds(&what, LIMIT * 2, async || self.standing().is_some_and(|now| now.stage == stage)).await;
    }

    /// Waits until it has ended, and gives its receipt, where it has one, and its journal.
    pub(crate) async fn ends(&self) -> (Option<Value>, Value) {
        holds("the rotation has ended", LIMIT * 3, async || self.standing().is_some_and(|now| now.ended)).await;
        let ask = |column: &str| {
            let question = format!("SELECT {column} FROM rotations ORDER BY id DESC LIMIT 1");
            let text: Option<String> = self.session.inbox().ask(&question);
            text.map(|text| serde_json::from_str(&text).unwrap())
        };
        (ask("receipt"), ask("journal").expect("there is a journal"))
    }

    /// Somebody with the key of the moment.
    pub(crate) async fn voice(&self) -> Voice {
        Voice::connect(&self.address(), self.upstash.ca_file()).await.unwrap()
    }

    /// Helios says something, with the key of the moment, and with a record, so that nobody need listen.
    pub(crate) async fn helios_says(&self, kind: &str, data: Value) {
        let message = json!({ "from": "helios", "type": kind, "data": data });
        self.voice().await.record(TO_CHAD, &message).await.unwrap();
    }

    /// Helios was ready for a change of the key once, and this is known.
    pub(crate) async fn helios_was_ready(&self) {
        self.helios_says("rotation.ready", json!({ "rotation_id": "earlier" })).await;
        let known = "SELECT value = 'true' FROM kept WHERE name = 'rotation_ready_seen'";
        holds("it is known that Helios can be ready", LIMIT, async || {
            self.session.inbox().ask::<bool>(known) == Some(true)
        })
        .await;
    }

    /// The database's server.
    pub(crate) async fn server(&self) -> u32 {
        let folder = self.folder.path().display().to_string();
        found("the server runs", LIMIT, async || {
            process(&|words| words.contains("redis-server") && words.contains(&folder))
        })
        .await
    }

    /// Whoever looks at what our processes were started with looks at this one too.
    pub(crate) fn watch(&self, app: u32) {
        self.watched.add(app);
    }

    /// The keychain holds the address that works and no other one beside it, the one before is refused where it was
    /// changed, and no secret is to be seen anywhere.
    pub(crate) async fn ends_well(&self, app: u32, resets: u32, when: &str) {
        assert_eq!(self.resets(), resets, "{when}");
        let address = self.address();
        holds("the keychain holds the right address", LIMIT, async || {
            self.session.kept("redis-url").as_deref() == Some(address.as_str())
        })
        .await;
        holds("and no other one", LIMIT, async || self.session.kept("redis-url-next").is_none()).await;
        let kept = self.session.kept("redis-url").unwrap();
        let pong: String = Voice::connect(&kept, self.upstash.ca_file()).await.unwrap().ask(&["PING"]).await.unwrap();
        assert_eq!(pong, "PONG", "{when}");
        let before = Voice::connect(&self.old, self.upstash.ca_file()).await;
        assert_eq!(before.is_err(), resets > 0, "{when}: is the old key refused?");
        self.no_trace(app, when);
    }

    /// The address in the keychain works and is that of this user, `default` is as it was and kept where it was left,
    /// nothing is beside them, and no secret is to be seen anywhere.
    pub(crate) async fn ends_as(&self, user: &str, app: u32, when: &str) {
        for beside in ["redis-url-next", "redis-url-previous", "redis-url-peer"] {
            holds("nothing is left beside the address", LIMIT, async || self.session.kept(beside).is_none()).await;
        }
        let kept = self.session.kept("redis-url").unwrap();
        let mut voice = Voice::connect(&kept, self.upstash.ca_file()).await.unwrap();
        let pong: String = voice.ask(&["PING"]).await.unwrap();
        assert_eq!(pong, "PONG", "{when}");
        assert!(kept.contains(&format!("//{user}:")), "{when}: it is not {user}");
        assert_eq!((self.address(), self.resets()), (self.old.clone(), 0), "{when}: default is as it was");
        if user != "default" {
            let default = self.session.kept("redis-url-default");
            assert_eq!(default.as_deref(), Some(self.old.as_str()), "{when}: default is kept");
            self.keep_out(key_in(&kept));
        }
        self.no_trace(app, when);
    }

    /// No secret is to be seen anywhere, and none was in the words or the environment of a process of ours.
    pub(crate) fn no_trace(&self, app: u32, when: &str) {
        self.address();
        let secrets = self.secrets.lock().unwrap().clone();
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        self.session.no_trace_at_all(app, &secrets, when);
        self.watched.hold_none(&secrets, when);
    }

    /// Every secret that there ever was.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.address();
        self.secrets.lock().unwrap().iter().cloned().collect()
    }
}

/// The password of an address.
fn key_in(address: &str) -> &str {
    let (login, _) = address.split_once("://").unwrap().1.rsplit_once('@').unwrap();
    login.split_once(':').unwrap().1
}

/// Clicks, and does not care whether the program lives to say so.
pub(crate) async fn clicked(window: &Window, word: &str) {
    let _ = window.button(word).await.click().await;
}

pub(crate) fn signal(process: u32, signal: Signal) {
    kill_process(i32::try_from(process).ok().and_then(Pid::from_raw).unwrap(), signal).unwrap();
}

/// The process whose command line is like that.
fn process(wanted: &dyn Fn(&str) -> bool) -> Option<u32> {
    fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        if wanted(&String::from_utf8_lossy(&words)) { entry.file_name().to_str()?.parse().ok() } else { None }
    })
}

/// Where something was seen, and what.
type Sight = (String, Vec<u8>);

/// Looks every few milliseconds at the words and the environment of processes and of all below them.
struct Watched {
    processes: Arc<Mutex<Vec<u32>>>,
    seen: Arc<Mutex<HashSet<Sight>>>,
    stop: Arc<AtomicBool>,
}

/// How often is looked: what lives for a shorter time may be missed.
const LOOK: Duration = Duration::from_millis(10);

impl Watched {
    fn start() -> Self {
        let (processes, seen) = (Arc::<Mutex<Vec<u32>>>::default(), Arc::<Mutex<HashSet<Sight>>>::default());
        let stop = Arc::<AtomicBool>::default();
        let watched = Self { processes: Arc::clone(&processes), seen: Arc::clone(&seen), stop: Arc::clone(&stop) };
        thread::spawn(move || {
            while !stop.load(Ordering::Acquire) {
                let roots = processes.lock().unwrap().clone();
                for root in roots {
                    look(root, "one of ours", &seen);
                    for (process, name) in below(root) {
                        look(process, &name, &seen);
                    }
                }
                thread::sleep(LOOK);
            }
        });
        watched
    }

    fn add(&self, process: u32) {
        self.processes.lock().unwrap().push(process);
    }

    fn hold_none(&self, secrets: &[&str], when: &str) {
        let seen = self.seen.lock().unwrap();
        assert!(!seen.is_empty(), "nothing was looked at");
        for (place, bytes) in seen.iter() {
            let there = secrets.iter().any(|secret| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
            assert!(!there, "{when}: a secret stood in {place}");
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

fn look(process: u32, name: &str, seen: &Mutex<HashSet<Sight>>) {
    for file in ["cmdline", "environ"] {
        // One that is gone meanwhile tells nothing.
        let bytes = fs::read(Path::new("/proc").join(process.to_string()).join(file)).unwrap_or_default();
        if !bytes.is_empty() {
            seen.lock().unwrap().insert((format!("{file} of {name}"), bytes));
        }
    }
}
