//! (d) What the app costs while nothing happens and its window is closed, beside the barest app.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::{
    Bench,
    app::App,
    note,
    processes::{Used, shared_with_others, used},
    server::Server,
    session::Session,
    table::{Row, Table},
};

/// How long a start is left to die away.
const SETTLING: Duration = Duration::from_secs(10);

/// How long nothing happens, where no heartbeat says when to look.
const QUICK: Duration = Duration::from_secs(20);
const BARE: Duration = Duration::from_mins(1);

/// So many heartbeats, 120 seconds from each to the next, are measured over.
const HEARTBEATS: u64 = 2;
const LONGEST: Duration = Duration::from_mins(10);

/// What was used in a time in which nothing happened.
struct Idle {
    megabytes: f64,
    wakes: f64,
    percent: f64,
    /// Others used the same libraries, so that the memory is less than it would be.
    shared: bool,
}

pub(super) fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::start()?;
    let session = Session::start(&bench.home("idle-session")?)?;
    note("(d) the barest app, idle");
    let bare = App::bare(&session)?;
    thread::sleep(SETTLING);
    let (bare_idle, ()) = over(&bare, || {
        thread::sleep(bench.choose(QUICK, BARE));
        Ok(())
    })?;
    bare.stop()?;

    note("(d) the app, idle");
    let mut app = App::start(&session, &server, &bench.home("idle")?)?;
    app.subscribed(&server)?;
    thread::sleep(SETTLING);
    let (ours, commands) = if bench.quick { quick(&app)? } else { from_beat_to_beat(&app, &server)? };
    app.stop()?;
    rows(table, &ours, &bare_idle, commands);
    Ok(())
}

fn quick(app: &App) -> Result<(Idle, Option<f64>)> {
    let (idle, ()) = over(app, || {
        thread::sleep(QUICK);
        Ok(())
    })?;
    Ok((idle, None))
}

/// From one heartbeat to another: between two of them no share of a command is counted too much or too little.
fn from_beat_to_beat(app: &App, server: &Server) -> Result<(Idle, Option<f64>)> {
    beats(server, 1)?;
    let before: u64 = server.calls()?.iter().map(|(_, calls)| calls).sum();
    let began = Instant::now();
    let (idle, ()) = over(app, || beats(server, HEARTBEATS))?;
    let after: u64 = server.calls()?.iter().map(|(_, calls)| calls).sum();
    let commands = u32::try_from(after - before)?;
    Ok((idle, Some(f64::from(commands) * 3600.0 / began.elapsed().as_secs_f64())))
}

/// Waits for so many heartbeats.
fn beats(server: &Server, count: u64) -> Result<()> {
    let published = || -> Result<u64> {
        let calls = server.calls()?;
        Ok(calls.iter().find(|(name, _)| name == "publish").map_or(0, |(_, calls)| *calls))
    };
    let wanted = published()? + count;
    let until = Instant::now() + LONGEST;
    while published()? < wanted {
        if Instant::now() > until {
            bail!("the app has no heartbeat");
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// What `app` uses while `wait` waits.
fn over<T>(app: &App, wait: impl FnOnce() -> Result<T>) -> Result<(Idle, T)> {
    let family = app.family();
    let (began, before) = (Instant::now(), used(&family)?);
    let waited = wait()?;
    let family = app.family();
    let (seconds, after) = (began.elapsed().as_secs_f64(), used(&family)?);
    Ok((idle(&before, &after, seconds, shared_with_others(&family))?, waited))
}

fn idle(before: &Used, after: &Used, seconds: f64, shared: bool) -> Result<Idle> {
    let wakes = u32::try_from(after.wakes.saturating_sub(before.wakes))?;
    Ok(Idle {
        megabytes: f64::from(u32::try_from(after.pss_kb)?) / 1024.0,
        wakes: f64::from(wakes) / seconds,
        percent: (after.seconds - before.seconds) / seconds * 100.0,
        shared,
    })
}

fn rows(table: &mut Table, ours: &Idle, bare: &Idle, commands: Option<f64>) {
    let more = ours.megabytes - bare.megabytes;
    let comparable = !ours.shared && !bare.shared;
    if !comparable {
        table.note("(d) PSS: other programs used the same web library meanwhile; measure again without them.");
    }
    table.row(Row {
        what: "(d) idle, window closed: PSS of all processes".into(),
        ours: format!("{:.1} MB ({more:+.1})", ours.megabytes),
        bare: format!("{:.1} MB", bare.megabytes),
        goal: "≤ 15 MB above bare".into(),
        met: comparable.then_some(more <= 15.0),
        ..Row::default()
    });
    table.row(Row {
        what: "    wake-ups a second".into(),
        ours: format!("{:.2}", ours.wakes),
        bare: format!("{:.2}", bare.wakes),
        ..Row::default()
    });
    table.row(Row {
        what: "    CPU".into(),
        ours: format!("{:.3} %", ours.percent),
        bare: format!("{:.3} %", bare.percent),
        goal: "< 0.2 %".into(),
        met: Some(ours.percent < 0.2),
        ..Row::default()
    });
    table.row(Row {
        what: "    Redis commands an hour".into(),
        ours: commands.map_or_else(|| "not with --quick".into(), |commands| format!("{commands:.1}")),
        goal: "< 40".into(),
        met: commands.map(|commands| commands < 40.0),
        ..Row::default()
    });
}
