//! (e) What is left after the window was opened and closed many times.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{
    Bench,
    app::{App, program},
    note,
    processes::{names, seconds, used},
    server::Server,
    session::Session,
    table::{Row, Table},
};

/// How often, and after how many times the growth begins to count: by then everything was used once.
const TIMES: (usize, usize) = (10, 50);
const FIRST: usize = 5;

/// How long a window may take to come, to have drawn its page, and to go.
const LIMIT: Duration = Duration::from_secs(20);

/// A page is drawn when its process has done nothing for so long.
const CALM: Duration = Duration::from_millis(300);

/// How long memory may take to be given back.
const SETTLING: Duration = Duration::from_secs(3);

/// The process that draws a window.
const WEB: &str = "WebKitWebProcess";

pub(super) fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::start()?;
    let session = Session::start(&bench.home("windows-session")?)?;
    let home = bench.home("windows")?;
    let mut app = App::start(&session, &server, &home)?;
    app.subscribed(&server)?;
    let times = bench.choose(TIMES.0, TIMES.1);
    note(&format!("(e) {times} times opening and closing the window"));
    let mut first = 0.0;
    for number in 1..=times {
        let window = open(&session, &app, &home)?;
        close(&session, &app, &window)?;
        if number == FIRST {
            first = megabytes(&app)?;
        }
    }
    let last = megabytes(&app)?;
    let left = names(&app.family()).iter().filter(|name| *name == WEB).count();
    let others: Vec<String> = names(&app.family()).into_iter().skip(1).filter(|name| name != WEB).collect();
    app.stop()?;
    table.row(Row {
        what: format!("(e) PSS after {times} windows, growth since the {FIRST}th"),
        ours: format!("{last:.1} MB ({:+.1})", last - first),
        goal: "< 5 MB".into(),
        met: Some(last - first < 5.0),
        ..Row::default()
    });
    table.row(Row {
        what: "    web processes left".into(),
        ours: if others.is_empty() { left.to_string() } else { format!("{left} (and {})", others.join(", ")) },
        goal: "0".into(),
        met: Some(left == 0),
        ..Row::default()
    });
    Ok(())
}

/// Opens the window by a second start, and returns its number when its page is drawn.
fn open(session: &Session, app: &App, home: &std::path::Path) -> Result<String> {
    let status = session.command(&program(), &["--open", "inbox"]).env("HELIOGRAPH_HOME", home).status()?;
    if !status.success() {
        bail!("the second start failed ({status})");
    }
    let window = until("no window came", || {
        let found = session.command("xdotool", &["search", "--onlyvisible", "--name", "^Heliograph"]).output()?;
        let found = String::from_utf8_lossy(&found.stdout).lines().next().map(str::to_owned);
        Ok(found)
    })?;
    let page = until("nothing draws the window", || Ok(web(app).first().copied()))?;
    let mut last = (seconds(page)?, Instant::now());
    until("the page is never drawn", || {
        let now = seconds(page)?;
        if now > last.0 {
            last = (now, Instant::now());
        }
        Ok((now > 0.0 && last.1.elapsed() > CALM).then_some(()))
    })?;
    Ok(window)
}

/// Closes the window as its frame's button would, and returns when nothing draws it any more.
fn close(session: &Session, app: &App, window: &str) -> Result<()> {
    let keys = ["windowactivate", "--sync", window, "key", "--clearmodifiers", "alt+F4"];
    let status = session.command("xdotool", &keys).status().context("cannot start xdotool")?;
    if !status.success() {
        bail!("the window cannot be closed ({status})");
    }
    until("the window's process does not go", || Ok(web(app).is_empty().then_some(())))
}

fn web(app: &App) -> Vec<u32> {
    let is_web = |pid: &u32| names(&[*pid]).iter().any(|name| name == WEB);
    app.family().into_iter().filter(is_web).collect()
}

/// What the app holds once no process of the web view is left, or none seems to go any more.
fn megabytes(app: &App) -> Result<f64> {
    let alone = until("a process stays", || Ok((app.family().len() == 1).then_some(())));
    if let Err(error) = alone {
        note(&format!("{error}: it is counted"));
    }
    thread::sleep(SETTLING);
    Ok(f64::from(u32::try_from(used(&app.family())?.pss_kb)?) / 1024.0)
}

fn until<T>(otherwise: &str, mut found: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let limit = Instant::now() + LIMIT;
    loop {
        if let Some(found) = found()? {
            return Ok(found);
        }
        if Instant::now() > limit {
            bail!("{otherwise}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}
