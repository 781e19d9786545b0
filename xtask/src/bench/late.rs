//! (b) How late a row is, and how late a notification, at 100 messages a second.

use anyhow::{Result, bail};
use serde_json::Value;

use super::{
    Bench,
    app::{self, App},
    measured::{Measured, number, result},
    note,
    server::Server,
    session::Session,
    table::{Row, Table},
};
use crate::program::{output, program};

/// Messages a second, and for how many seconds.
const RATE: usize = 100;
const SECONDS: (usize, usize) = (5, 30);

pub(super) fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::start()?;
    let count = RATE * bench.choose(SECONDS.0, SECONDS.1);
    let port = server.port();
    let heard = vec![("port", port.to_string()), ("count", count.to_string())];
    note(&format!("(b) {count} messages, {RATE} a second, to four subscribers one after the other"));
    // What was written before would otherwise reach the disk meanwhile, and every commit would wait for it.
    output(&mut program::<&str>("sync", []))?;
    let disk = disk(bench, count)?;
    let home = bench.home("late")?.display().to_string();
    let ours = Measured::ours("ours", &[heard.clone(), vec![("home", home)]].concat())?;
    let ours = paced(&heard, &ours.ready()?)?;
    let python = paced(&heard, &Measured::python(port, count)?.ready()?)?;
    let bare = paced(&heard, &Measured::ours("bare", &heard)?.ready()?)?;
    let notify = notifications(bench, &server, &heard, count)?;
    let row = |what: &str, key: &str, goal: Option<f64>, others: bool, ours: &Value| -> Result<Row> {
        let [own, python, bare] = [ours, &python, &bare].map(|found| number(found, key).map(|micros| micros / 1000.0));
        let own = own?;
        let other = |found: f64| if others { format!("{found:.2} ms") } else { String::new() };
        Ok(Row {
            what: what.into(),
            ours: format!("{own:.2} ms"),
            python: other(python?),
            bare: other(bare?),
            goal: goal.map_or_else(String::new, |goal| format!("< {goal} ms")),
            met: goal.map(|goal| own < goal),
        })
    };
    table.row(row("(b) publish → row (others: parsed), median", "/median", Some(1.0), true, &ours)?);
    table.row(row("    99th percentile", "/p99", Some(5.0), true, &ours)?);
    for (what, key) in [("    a bare commit on this disk, median", "/median"), ("    99th percentile", "/p99")] {
        let bare = format!("{:.2} ms", number(&disk, key)? / 1000.0);
        table.row(Row { what: what.into(), bare, ..Row::default() });
    }
    table.row(row("    publish → Notify on D-Bus, median", "/median", None, false, &notify)?);
    table.row(row("    99th percentile", "/p99", Some(15.0), false, &notify)?);
    Ok(())
}

/// How long SQLite alone takes for one task a commit: what a disk now and then takes, no program can save.
fn disk(bench: &Bench, count: usize) -> Result<Value> {
    let home = bench.home("disk")?.display().to_string();
    let options = [("home", home), ("count", count.to_string()), ("rate", RATE.to_string())];
    Ok(result("disk", &options)?["late"].take())
}

/// Publishes at the measured pace, and says how late a subscriber was.
fn paced(heard: &[(&'static str, String)], subscriber: &Measured) -> Result<Value> {
    publish(heard)?;
    Ok(subscriber.found()?["late"].take())
}

fn publish(heard: &[(&'static str, String)]) -> Result<Value> {
    result("publish", &[heard, &[("rate", RATE.to_string())]].concat())
}

/// The app itself, with every task notified by itself.
fn notifications(bench: &Bench, server: &Server, heard: &[(&'static str, String)], count: usize) -> Result<Value> {
    let home = bench.home("notify")?;
    app::notify_always(&home)?;
    let mut session = Session::start(&bench.home("notify-session")?)?;
    let mut app = App::start(&session, server, &home)?;
    app.subscribed(server)?;
    publish(heard)?;
    // The last ones are on their way.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let late = session.notifications()?;
    app.stop()?;
    let shown = late["count"].as_u64().unwrap_or(0);
    // Several in one commit may be counted in one notification, which is no more than a few at this pace.
    if usize::try_from(shown)? < count * 9 / 10 {
        bail!("only {shown} of {count} tasks were notified");
    }
    Ok(late)
}
