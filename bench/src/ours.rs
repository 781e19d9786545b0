//! Heliograph's own way in, from the wire to the committed row, run as the app runs it: the whole engine with its
//! default settings, and a desktop that takes every notification at once.

use std::{path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use heliograph_core::{
    discover::Surroundings,
    engine::{Engine, Setup, Source},
    home::Home,
    link::LinkState,
    notification::{NotShown, Notification, Notifier, Subject},
    settings::Settings,
};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use tokio::time::{sleep, timeout};

use crate::{clock, memory, ready, say, spread::Spread, task::Parsed};

/// How long connecting may take, and how long the messages.
const CONNECTING: Duration = Duration::from_secs(20);
const HEARING: Duration = Duration::from_mins(5);

/// How long the engine is left alone before its memory counts as idle.
const SETTLING: Duration = Duration::from_millis(500);

/// What is to be heard, and where it is stored.
#[derive(Args)]
pub(crate) struct Options {
    /// The server's port on loopback.
    #[arg(long)]
    port: u16,
    /// How many messages.
    #[arg(long)]
    count: i64,
    /// The folder of the store.
    #[arg(long)]
    home: PathBuf,
}

#[derive(Serialize)]
struct Stored {
    last: u64,
    idle_kb: u64,
    peak_kb: u64,
    late: Option<Spread>,
}

/// Takes everything, shows nothing.
pub(crate) struct Nobody;

impl Notifier for Nobody {
    fn show<'a>(&'a self, _: &'a Notification) -> Pin<Box<dyn Future<Output = Result<(), NotShown>> + Send + 'a>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn withdraw(&self, _: Subject) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// Hears so many messages, and says when the last one was committed and how late each row was.
pub(crate) async fn run(options: Options) -> Result<()> {
    let home = Home::under(&options.home);
    home.create()?;
    let engine = start(home.clone(), options.port).await?;
    let mut inbox = engine.inbox();
    let before = inbox.borrow_and_update().newest;
    sleep(SETTLING).await;
    let idle_kb = memory::resident()?;
    ready()?;
    let mut commits = Vec::new();
    let hearing = async {
        while commits.last().is_none_or(|(newest, _)| *newest < before + options.count) {
            inbox.changed().await.context("the engine stopped")?;
            let newest = inbox.borrow_and_update().newest;
            commits.push((newest, clock::now()));
        }
        anyhow::Ok(())
    };
    if timeout(HEARING, hearing).await.is_err() {
        let stored = commits.last().map_or(0, |(newest, _)| newest - before);
        bail!("only {stored} of {} messages were stored", options.count);
    }
    let peak_kb = memory::peak()?;
    let last = commits.last().map_or(0, |(_, at)| *at);
    engine.stop().await;
    say(&Stored { last, idle_kb, peak_kb, late: late(&home, before, &commits)? })
}

async fn start(home: Home, port: u16) -> Result<Engine> {
    let engine = Engine::start(Setup {
        home,
        settings: Settings::default(),
        address: Some((format!("redis://127.0.0.1:{port}").into(), Source::Environment)),
        authorities: None,
        surroundings: Surroundings::default(),
        api: None,
        github: None,
        mailbox: None,
        rotation: heliograph_core::rotation::Tuning::default(),
        notifier: Arc::new(Nobody),
        version: env!("CARGO_PKG_VERSION").into(),
        sandbox: false,
    });
    let mut inbox = engine.inbox();
    let connecting = async {
        inbox.wait_for(|state| state.file > 0).await?;
        while engine.snapshot().link.state != LinkState::Connected {
            sleep(Duration::from_millis(5)).await;
        }
        anyhow::Ok(())
    };
    timeout(CONNECTING, connecting).await.context("the engine does not connect")??;
    Ok(engine)
}

/// How late each row was: from the time in its task to the commit that brought it. Nothing for tasks without one.
fn late(home: &Home, before: i64, commits: &[(i64, u64)]) -> Result<Option<Spread>> {
    let connection = Connection::open_with_flags(home.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare("SELECT seq, payload FROM messages WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = statement.query([before])?;
    let mut late = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, payload): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let made_at = serde_json::from_slice::<Parsed>(&payload).ok().and_then(|parsed| parsed.made_at());
        let Some(made_at) = made_at.filter(|at| *at > 0) else { break };
        let commit = commits.get(commits.partition_point(|(newest, _)| *newest < seq));
        late.extend(commit.map(|(_, at)| at - made_at));
    }
    Ok(Spread::of(late))
}
