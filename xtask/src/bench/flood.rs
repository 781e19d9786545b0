//! (a) How many messages a second come from the wire into committed rows, and what memory that takes.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::{
    Bench,
    measured::{Measured, number, result},
    median, note,
    server::{NOTE, Server},
    table::{Row, Table, grouped},
};

/// Messages of one measurement.
const COUNT: usize = 100_000;

/// Rows in the store that is not empty.
const ROWS: (usize, usize) = (100_000, 1_000_000);

/// Messages of the flood that memory is looked at in, and how many a second its slow reader takes.
const FLOOD: (usize, usize) = (200_000, 1_000_000);
const SLOWLY: usize = 10_000;

/// One subscriber's measurements.
#[derive(Default)]
struct Rates(Vec<f64>);

impl Rates {
    fn add(&mut self, rate: f64) {
        self.0.push(rate);
    }

    fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// The median, and in what range the others lie.
    fn text(&self) -> String {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.0.iter().copied().fold(0.0, f64::max);
        match self.0.len() {
            1 => grouped(self.median()),
            _ => format!("{} ({}–{} k)", grouped(self.median()), grouped(least / 1e3), grouped(most / 1e3)),
        }
    }
}

pub(super) fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::start()?;
    let rows = bench.choose(ROWS.0, ROWS.1);
    let full = bench.home("full")?;
    note(&format!("(a) filling a store with {} rows", grouped(to_float(rows))));
    result("fill", &[("home", text(&full)), ("rows", rows.to_string())])?;
    let [mut python, mut bare, mut empty, mut filled] = [(); 4].map(|()| Rates::default());
    for run in 0..bench.choose(1, 3) {
        note(&format!("(a) {} messages at once, run {}", grouped(to_float(COUNT)), run + 1));
        python.add(rate(&server, COUNT, Measured::python(server.port(), COUNT)?)?);
        bare.add(rate(&server, COUNT, Measured::ours("bare", &heard(&server, COUNT))?)?);
        empty.add(rate(&server, COUNT, ours(&server, COUNT, &bench.home(&format!("empty-{run}"))?)?)?);
        filled.add(rate(&server, COUNT, ours(&server, COUNT, &full)?)?);
        // What a quiet hour would do: its search index and its receipts would otherwise wait for the next run.
        result("fill", &[("home", text(&full)), ("rows", "0".into())])?;
    }
    let (first, later) = (empty.median(), filled.median());
    table.row(Row {
        what: format!("(a) messages/s, wire to row, first {}", grouped(to_float(COUNT))),
        ours: format!("{}, {:.2} × redis-py", empty.text(), first / python.median()),
        python: python.text(),
        bare: bare.text(),
        goal: "≥ redis-py".into(),
        met: Some(first >= python.median()),
    });
    table.row(Row {
        what: format!("    the same with {} rows in the store", grouped(to_float(rows))),
        ours: format!("{}, {:+.0} %", filled.text(), (later / first - 1.0) * 100.0),
        goal: "within 10 % of that".into(),
        met: Some(later >= 0.9 * first),
        ..Row::default()
    });
    memory(bench, &server, table)?;
    table.note(
        "(a) redis-py and bare redis-rs only read and parse; ours commits each row to the disk (synchronous=FULL).",
    );
    table.note(NOTE);
    Ok(())
}

/// What a long flood does to memory: ours while it stores, bare redis-rs behind a reader that takes its time.
fn memory(bench: &Bench, server: &Server, table: &mut Table) -> Result<()> {
    let count = bench.choose(FLOOD.0, FLOOD.1);
    note(&format!("(a) memory during {} messages", grouped(to_float(count))));
    let found = flood(server, count, ours(server, count, &bench.home("memory")?)?)?.1;
    let ours = growth(&found)?;
    // In the end it has heard only some of them: by then everything is in its memory.
    let slow = Measured::ours("bare", &[heard(server, count / 20), vec![("slow", SLOWLY.to_string())]].concat())?;
    let bare = growth(&flood(server, count, slow)?.1)?;
    table.row(Row {
        what: format!("    peak memory above idle in {} messages", grouped(to_float(count))),
        ours: format!("{ours:.0} MB"),
        bare: format!("{bare:.0} MB (slow reader)"),
        goal: "< 64 MB".into(),
        met: Some(ours < 64.0),
        ..Row::default()
    });
    Ok(())
}

fn heard(server: &Server, count: usize) -> Vec<(&'static str, String)> {
    vec![("port", server.port().to_string()), ("count", count.to_string())]
}

fn ours(server: &Server, count: usize, home: &Path) -> Result<Measured> {
    Measured::ours("ours", &[heard(server, count), vec![("home", text(home))]].concat())
}

/// Publishes to a subscriber, and says how many messages a second it dealt with.
fn rate(server: &Server, count: usize, subscriber: Measured) -> Result<f64> {
    let (first, found) = flood(server, count, subscriber)?;
    Ok(to_float(count) * 1e9 / (number(&found, "/last")? - first))
}

fn flood(server: &Server, count: usize, subscriber: Measured) -> Result<(f64, Value)> {
    let subscriber = subscriber.ready()?;
    let published = result("publish", &heard(server, count))?;
    Ok((number(&published, "/first")?, subscriber.found()?))
}

/// How much more memory a subscriber had at most than when it began, in megabytes.
fn growth(found: &Value) -> Result<f64> {
    Ok((number(found, "/peak_kb")? - number(found, "/idle_kb")?) / 1024.0)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[expect(clippy::cast_precision_loss, reason = "counts of messages are far below what a float holds exactly")]
fn to_float(count: usize) -> f64 {
    count as f64
}
