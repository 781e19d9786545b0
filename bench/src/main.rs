//! The measuring programs behind `cargo xtask bench`, one a subcommand; and the fleet behind `cargo xtask fleet`.
//!
//! Each that measures says `ready` on a line of its own when it can be measured, and in the end one line of JSON. They must not
//! judge what they measure, and speak to nobody beyond loopback.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "whoever measures reads standard output")]

mod bare;
mod clock;
mod desktop;
mod disk;
mod fill;
mod fleet;
mod memory;
mod ours;
mod publish;
mod spread;
mod task;

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use serde::Serialize;

/// The channel everything is measured on.
const CHANNEL: &str = "helios→chad";

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    program: Program,
}

#[derive(Subcommand)]
enum Program {
    /// Publishes tasks: as fast as it goes, or so many a second.
    Publish(publish::Options),
    /// Heliograph's link and engine, as the app runs them, without a screen.
    Ours(ours::Options),
    /// A subscriber made with redis-rs and nothing else.
    Bare(bare::Options),
    /// Puts rows into a store that does not run, and does what a quiet hour would do.
    Fill(fill::Options),
    /// SQLite alone: one task a commit, so many a second.
    Disk(disk::Options),
    /// A month of many agents, with its commands predicted and counted.
    Fleet(fleet::Options),
    /// A desktop without a screen: takes notifications, notes when, and has a place for tray icons.
    Desktop,
}

fn main() -> Result<()> {
    // As the app has it.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match Arguments::parse().program {
        Program::Publish(options) => publish::run(&options),
        Program::Ours(options) => runtime.block_on(ours::run(options)),
        Program::Bare(options) => runtime.block_on(bare::run(options)),
        Program::Fill(options) => runtime.block_on(fill::run(options)),
        Program::Disk(options) => disk::run(&options),
        Program::Fleet(options) => runtime.block_on(fleet::run(options)),
        Program::Desktop => runtime.block_on(desktop::run()),
    }
}

/// From now on it can be measured.
fn ready() -> Result<()> {
    println!("ready");
    io::stdout().flush().context("nobody reads what is measured")
}

/// What was measured.
fn say(result: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(result)?);
    io::stdout().flush().context("nobody reads what is measured")
}
