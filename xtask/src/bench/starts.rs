//! (c) From the start of the process to the subscription.

use anyhow::Result;

use super::{
    Bench,
    app::App,
    median, note,
    server::Server,
    session::Session,
    table::{Row, Table},
};

const STARTS: (usize, usize) = (3, 7);

pub(super) fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::start()?;
    let session = Session::start(&bench.home("starts-session")?)?;
    let home = bench.home("starts")?;
    let starts = bench.choose(STARTS.0, STARTS.1);
    note(&format!("(c) {starts} starts"));
    let mut times = Vec::new();
    // The first one makes the store and warms the system's caches, which is not how it starts every day.
    for number in 0..=starts {
        let mut app = App::start(&session, &server, &home)?;
        let took = app.subscribed(&server)?;
        app.stop()?;
        if number > 0 {
            times.push(took.as_secs_f64() * 1000.0);
        }
    }
    let longest = times.iter().copied().fold(0.0, f64::max);
    let middle = median(times);
    table.row(Row {
        what: format!("(c) start to subscribed, median of {starts}"),
        ours: format!("{middle:.0} ms (longest {longest:.0})"),
        goal: "< 1,000 ms".into(),
        met: Some(middle < 1000.0),
        ..Row::default()
    });
    Ok(())
}
