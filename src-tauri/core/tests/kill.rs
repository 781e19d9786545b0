//! kill -9 in a burst, two hundred times: what was said to be committed is there after each, and once.
//!
//! The child is this test again, told by an environment variable which file to write. It goes on with the numbers where
//! the burst before it was cut off, and begins some way before that: what comes twice is kept once.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use heliograph_core::{
    message::read,
    store::{Arrival, Store},
};
use rusqlite::{Connection, OpenFlags};

const KILLS: u32 = 200;
const BURST: u64 = 200;

/// Where the child writes, and its first number.
const FILE: &str = "HELIOGRAPH_KILLED_WRITER";
const FIRST: &str = "HELIOGRAPH_KILLED_WRITER_FROM";

/// A child is killed within this after its first row.
const SOON: Duration = Duration::from_millis(40);

fn arrival(number: u64) -> Arrival {
    let text = format!(r#"{{"from":"helios","type":"task","id":"{number}","data":{{"what":"task {number}"}}}}"#);
    let channel = "helios→chad";
    Arrival::live(channel.into(), read(channel, text.as_bytes()), text.into_bytes(), 1_000, false)
}

/// Writes bursts until it is killed, and says which row is the newest after each commit.
fn write(path: &Path) {
    let mut number: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let (sender, mut committed) = tokio::sync::mpsc::channel(64);
        let store = Store::open(path.to_owned(), sender);
        tokio::spawn(async move {
            let arrivals = store.arrivals();
            loop {
                for sent in number..number + BURST {
                    // By twos and threes, as a link hands them over.
                    let batch = (sent..sent + 1 + sent % 3).map(arrival).collect();
                    arrivals.send(batch).await.unwrap();
                }
                number += BURST;
            }
        });
        while let Some(done) = committed.recv().await {
            let mut out = std::io::stdout().lock();
            writeln!(out, "committed {}", done.newest).unwrap();
            out.flush().unwrap();
        }
    });
}

fn start(path: &Path, first: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "what_was_committed_is_there_after_every_kill_and_once", "--nocapture"])
        .env(FILE, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Kills a child at a random moment, and returns the newest row that it said to be committed.
fn one_burst(path: &Path, first: u64) -> i64 {
    let mut child = start(path, first);
    let out = BufReader::new(child.stdout.take().unwrap());
    let (said, sayings) = mpsc::channel();
    let listening = thread::spawn(move || {
        let mut newest = 0;
        for line in out.lines().map_while(Result::ok) {
            if let Some(row) = line.split("committed ").nth(1).and_then(|row| row.parse().ok()) {
                newest = row;
                let _ = said.send(());
            }
        }
        newest
    });
    sayings.recv_timeout(Duration::from_secs(20)).unwrap();
    let wait = SOON.mul_f64(fastrand::f64());
    let until = Instant::now() + wait;
    // The moment is the point here; nothing is waited for.
    thread::sleep(until.saturating_duration_since(Instant::now()));
    child.kill().unwrap();
    child.wait().unwrap();
    listening.join().unwrap()
}

#[test]
fn what_was_committed_is_there_after_every_kill_and_once() {
    if let Some(path) = std::env::var_os(FILE) {
        return write(Path::new(&path));
    }
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    fastrand::seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let mut first = 0;
    let mut rows = 0;
    for kill in 0..KILLS {
        let said = one_burst(&path, first);
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        let (count, newest): (i64, i64) = connection
            .query_row("SELECT count(*), max(seq) FROM messages", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        // Rows are numbered without a hole, so their number says that all are there.
        assert_eq!(count, newest, "kill {kill}");
        assert!(newest >= said, "kill {kill}: row {said} was said to be committed, the newest is {newest}");
        assert!(newest > rows, "kill {kill}: nothing was written");
        rows = newest;
        let highest: u64 = connection
            .query_row("SELECT max(CAST(id AS INTEGER)) FROM messages", [], |row| row.get::<_, i64>(0))
            .unwrap()
            .cast_unsigned();
        first = highest.saturating_sub(fastrand::u64(0..BURST));
    }
    all_once(&path);
}

/// At the end: every number once, and the file sound.
fn all_once(path: &Path) {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let mut statement = connection.prepare("SELECT CAST(id AS INTEGER) FROM messages").unwrap();
    let ids: Vec<i64> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let different: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(ids.len(), different.len(), "none is twice");
    assert_eq!(different.last().copied().unwrap() + 1, i64::try_from(different.len()).unwrap(), "none is missing");
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    println!("{} rows through {KILLS} kills", ids.len());
}
