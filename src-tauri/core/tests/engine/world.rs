//! A real Redis with TLS, a Helios on it, a desktop that notes what it is asked to show, and the engine.

use std::{pin::Pin, sync::Arc, time::Duration};

use heliograph_core::{
    discover::Surroundings,
    engine::{Engine, Event, Setup, Snapshot, Source},
    home::Home,
    notification::{NotShown, Notification, Notifier, Subject},
    settings::Settings,
    store::{Filter, ListRequest, Row},
};
use heliograph_sandbox::{Helios, HeliosEvent, Names, Redis, RedisOptions, proxy::Proxy};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

/// What a desktop does when asked to show something.
#[derive(Clone, Copy)]
pub(crate) enum Desktop {
    Shows,
    HasNoServer,
    Hangs,
}

pub(crate) struct Screen {
    pub(crate) desktop: Desktop,
    pub(crate) shown: watch::Sender<Vec<Notification>>,
}

impl Notifier for Screen {
    fn show<'a>(&'a self, n: &'a Notification) -> Pin<Box<dyn Future<Output = Result<(), NotShown>> + Send + 'a>> {
        Box::pin(async {
            match self.desktop {
                Desktop::Shows => {
                    self.shown.send_modify(|shown| shown.push(n.clone()));
                    Ok(())
                }
                Desktop::HasNoServer => Err(NotShown::NoServer),
                Desktop::Hangs => std::future::pending().await,
            }
        })
    }

    fn withdraw(&self, _subject: Subject) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

pub(crate) struct World {
    pub(crate) redis: Redis,
    pub(crate) helios: Helios,
    events: mpsc::Receiver<HeliosEvent>,
    pub(crate) screen: Arc<Screen>,
    pub(crate) engine: Engine,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) async fn new(desktop: Desktop) -> Self {
        let (folder, redis) = server(false).await;
        let screen = Arc::new(Screen { desktop, shown: watch::channel(Vec::new()).0 });
        let engine = engine(&folder, &redis, &screen);
        Self::around(folder, redis, screen, engine)
    }

    /// With a proxy on our own way to the server, which no heartbeat passes.
    pub(crate) async fn through_a_proxy() -> (Self, Proxy) {
        let (folder, redis) = server(true).await;
        let proxy = Proxy::start(redis.plain_port().unwrap()).await.unwrap();
        let address = redis.plain_url().unwrap();
        let (rest, _) = address.expose_secret().rsplit_once(':').unwrap();
        let address = format!("{rest}:{}", proxy.port()).into();
        let screen = Arc::new(Screen { desktop: Desktop::Shows, shown: watch::channel(Vec::new()).0 });
        let mut settings = Settings::default();
        settings.heartbeat.every = 3600;
        let engine = engine_at(&folder, Some(address), Some(&redis), settings, &screen);
        (Self::around(folder, redis, screen, engine), proxy)
    }

    fn around(folder: TempDir, redis: Redis, screen: Arc<Screen>, engine: Engine) -> Self {
        let names = Names { heartbeat: Duration::from_secs(1), ..Names::default() };
        let (helios, events) = Helios::start(redis.address(), names);
        Self { redis, helios, events, screen, engine, folder }
    }

    /// Waits until the snapshot is as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut events = self.engine.events();
        let mut last = self.engine.snapshot();
        let found = timeout(Duration::from_secs(20), async {
            while !wanted(&last) {
                if let Some(Event::State { snapshot }) = events.next().await {
                    last = *snapshot;
                }
            }
        })
        .await;
        assert!(found.is_ok(), "the last state was {last:#?}");
        last
    }

    pub(crate) async fn rows(&self, filter: Filter) -> Vec<Row> {
        let request = ListRequest { filter, limit: 500, ..ListRequest::default() };
        self.engine.list(request).await.unwrap().rows
    }

    /// Waits until the newest answered task is, or is not, heard.
    pub(crate) async fn until_heard(&self, heard: bool) {
        let found = timeout(Duration::from_secs(20), async {
            while self.rows(Filter::Answered).await.first().and_then(|row| row.heard) != Some(heard) {
                tokio::task::yield_now().await;
            }
        });
        found.await.expect("within twenty seconds");
    }

    pub(crate) async fn notifications(&self, wanted: impl Fn(&[Notification]) -> bool) -> Vec<Notification> {
        let mut shown = self.screen.shown.subscribe();
        timeout(Duration::from_secs(20), shown.wait_for(|shown| wanted(shown))).await.unwrap().unwrap().clone()
    }

    /// Waits for a reply that Helios heard.
    pub(crate) async fn reply(&mut self, wanted: &str) -> String {
        timeout(Duration::from_secs(20), async {
            loop {
                if let Some(HeliosEvent::Reply { task_id, status, .. }) = self.events.recv().await
                    && status == wanted
                {
                    return task_id;
                }
            }
        })
        .await
        .unwrap()
    }
}

async fn server(plain: bool) -> (TempDir, Redis) {
    let folder = tempfile::tempdir().unwrap();
    let options = RedisOptions { plain, ..RedisOptions::default() };
    let redis = Redis::start(&folder.path().join("redis"), options).await.unwrap();
    (folder, redis)
}

pub(crate) fn engine(folder: &TempDir, redis: &Redis, screen: &Arc<impl Notifier>) -> Engine {
    let mut settings = Settings::default();
    settings.heartbeat.every = 1;
    engine_at(folder, Some(redis.url()), Some(redis), settings, screen)
}

pub(crate) fn engine_at(
    folder: &TempDir,
    address: Option<SecretString>,
    redis: Option<&Redis>,
    settings: Settings,
    screen: &Arc<impl Notifier>,
) -> Engine {
    let home = Home::under(folder.path());
    home.create().unwrap();
    Engine::start(Setup {
        home,
        settings,
        address: address.map(|address| (address, Source::Environment)),
        authorities: redis.map(|redis| redis.ca_file().to_owned()),
        surroundings: Surroundings::default(),
        api: None,
        github: None,
        mailbox: None,
        rotation: heliograph_core::rotation::Tuning::default(),
        notifier: Arc::clone(screen) as Arc<dyn Notifier>,
        version: "0".into(),
        sandbox: false,
    })
}
