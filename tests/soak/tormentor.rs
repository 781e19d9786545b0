//! Breaks things as it is told and mends them again, and sees how soon the program is well afterwards.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use heliograph_sandbox::{github::Fault, proxy::Mode};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    audit::{Evidence, Gap, Letter, Row},
    burden::{Burden, Burdens},
    clock::{Clock, now},
    fleet::{self, Fleet},
    ground::Ground,
    plan::{Kind, Step},
    report::Report,
    session::{App, Keychain, LIMIT, Options, Session, Start, holds},
    small_disk::SmallDisk,
};

/// The longest the program may take to be well again.
const RECOVERS: Duration = Duration::from_secs(90);
/// How often somebody presses *Reconnect now* who waits.
const PRESSES: Duration = Duration::from_secs(5);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(100);
/// By how many hours the clock may be wrong.
const HOURS: u32 = 11;

pub(crate) struct Tormentor {
    // The order matters: whoever uses another ends before it.
    app: App,
    /// Programs that were started a second time.
    second: Vec<App>,
    pub(crate) fleet: Fleet,
    disk: Option<SmallDisk>,
    session: Session,
    ground: Ground,
    clock: Clock,
    start: Start,
    began: Instant,
    burdens: Burdens,
    pub(crate) report: Report,
}

/// The settings: a heartbeat every second, all agents, and the mailbox.
fn settings(ground: &Ground) -> String {
    let github = &ground.github;
    format!(
        "[agents]\npeers = {:?}\n[heartbeat]\nevery = 1\n[mailbox]\nrepository = {:?}\nallowed = [{:?}]\n",
        fleet::names(),
        github.repository(),
        github.other_login()
    )
}

impl Tormentor {
    /// Everything runs, and each record is in use.
    pub(crate) async fn start() -> Self {
        let ground = Ground::start().await;
        let keychain = Keychain::Holding(ground.address());
        let session = Session::start(Options { keychain, alone: true, ..Options::default() }).await;
        session.keep_as("github-token", ground.github.token().expose_secret());
        fs::write(session.home().join("config/config.toml"), settings(&ground)).unwrap();
        let mut report = Report::default();
        let disk = SmallDisk::mount(&session.home().join("data"));
        if disk.is_none() {
            report.left_out.push("disk full (only root can mount a small one)".into());
        }
        let clock = Clock::new(session.root());
        let mut start = Start::default()
            .variable("SSL_CERT_FILE", ground.redis.ca_file().display().to_string())
            .variable("GITHUB_API_URL", ground.github.url());
        for (name, value) in clock.variables() {
            start = start.variable(name, value);
        }
        let app = session.app(&start.clone().in_background());
        session.tray().shows("Connected").await;
        let fleet = Fleet::start(&session, &ground);
        let second = Vec::new();
        let (began, burdens) = (Instant::now(), Burdens::default());
        let mut tormentor = Self { app, second, fleet, disk, session, ground, clock, start, began, burdens, report };
        tormentor.warm_up().await;
        tormentor
    }

    /// Until every agent was heard and answered, the program knows of no record, and rightly shows gaps.
    async fn warm_up(&mut self) {
        holds("every agent is answered", LIMIT * 2, async || {
            let answered =
                |name: &String| self.fleet.look(|ledger| ledger.answers.iter().any(|one| one.agent == *name));
            fleet::names().iter().all(answered)
        })
        .await;
        holds("every record is read", LIMIT, async || {
            let read = self.session.inbox().all::<String>("SELECT channel FROM records WHERE ms > 0");
            self.fleet.look(|ledger| ledger.channels.keys().all(|channel| read.contains(channel)))
        })
        .await;
        // With a window once open, as it will be again.
        self.open_window().await;
        self.session.close_window().await;
        self.weigh();
        self.began = Instant::now();
    }

    fn weigh(&mut self) {
        if let Some(now) = Burden::of(self.app.pid()) {
            self.burdens.weigh(now);
        }
    }

    pub(crate) fn burdens(&mut self) -> Burdens {
        self.weigh();
        self.burdens
    }

    /// One step from the first thing broken to everything mended and well.
    pub(crate) async fn take(&mut self, step: &Step) {
        let kinds: Vec<Kind> = step.faults.iter().map(|(kind, _)| *kind).filter(|kind| self.can(*kind)).collect();
        if kinds.is_empty() {
            return;
        }
        let at = self.began.elapsed().as_secs_f64();
        for (kind, form) in step.faults.iter().filter(|(kind, _)| kinds.contains(kind)) {
            self.breaks(*kind, *form).await;
        }
        sleep(step.lasts).await;
        for kind in &kinds {
            self.mends(*kind).await;
        }
        // After these the program waits for a person, and rightly so.
        if kinds.iter().any(|kind| matches!(kind, Kind::PasswordChanged | Kind::QuotaUsedUp)) {
            self.press_reconnect().await;
        }
        let recovered = self.recovered(step.patience).await;
        self.report.took(&kinds, recovered);
        let words: Vec<_> = kinds.iter().map(|kind| kind.words()).collect();
        let well =
            recovered.map_or("not well again".into(), |took| format!("well again after {:.1} s", took.as_secs_f64()));
        println!("{at:>7.1} s: {} for {:.1} s; {well}", words.join(" and "), step.lasts.as_secs_f64());
        self.weigh();
        self.session.press_accept().await;
        sleep(step.peace).await;
    }

    fn can(&self, kind: Kind) -> bool {
        kind != Kind::DiskFull || self.disk.is_some()
    }

    async fn breaks(&mut self, kind: Kind, form: u32) {
        match kind {
            Kind::AppKilled => self.app.kill().await,
            Kind::AppAsleep => self.signal(Signal::STOP),
            Kind::RedisKilled | Kind::RedisEmptied => self.ground.kill_redis().await,
            Kind::RedisFrozen => self.ground.redis.freeze().unwrap(),
            Kind::BytesSwallowed => self.ground.way.to_all(&Mode::Swallow),
            Kind::ConnectionsClosed => self.ground.way.to_all(&Mode::Close),
            Kind::PasswordChanged => self.ground.change_password().await,
            Kind::QuotaUsedUp => self.ground.use_quota_up(),
            Kind::ClockJumped => {
                let hours = i64::from(1 + form / 2 % HOURS);
                self.clock.set(if form.is_multiple_of(2) { hours } else { -hours });
            }
            Kind::KeychainShut => {
                self.app.kill().await;
                if form.is_multiple_of(2) {
                    self.session.lock_keychain().await;
                } else {
                    self.session.freeze_keychain();
                }
                self.start_app();
            }
            Kind::DiskFull => self.disk.as_ref().unwrap().fill(),
            Kind::GithubAtFault => self.ground.github.misbehave(fault(form)),
            Kind::WindowOpened => self.open_window().await,
        }
    }

    async fn mends(&mut self, kind: Kind) {
        match kind {
            Kind::AppKilled => self.start_app(),
            Kind::AppAsleep => self.signal(Signal::CONT),
            Kind::RedisKilled => self.ground.restart_redis().await,
            Kind::RedisEmptied => self.ground.restart_redis_empty().await,
            Kind::RedisFrozen => self.ground.redis.thaw().unwrap(),
            Kind::BytesSwallowed | Kind::ConnectionsClosed | Kind::QuotaUsedUp => self.ground.free_way(),
            Kind::PasswordChanged => self.ground.give_password_back().await,
            Kind::ClockJumped => self.clock.set(0),
            Kind::KeychainShut => self.session.unlock_keychain().await,
            Kind::DiskFull => self.disk.as_ref().unwrap().free(),
            Kind::GithubAtFault => self.ground.github.behave(),
            Kind::WindowOpened => self.session.close_window().await,
        }
    }

    fn start_app(&mut self) {
        self.app = self.session.app(&self.start.clone().in_background());
    }

    fn signal(&self, signal: Signal) {
        kill_process(i32::try_from(self.app.pid()).ok().and_then(Pid::from_raw).unwrap(), signal).unwrap();
    }

    /// As a person does: by starting the program once more.
    async fn open_window(&mut self) {
        self.second.retain_mut(App::lives);
        let second = self.session.app(&self.start);
        self.second.push(second);
        self.session.window_title().await;
    }

    pub(crate) async fn press_reconnect(&mut self) {
        self.report.pressed += 1;
        self.session.tray().click("Reconnect now").await;
    }

    /// Waits until a task that is sent from now on stands in the inbox.
    async fn recovered(&mut self, patience: Duration) -> Option<Duration> {
        let (since, began) = (now(), Instant::now());
        let mut press_at = began + patience;
        while began.elapsed() < RECOVERS {
            let sent = self.fleet.look(|ledger| ledger.recorded_since(since));
            let list = serde_json::to_string(&sent).unwrap().replace('"', "'");
            let question = format!("SELECT 1 FROM messages WHERE id IN ({}) LIMIT 1", list.trim_matches(['[', ']']));
            if !sent.is_empty() && self.session.inbox().ask::<i64>(&question).is_some() {
                return Some(began.elapsed());
            }
            if Instant::now() > press_at {
                self.press_reconnect().await;
                press_at = Instant::now() + PRESSES;
            }
            sleep(LOOK).await;
        }
        None
    }

    /// Nothing breaks any more, and nothing new is sent.
    pub(crate) async fn calm(&mut self) {
        self.fleet.rest().await;
        self.press_reconnect().await;
    }

    /// Everything there is to judge by.
    pub(crate) async fn evidence(&self) -> Evidence {
        let inbox = self.session.inbox();
        let rows = |question: &str| {
            let texts = inbox.all::<String>(question).into_iter();
            texts.map(|text| serde_json::from_str::<Vec<Value>>(&text).unwrap()).collect::<Vec<_>>()
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut read = self.fleet.cursors();
        read.extend(
            rows("SELECT json_array(channel, ms, nth) FROM records")
                .iter()
                .map(|row| (text(&row[0]), (row[1].as_u64().unwrap(), row[2].as_u64().unwrap()))),
        );
        let clock = self.clock.clone();
        Evidence {
            ledger: self.fleet.look(Clone::clone),
            rows: rows("SELECT json_array(sender, id) FROM messages WHERE kind = 'task' ORDER BY seq")
                .iter()
                .map(|row| Row { sender: text(&row[0]), id: text(&row[1]) })
                .collect(),
            letters: rows(
                "SELECT json_array(outbox.peer, messages.id) FROM outbox JOIN messages ON messages.seq = outbox.about
                 WHERE outbox.status = 2",
            )
            .iter()
            .map(|row| Letter { peer: text(&row[0]), about: text(&row[1]), status: "accepted" })
            .collect(),
            waiting: inbox.ask::<i64>("SELECT count(*) FROM outbox WHERE state = 0").unwrap_or_default(),
            gaps: rows("SELECT json_array(since, until, cause) FROM gaps")
                .iter()
                .map(|row| Gap {
                    since: row[0].as_i64().unwrap(),
                    until: row[1].as_i64().unwrap(),
                    cause: text(&row[2]),
                })
                .collect(),
            losses: self.ground.losses.clone(),
            notified: self.session.seen.all().into_iter().map(|one| one.title).collect(),
            ends: self.ground.ends_of_records().await,
            read,
            wrong: Some(Box::new(move |from, to| clock.wrong(from, to))),
        }
    }

    /// Where something went wrong: the files, for whoever looks for the reason.
    pub(crate) fn keep_traces(&self) {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak");
        let _ = fs::remove_dir_all(&kept);
        fs::create_dir_all(&kept).unwrap();
        for folder in ["heliograph/data", "heliograph/logs", ""] {
            for entry in fs::read_dir(self.session.root().join(folder)).unwrap().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    let _ = fs::copy(entry.path(), kept.join(entry.file_name()));
                }
            }
        }
        println!("what it left behind is in {}", kept.display());
    }

    /// The program ends as it should.
    pub(crate) async fn end(self) {
        let Self { app, .. } = self;
        app.ends_when_asked().await;
    }
}

/// A way in which GitHub is at fault.
fn fault(form: u32) -> Fault {
    let soon = Duration::from_secs(5);
    match form % 6 {
        0 => Fault::Unavailable(503),
        1 => Fault::Slow(Duration::from_secs(3)),
        2 => Fault::Secondary { retry_after: soon },
        3 => Fault::RateLimited { reset_in: soon },
        4 => Fault::Forbidden,
        _ => Fault::Garbage,
    }
}
