//! Puts rows into a store that does not run, by the store's own way in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use clap::Args;
use heliograph_core::{
    home::Home,
    message,
    store::{Arrival, Store},
};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use tokio::{sync::mpsc, time::sleep};

use crate::{CHANNEL, say, task};

/// Rows handed over at once.
const BATCH: u32 = 1000;

/// How many, and where.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the store.
    #[arg(long)]
    home: PathBuf,
    /// How many rows to add.
    #[arg(long)]
    rows: u32,
}

#[derive(Serialize)]
struct Filled {
    rows: i64,
}

/// Adds the rows, lets the search index catch up, and counts every receipt as given.
pub(crate) async fn run(options: Options) -> Result<()> {
    let home = Home::under(&options.home);
    home.create()?;
    let (commits, mut committed) = mpsc::channel(64);
    let store = Store::open(home.database(), commits);
    let watched = tokio::spawn(async move { while committed.recv().await.is_some() {} });
    let mut inbox = store.inbox();
    let before = inbox.wait_for(|state| state.file > 0).await?.newest;
    let arrivals = store.arrivals();
    for from in (0..options.rows).step_by(BATCH as usize) {
        let batch = (0..BATCH.min(options.rows - from)).map(|_| arrival()).collect();
        arrivals.send(batch).await.context("the store stopped")?;
    }
    let rows = inbox.wait_for(|state| state.newest >= before + i64::from(options.rows)).await?.newest;
    store.receipts_given(Vec::new(), rows, message::now()).await.map_err(|trouble| anyhow::anyhow!("{trouble}"))?;
    indexed(&home, rows).await?;
    store.stop().await;
    watched.await?;
    say(&Filled { rows })
}

fn arrival() -> Arrival {
    let payload = task::payload(0);
    let header = message::read(CHANNEL, &payload);
    Arrival::live(Arc::from(CHANNEL), header, payload, message::now(), true)
}

/// Waits until the search index has reached the newest row.
async fn indexed(home: &Home, newest: i64) -> Result<()> {
    let connection = Connection::open_with_flags(home.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut cursor = connection.prepare("SELECT coalesce(max(position), 0) FROM cursors WHERE name = 'indexed'")?;
    while cursor.query_row([], |row| row.get::<_, i64>(0))? < newest {
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
