//! `heliograph-sandbox`: one part of the outside world alone, for other programs' clients.
//!
//! It prints how the part is reached as `NAME=value` lines, then `ready`, and ends on SIGTERM.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use heliograph_sandbox::{
    Address, Github, GithubOptions, Helios, HeliosEvent, Names, Redis, RedisOptions, Upstash, UpstashOptions,
    helios::Stage,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
};

/// A part of Heliograph's outside world on this computer.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// A Redis server on loopback with TLS and a password.
    Redis {
        /// The port; a free one if none is given.
        #[arg(long)]
        port: Option<u16>,
        /// The folder for its files; one that goes away at the end if none is given.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// A Helios, on the server in `UPSTASH_REDIS_URL` or on one of his own. Understands the lines `task`,
    /// `urgent_task`, `burst`, `sleep`, `wake` and `lose_key` on standard input, and prints what happens as JSON.
    Helios {
        /// The port of his own server; a free one if none is given.
        #[arg(long)]
        port: Option<u16>,
    },
    /// A stand-in for the Developer API of Upstash, with an account whose databases are servers on loopback.
    /// Understands lines of JSON on standard input, such as `"behave"`, `{"misbehave":{"reset":"done_error"}}` and
    /// `{"habits":{"cuts_connections":true}}`, and prints `done` after each.
    Upstash {
        /// The port; a free one if none is given.
        #[arg(long)]
        port: Option<u16>,
        /// A database of this name is there from the beginning, a free one if nothing else is said.
        #[arg(long)]
        database: Option<String>,
        /// It is one that is paid for, with an access control list.
        #[arg(long, requires = "database")]
        paid: bool,
    },
    /// A stand-in for the parts of GitHub's API that a mailbox needs. Understands lines of JSON on standard input, such
    /// as `"behave"` and `{"misbehave":{"unavailable":503}}`, and prints `done` after each.
    Github {
        /// The port; a free one if none is given.
        #[arg(long)]
        port: Option<u16>,
    },
}

/// The signals that end this program.
struct Ending {
    terminate: Signal,
    interrupt: Signal,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut ending = Ending::new()?;
    match Arguments::parse().part {
        Part::Redis { port, folder } => {
            let (redis, _folder) = start_redis(port, folder).await?;
            say("ready")?;
            ending.wait().await;
            redis.stop().await;
            Ok(())
        }
        Part::Helios { port } => {
            if let Some(address) = address_from_environment() {
                return play_helios(address, &mut ending).await;
            }
            let (redis, _folder) = start_redis(port, None).await?;
            let played = play_helios(redis.address(), &mut ending).await;
            redis.stop().await;
            played
        }
        Part::Upstash { port, database, paid } => {
            let folder = own_folder()?;
            let upstash = start_upstash(folder.path(), port, database, paid).await?;
            say("ready")?;
            let obey = |line: &str| {
                upstash.obey(serde_json::from_str(line)?);
                Ok(())
            };
            let heard = obey_lines(&mut ending, obey).await;
            upstash.stop().await;
            heard
        }
        Part::Github { port } => {
            let github = start_github(port).await?;
            say("ready")?;
            let obey = |line: &str| github.obey(serde_json::from_str(line)?);
            let heard = obey_lines(&mut ending, obey).await;
            github.stop().await;
            heard
        }
    }
}

/// Starts a GitHub and prints how it is reached.
async fn start_github(port: Option<u16>) -> Result<Github> {
    let github = Github::start(GithubOptions { port }).await?;
    say(&format!("GITHUB_API_URL={}", github.url()))?;
    say(&format!("GITHUB_TOKEN={}", github.token().expose_secret()))?;
    say(&format!("GITHUB_REPOSITORY={}", github.repository()))?;
    Ok(github)
}

/// Lets a part do what standard input says, line by line, until the end.
async fn obey_lines(ending: &mut Ending, obey: impl Fn(&str) -> Result<()>) -> Result<()> {
    let mut lines = input_lines();
    loop {
        let line = tokio::select! {
            () = ending.wait() => return Ok(()),
            Some(line) = lines.recv() => line,
        };
        match obey(&line) {
            Ok(()) => say("done")?,
            // Standard error may be closed; there is nowhere else to say it.
            Err(error) => drop(writeln!(io::stderr(), "{}: {error:#}", line.trim())),
        }
    }
}

/// Starts an account and prints how it is reached.
async fn start_upstash(folder: &Path, port: Option<u16>, database: Option<String>, paid: bool) -> Result<Upstash> {
    let upstash = Upstash::start(folder, UpstashOptions { port }).await?;
    match database {
        Some(name) if paid => drop(upstash.make_paid(&name).await?),
        Some(name) => drop(upstash.make(&name).await?),
        None => {}
    }
    say(&format!("UPSTASH_API_URL={}", upstash.url()))?;
    say(&format!("UPSTASH_EMAIL={}", upstash.email()))?;
    say(&format!("UPSTASH_API_KEY={}", upstash.key().expose_secret()))?;
    say(&format!("SSL_CERT_FILE={}", upstash.ca_file().display()))?;
    Ok(upstash)
}

/// A folder that goes away at the end.
fn own_folder() -> Result<TempDir> {
    tempfile::Builder::new().prefix("heliograph-sandbox-").tempdir().context("cannot make a folder")
}

/// Starts a server and prints how it is reached. A folder of its own goes away with the second value.
async fn start_redis(port: Option<u16>, folder: Option<PathBuf>) -> Result<(Redis, Option<TempDir>)> {
    let own = match folder {
        Some(_) => None,
        None => Some(own_folder()?),
    };
    let folder = folder.or_else(|| own.as_ref().map(|own| own.path().to_owned())).context("no folder")?;
    let redis = Redis::start(&folder, RedisOptions { port, ..RedisOptions::default() }).await?;
    say(&format!("UPSTASH_REDIS_URL={}", redis.url().expose_secret()))?;
    say(&format!("SSL_CERT_FILE={}", redis.ca_file().display()))?;
    Ok((redis, own))
}

fn address_from_environment() -> Option<Address> {
    let url: SecretString = std::env::var("UPSTASH_REDIS_URL").ok().filter(|url| !url.is_empty())?.into();
    Some(Address::new(url, std::env::var_os("SSL_CERT_FILE").map(PathBuf::from)))
}

async fn play_helios(address: Address, ending: &mut Ending) -> Result<()> {
    let (helios, mut events) = Helios::start(address, Names::default());
    let mut ready = false;
    // Beside the printing below: Helios has to tell what he does before he is done.
    let mut prompter = JoinSet::new();
    prompter.spawn(prompt(helios.stage()));
    loop {
        tokio::select! {
            () = ending.wait() => break,
            Some(event) = events.recv() => {
                // Before he is connected he could do nothing of what he is asked.
                if !ready && event == HeliosEvent::Connected {
                    ready = true;
                    say("ready")?;
                }
                say(&serde_json::to_string(&event)?)?;
            }
        }
    }
    // Nobody reads them any more, and he must not wait for it.
    drop(events);
    helios.stop().await;
    Ok(())
}

/// Lets Helios do what standard input says, line by line.
async fn prompt(stage: Stage) {
    let mut lines = input_lines();
    while let Some(line) = lines.recv().await {
        let act = serde_json::from_value(Value::String(line.trim().to_owned()));
        let result = match act {
            Ok(act) => stage.act(act).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = result {
            // Standard error may be closed; there is nowhere else to say it.
            let _ = writeln!(io::stderr(), "{}: {error:#}", line.trim());
        }
    }
}

/// The lines of standard input. A plain thread reads them, because the runtime would wait at its end for a read
/// that nobody can break off.
fn input_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn say(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("cannot print")
}

impl Ending {
    fn new() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
