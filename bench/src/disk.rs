//! What the disk can do: SQLite and nothing else, one task a commit, each on the disk before the next begins.

use std::{path::PathBuf, thread, time::Duration};

use anyhow::Result;
use clap::Args;
use rusqlite::Connection;
use serde::Serialize;

use crate::{clock, say, spread::Spread, task};

/// How many commits, and where.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the file.
    #[arg(long)]
    home: PathBuf,
    /// How many commits.
    #[arg(long)]
    count: u32,
    /// How many a second.
    #[arg(long)]
    rate: u32,
}

#[derive(Serialize)]
struct Committed {
    late: Option<Spread>,
}

/// Commits so many rows, and says how long each took.
pub(crate) fn run(options: &Options) -> Result<()> {
    let connection = Connection::open(options.home.join("bare.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE rows (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL);",
    )?;
    let mut insert = connection.prepare("INSERT INTO rows (payload) VALUES (?1)")?;
    let step = 1_000_000_000 / u64::from(options.rate.max(1));
    let mut due = clock::now();
    let mut took = Vec::new();
    for _ in 0..options.count {
        thread::sleep(Duration::from_nanos(due.saturating_sub(clock::now())));
        let began = clock::now();
        insert.execute([task::payload(began)])?;
        took.push(clock::now() - began);
        due += step;
    }
    say(&Committed { late: Spread::of(took) })
}
