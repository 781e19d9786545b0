//! A key is due: told once a day at most, and told only once it was shown.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use heliograph_core::{
    engine::Engine,
    home::Home,
    message::now,
    notification::{NotShown, Notification, Notifier, Subject},
    store::Store,
};
use heliograph_sandbox::{Redis, RedisOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::{
    clock::{Clock, soon},
    world::engine,
};

const DAY: i64 = 86_400_000;
/// The first look after a start, and the time between two.
const FIRST: u64 = 120;
const LOOK: u64 = 1_800;
/// Rounds in which whoever is ready is let run after a step.
const ROUNDS: u32 = 200;

/// A desktop that gives these answers, the last one first, and then shows everything.
#[derive(Default)]
struct Moody {
    answers: Mutex<Vec<NotShown>>,
    /// How often it was asked to show that a key is due.
    asked: Mutex<usize>,
}

impl Moody {
    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl Notifier for Moody {
    fn show<'a>(&'a self, n: &'a Notification) -> Pin<Box<dyn Future<Output = Result<(), NotShown>> + Send + 'a>> {
        if n.subject != Subject::Key {
            return Box::pin(std::future::ready(Ok(())));
        }
        *self.asked.lock().unwrap() += 1;
        let answer = self.answers.lock().unwrap().pop();
        Box::pin(std::future::ready(answer.map_or(Ok(()), Err)))
    }

    fn withdraw(&self, _subject: Subject) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

struct Scene {
    folder: TempDir,
    redis: Redis,
    desktop: Arc<Moody>,
    clock: Clock,
}

impl Scene {
    /// With a key that has been in use for forty days.
    async fn new(answers: Vec<NotShown>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = Redis::start(&folder.path().join("redis"), RedisOptions::default()).await.unwrap();
        let desktop = Arc::new(Moody { answers: answers.into(), ..Moody::default() });
        known(&engine(&folder, &redis, &desktop)).await.stop().await;
        let (committed, _nobody) = mpsc::channel(1);
        let store = Store::open(Home::under(folder.path()).database(), committed);
        let mut ages: Value = store.kept("key_ages").await.unwrap().unwrap();
        ages["keys"]["database"]["since"] = json!(now() - 40 * DAY);
        store.keep("key_ages", &ages).await.unwrap();
        store.stop().await;
        Self { folder, redis, desktop, clock: Clock::stop() }
    }

    async fn start(&self) -> Engine {
        let engine = engine(&self.folder, &self.redis, &self.desktop);
        let engine = known(&engine).await.clone();
        assert_eq!(engine.rotation().view().due.days, Some(-10));
        engine
    }

    /// So much later it was asked to show so many in all.
    async fn after(&mut self, seconds: u64, asked: usize) {
        self.clock.step(seconds).await;
        soon("it is to be shown", || self.desktop.asked() >= asked).await;
        for _ in 0..ROUNDS {
            tokio::task::yield_now().await;
        }
        assert_eq!(self.desktop.asked(), asked);
    }
}

/// Since when the key in use is known.
async fn known(engine: &Engine) -> &Engine {
    engine.rotation().changes().wait_for(|view| view.due.since.is_some()).await.unwrap();
    engine
}

#[tokio::test]
async fn one_that_was_refused_is_tried_again_at_the_next_look_and_counts_once_it_was_shown() {
    let refused = || NotShown::Refused("not now".into());
    let mut scene = Scene::new(vec![NotShown::TimedOut, refused()]).await;
    let engine = scene.start().await;
    scene.after(FIRST + 1, 1).await;
    for _ in 0..3 {
        scene.after(LOOK / 4, 1).await;
    }
    scene.after(LOOK / 4 + 1, 2).await;
    scene.after(LOOK + 1, 3).await;
    for _ in 0..20 {
        scene.after(LOOK + 1, 3).await;
    }
    engine.stop().await;
    let engine = scene.start().await;
    scene.after(FIRST + 1, 3).await;
    scene.after(LOOK + 1, 3).await;
    engine.stop().await;
    scene.clock.go_on().await;
}

#[tokio::test]
async fn where_nothing_shows_notifications_the_window_says_it_and_that_counts() {
    let mut scene = Scene::new(vec![NotShown::NoServer]).await;
    let engine = scene.start().await;
    scene.after(FIRST + 1, 1).await;
    for _ in 0..5 {
        scene.after(LOOK + 1, 1).await;
    }
    engine.stop().await;
    scene.clock.go_on().await;
}
