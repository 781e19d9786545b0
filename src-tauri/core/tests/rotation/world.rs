//! Upstash's stand-in with a database, a keychain, engines on it, and a Helios.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use heliograph_core::{
    credentials::{Item, Keychain},
    discover::Surroundings,
    engine::{Engine, Setup},
    home::Home,
    link::{Address, Heartbeat, Link, LinkState, Plan, Tuning as LinkTuning},
    notification::{NotShown, Notification, Notifier, Subject},
    rotation::{RotationOutcome, RotationReason, RotationView, Tuning},
    settings::{Handover, Settings},
    upstash::{ApiKey, Client, Tuning as ApiTuning},
};
use heliograph_sandbox::{
    Github, GithubOptions, Upstash, UpstashOptions,
    upstash::{Fault as UpstashFault, ResetFault},
};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Long enough for a slow machine, and for the answer that never comes.
pub(crate) const SOON: Duration = Duration::from_secs(90);

pub(crate) fn exposed(url: &SecretString) -> String {
    url.expose_secret().to_owned()
}

/// A desktop that is asked to show these, and refuses so many first.
#[derive(Default)]
pub(crate) struct Desktop {
    pub(crate) refuses: AtomicUsize,
    pub(crate) asked: watch::Sender<Vec<Notification>>,
}

impl Notifier for Desktop {
    fn show<'a>(&'a self, n: &'a Notification) -> Pin<Box<dyn Future<Output = Result<(), NotShown>> + Send + 'a>> {
        self.asked.send_modify(|asked| asked.push(n.clone()));
        let refused = self.refuses.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        Box::pin(std::future::ready(if refused { Err(NotShown::Refused("not now".into())) } else { Ok(()) }))
    }

    fn withdraw(&self, _: Subject) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

pub(crate) struct World {
    pub(crate) upstash: Upstash,
    pub(crate) github: Github,
    pub(crate) folder: TempDir,
    id: String,
    /// Every key that there ever was.
    keys: Mutex<Vec<String>>,
    settings: Mutex<HashMap<String, Settings>>,
    /// The API key is known to engines that start from now on.
    pub(crate) account: AtomicBool,
    /// The limits of engines that start from now on.
    pub(crate) tuning: Mutex<Tuning>,
    pub(crate) desktop: Arc<Desktop>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::on(false).await
    }

    /// With a database that is paid for, which has users.
    pub(crate) async fn paid() -> Self {
        Self::on(true).await
    }

    async fn on(paid: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstash = Upstash::start(&folder.path().join("upstash"), UpstashOptions::default()).await.unwrap();
        let github = Github::start(GithubOptions::default()).await.unwrap();
        let id = if paid { upstash.make_paid("db").await } else { upstash.make("db").await }.unwrap();
        let (keys, settings, account) = (Mutex::default(), Mutex::default(), AtomicBool::new(true));
        let tuning = Mutex::new(tuning());
        let desktop = Arc::default();
        let world = Self { upstash, github, folder, id, keys, settings, account, tuning, desktop };
        world.note_key();
        world
    }

    /// The address that is right at present.
    pub(crate) fn url(&self) -> SecretString {
        self.upstash.database_url(&self.id).unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What an engine of this name is to begin with.
    pub(crate) fn prefer(&self, name: &str, settings: Settings) {
        self.settings.lock().unwrap().insert(name.into(), settings);
    }

    pub(crate) fn resets(&self) -> u32 {
        self.upstash.resets(&self.id).unwrap()
    }

    fn note_key(&self) {
        self.note(&self.url());
    }

    /// The key in this address is one that must be in no file.
    pub(crate) fn note(&self, url: &SecretString) {
        let url = exposed(url);
        let login = url.split_once("://").unwrap().1.split_once('@').unwrap().0;
        let key = login.split_once(':').unwrap().1.to_owned();
        let mut keys = self.keys.lock().unwrap();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }

    pub(crate) fn home(&self, name: &str) -> Home {
        Home::under(&self.folder.path().join(name))
    }

    /// An engine with files and a keychain of its own, connected. One whose name begins with `sandbox` has the other
    /// keychain.
    pub(crate) async fn engine(&self, name: &str) -> Engine {
        let home = self.home(name);
        let sandbox = name.starts_with("sandbox");
        let keychain = Keychain::new(sandbox);
        let first = !home.database().exists();
        home.create().unwrap();
        if first {
            keychain.write(Item::Address, &self.url()).await.unwrap();
        }
        let mut settings = Settings::default();
        settings.heartbeat.every = 1;
        let settings = self.settings.lock().unwrap().get(name).cloned().unwrap_or(settings);
        let engine = Engine::start(Setup {
            home,
            settings,
            address: None,
            authorities: Some(self.upstash.ca_file().to_owned()),
            surroundings: Surroundings {
                email: self.account.load(Relaxed).then(|| self.upstash.email().to_owned()),
                api_key: self.account.load(Relaxed).then(|| self.upstash.key().clone()),
                ..Surroundings::default()
            },
            api: Some(self.upstash.url().parse().unwrap()),
            github: Some(self.github.url().parse().unwrap()),
            mailbox: None,
            rotation: self.tuning.lock().unwrap().clone(),
            notifier: Arc::clone(&self.desktop) as Arc<dyn Notifier>,
            version: "0".into(),
            sandbox,
        });
        if first {
            self.connected(&engine).await;
        }
        engine
    }

    /// Waits until the tray says this.
    pub(crate) async fn headline(&self, engine: &Engine, wanted: &str) {
        let mut events = engine.events();
        let said = async {
            while engine.snapshot().headline != wanted {
                events.next().await;
            }
        };
        timeout(SOON, said).await.unwrap_or_else(|_| panic!("it says {:?}", engine.snapshot().headline));
    }

    pub(crate) async fn connected(&self, engine: &Engine) {
        let mut events = engine.events();
        let up = async {
            while engine.snapshot().link.state != LinkState::Connected {
                events.next().await;
            }
        };
        timeout(SOON, up).await.unwrap_or_else(|_| panic!("not connected: {:#?}", engine.snapshot().link));
    }

    pub(crate) fn view(&self, engine: &Engine) -> RotationView {
        self.note_key();
        engine.rotation().view()
    }

    /// Waits until the rotation is as wanted.
    pub(crate) async fn until(&self, engine: &Engine, wanted: impl Fn(&RotationView) -> bool) -> RotationView {
        let mut changes = engine.rotation().changes();
        let Ok(view) = timeout(SOON, changes.wait_for(|view| wanted(view))).await else {
            panic!("it stays at {:#?}\nlink: {:#?}", engine.rotation().view(), engine.snapshot().link);
        };
        let view = view.unwrap().clone();
        self.note_key();
        view
    }

    pub(crate) async fn until_reset(&self) {
        let done = async {
            while self.resets() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, done).await.unwrap();
        self.note_key();
    }

    /// The reset is done at once and answered so much later.
    pub(crate) fn resets_late(&self, late: Duration) {
        self.upstash.misbehave_times(UpstashFault::Reset(ResetFault::AnswersLate(late)), 1);
    }

    /// Somebody else resets the password.
    pub(crate) async fn reset_in_the_console(&self) {
        let client = Client::new(Some(self.upstash.url().parse().unwrap()), ApiTuning::default()).await.unwrap();
        let account = client.account(ApiKey::new(self.upstash.email(), self.upstash.key().clone()));
        account.reset_password(&self.id).await.unwrap();
        self.note_key();
    }

    /// A whole rotation in which the person gives Helios the key.
    pub(crate) async fn rotates(&self, engine: &Engine) {
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        self.finishes(engine).await;
    }

    pub(crate) async fn finishes(&self, engine: &Engine) {
        self.until(engine, |view| view.helios_behind_since.is_some() || view.outcome.is_some()).await;
        engine.rotation().finish().unwrap_or_else(|_| panic!("{:#?}", engine.rotation().view()));
        self.until(engine, |view| view.outcome == Some(RotationOutcome::Done)).await;
    }

    /// Whatever it comes to; a rotation of its own is seen to its end, and one that gave way to what follows.
    pub(crate) async fn settles(&self, engine: &Engine) -> RotationOutcome {
        let settled =
            |view: &RotationView| matches!(view.outcome, Some(RotationOutcome::Done | RotationOutcome::Adopted));
        let view = self.until(engine, |view| view.helios_behind_since.is_some() || settled(view)).await;
        if view.outcome.is_none() {
            engine.rotation().finish().unwrap();
        }
        self.until(engine, settled).await.outcome.unwrap()
    }

    /// Since when the key in use is known.
    pub(crate) async fn held(&self, engine: &Engine) -> i64 {
        self.until(engine, |view| view.due.since.is_some()).await.due.since.unwrap()
    }

    pub(crate) async fn url_of_keychain(&self, name: &str) -> String {
        let keychain = Keychain::new(name.starts_with("sandbox"));
        exposed(&keychain.read(Item::Address).await.unwrap().unwrap())
    }

    /// After a rotation: so many resets, the keychain has the key that works and no other, the link stands with it, and
    /// no key of any time is in a file.
    pub(crate) async fn ends_well(&self, engine: &Engine, name: &str, old: &[&SecretString], resets: u32) {
        self.note_key();
        self.connected(engine).await;
        let keychain = Keychain::new(name.starts_with("sandbox"));
        assert_eq!(self.resets(), resets);
        assert_eq!(self.url_of_keychain(name).await, exposed(&self.url()));
        assert!(keychain.read(Item::NextAddress).await.unwrap().is_none());
        assert!(keychain.read(Item::Probe).await.unwrap().is_none());
        self.nothing_leaks(engine, name, old).await;
    }

    /// No key of any time is in a file, or goes to the window.
    pub(crate) async fn nothing_leaks(&self, engine: &Engine, name: &str, old: &[&SecretString]) {
        let mut keys = self.keys.lock().unwrap().clone();
        keys.extend(old.iter().map(|url| exposed(url)));
        keys.push(self.upstash.key().expose_secret().to_owned());
        let home = self.home(name);
        for folder in [&home.data, &home.config, &home.logs] {
            for path in files(folder) {
                let bytes = fs::read(&path).unwrap();
                for key in &keys {
                    let there = bytes.windows(key.len()).any(|window| window == key.as_bytes());
                    assert!(!there, "a key stands in {}", path.display());
                }
            }
        }
        let shown = serde_json::to_string(&(engine.rotation().view(), engine.rotation().receipts().await.unwrap()));
        let shown = shown.unwrap();
        assert!(keys.iter().all(|key| !shown.contains(key)), "a key goes to the window");
    }

    pub(crate) async fn sets(&self, engine: &Engine, way: Handover, key: &str, command: &str) {
        let mut settings = engine.settings();
        settings.rotation.handover = way;
        settings.rotation.helios_key = key.into();
        settings.rotation.command = command.into();
        engine.change_settings(engine.settings(), settings).await.unwrap();
        self.prefer("one", engine.settings());
    }

    pub(crate) async fn mailbox(&self, engine: &Engine) {
        let token = Some(self.github.token().clone());
        engine.use_mailbox(self.github.repository(), token, Vec::new()).await.unwrap();
    }

    /// What was left sealed for that rotation.
    pub(crate) fn sealed(&self, id: &str) -> String {
        let comments = self.github.comments();
        let found = comments.iter().filter_map(|comment| {
            let json = comment.body.split_once("```json\n")?.1.split_once("\n```")?.0;
            let message: serde_json::Value = serde_json::from_str(json).ok()?;
            let ours = message["type"] == "rotation.sealed" && message["data"]["rotation_id"] == id;
            ours.then(|| message["data"]["sealed"].as_str().unwrap().to_owned())
        });
        let found: Vec<_> = found.collect();
        assert_eq!(found.len(), 1, "once in the mailbox");
        found.into_iter().next().unwrap()
    }

    /// Somebody says something over a connection made with this address.
    pub(crate) async fn helios_says(&self, url: &SecretString, from: &str, kind: &str, value: &str) {
        let (deliveries, mut heard) = mpsc::channel(4);
        let tuning = LinkTuning {
            authorities: Some(self.upstash.ca_file().to_owned()),
            watch_surroundings: false,
            ..LinkTuning::default()
        };
        let (link, supervisor) = Link::new(deliveries, tuning);
        let running = AbortOnDropHandle::new(tokio::spawn(supervisor.run(CancellationToken::new())));
        let taking = AbortOnDropHandle::new(tokio::spawn(async move { while heard.recv().await.is_some() {} }));
        let beats = from.to_owned();
        let payload = Arc::new(move || {
            let id = uuid::Uuid::new_v4().to_string();
            serde_json::json!({ "from": beats, "type": "heartbeat", "id": id, "data": {} }).to_string().into_bytes()
        });
        link.connect(Plan {
            address: Address::parse(url).unwrap(),
            channels: vec!["chad→helios".into()],
            heartbeat: Heartbeat { channel: "heartbeat".into(), every: Duration::from_mins(10), payload },
        });
        let mut status = link.status();
        timeout(SOON, status.wait_for(|status| status.state == LinkState::Connected)).await.unwrap().unwrap();
        let data = serde_json::json!({ "rotation_id": value, "public_key": value });
        let message = serde_json::json!({ "from": from, "type": kind, "data": data });
        link.publish("helios→chad", message.to_string().into_bytes()).await.unwrap();
        drop((running, taking));
    }
}

/// Limits that a test can wait for.
/// How long is waited for somebody who says when he is ready.
pub(crate) const READY_LIMIT: Duration = Duration::from_secs(1);

fn tuning() -> Tuning {
    Tuning {
        echo_limit: Duration::from_secs(5),
        ready_limit: READY_LIMIT,
        read_back_limit: Duration::from_secs(4),
        prove_limit: Duration::from_secs(20),
        old_limit: Duration::from_secs(2),
        reconnect_limit: Duration::from_secs(20),
        return_limit: Duration::from_secs(3),
        pause: Duration::from_millis(100),
        long_pause: Duration::from_millis(500),
        follow_after: Duration::from_millis(300),
        ..Tuning::default()
    }
}

pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
