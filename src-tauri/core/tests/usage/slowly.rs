//! How often the service is asked for its counters, over days by a clock that goes on only when it is told to.

use std::time::Duration;

use heliograph_core::{
    engine::{Engine, Source},
    message::{Millis, now},
};
use heliograph_sandbox::upstash::{Upstash, UpstashOptions};
use secrecy::ExposeSecret as _;
use tokio::time;

use crate::{
    bench::{Scene, connected, until},
    clock::{Clock, soon},
};

/// A page asks so often while it is open.
const PAGE: u64 = 30;
/// Rounds in which whoever is ready is let run after a step. One that asks when it should not mostly gets as far as the
/// stand-in in them, and of a day's not one may.
const ROUNDS: u32 = 12;
/// A look at the counters: the databases, the one in use, its counters.
const REQUESTS: usize = 3;

/// An engine that has asked for the counters once, at the clock's beginning.
struct Run {
    upstash: Upstash,
    engine: Engine,
    clock: Clock,
    /// When the service was asked, in minutes.
    asked: Vec<u64>,
    /// Requests before the first question: the key was checked.
    before: usize,
    /// When the last answer was taken, by the clock of the day.
    read_at: Option<Millis>,
}

impl Run {
    async fn begin(scene: &Scene) -> Self {
        let upstash = Upstash::start(&scene.folder.path().join("upstash"), UpstashOptions::default()).await.unwrap();
        let id = upstash.make("mine").await.unwrap();
        let mut setup = scene.setup(upstash.database_url(&id).unwrap());
        setup.address = Some((upstash.database_url(&id).unwrap(), Source::Environment));
        setup.authorities = Some(upstash.ca_file().to_owned());
        setup.api = Some(upstash.url().parse().unwrap());
        // One heartbeat at the start and none whose echo a step could overtake: the connection stands the whole time.
        setup.settings.heartbeat.every = 90 * 86_400;
        let engine = Engine::start(setup);
        connected(&engine).await;
        until(&engine, |state| state.link.round_trip_ms.is_some()).await;
        let clock = Clock::stop();
        let key = upstash.key().expose_secret().to_owned();
        engine.guide().account_login(upstash.email(), key.into(), false).await.unwrap();
        let mut run = Self { upstash, engine, clock, asked: Vec::new(), before: 0, read_at: None };
        run.is_asked().await;
        run.before = run.upstash.seen().len() - REQUESTS;
        run
    }

    fn questions(&self) -> usize {
        self.upstash.seen().iter().filter(|one| one.path.contains("/stats/")).count()
    }

    /// The service is asked, and its answer is taken: a step would otherwise be longer than an answer may take. Only a
    /// look says so, so this is a moment in which somebody looks.
    async fn is_asked(&mut self) {
        soon("the service is asked", || self.questions() > self.asked.len()).await;
        self.note();
        let (engine, before) = (&self.engine, self.read_at);
        soon("its answer is taken", || engine.usage().read_at > before).await;
        self.read_at = engine.usage().read_at;
        soon("the next answer is a later one", || Some(now()) > self.read_at).await;
    }

    fn note(&mut self) {
        let minute = self.clock.at / 60;
        self.asked.resize(self.questions(), minute);
    }

    /// It was asked at these minutes, and not so much as begun to be asked at others.
    fn was_asked_at(&self, minutes: &[u64], when: &str) {
        assert_eq!(self.asked, minutes, "{when}");
        assert_eq!(
            self.upstash.seen().len() - self.before,
            REQUESTS * minutes.len(),
            "{when}: {:?}",
            self.upstash.seen()
        );
    }

    /// Goes on to that minute. The service is to be asked at those `due`, which are waited for; whatever else comes is
    /// noted when it comes.
    async fn until(&mut self, minute: u64, looked_at: bool, due: impl Fn(u64) -> bool) {
        while self.clock.at < minute * 60 {
            self.clock.step(if looked_at { PAGE } else { 60 }).await;
            if looked_at {
                self.engine.usage();
            }
            if self.clock.at.is_multiple_of(60) && due(self.clock.at / 60) {
                // Timers go by whole milliseconds, and round up.
                time::advance(Duration::from_millis(1)).await;
                self.is_asked().await;
            }
            for _ in 0..ROUNDS {
                tokio::task::yield_now().await;
            }
            self.note();
        }
    }
}

#[tokio::test]
async fn every_ten_minutes_while_it_is_looked_at_and_hourly_otherwise() {
    const DAY: u64 = 24 * 60;
    let scene = Scene::new().await;
    let mut run = Run::begin(&scene).await;
    let hourly = |minute: u64| minute.is_multiple_of(60);
    run.until(DAY, false, hourly).await;
    let mut wanted: Vec<u64> = (0..=24).map(|hour| hour * 60).collect();
    run.was_asked_at(&wanted, "nobody looks");

    // Eight hours and a little more.
    let eight = DAY + 8 * 60;
    run.until(eight + 3, true, |minute| minute.is_multiple_of(10)).await;
    wanted.extend((1..=48).map(|tenth| DAY + tenth * 10));
    run.was_asked_at(&wanted, "somebody looks");

    run.until(eight + 85, false, hourly).await;
    wanted.push(eight + 60);
    run.was_asked_at(&wanted, "the page is closed");

    // Looked at for a moment when it was not asked for so long: at once, and an hour later once more.
    run.engine.usage();
    run.is_asked().await;
    run.until(eight + 150, false, |minute| minute == eight + 145).await;
    wanted.extend([eight + 85, eight + 145]);
    run.was_asked_at(&wanted, "and opened again");

    run.clock.go_on().await;
    run.engine.stop().await;
    run.upstash.stop().await;
}
