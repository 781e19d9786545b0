//! The commands of this repository: `cargo xtask …`.
#![allow(clippy::print_stdout, reason = "a command speaks on standard output")]

mod bench;
mod bindings;
mod check;
mod fleet;
mod icons;
mod package;
mod packages;
mod place;
mod program;
mod run;
mod setup;
mod soak;
mod test;
mod ui;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The commands of this repository")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs the system packages that building and running need; does nothing when they are there.
    Setup {
        /// Also what the tests need.
        #[arg(long)]
        tests: bool,
    },
    /// Sets up, builds and starts the app.
    Run(run::Options),
    /// Sets up, then checks and tests everything, and says how many tests passed.
    Test,
    /// Measures the app beside the plainest programs that could do its work, and prints a table.
    Bench(bench::Options),
    /// Lets a fleet of agents live through a month in minutes; the last line says how many commands were predicted and
    /// how many counted.
    Fleet(fleet::Options),
    /// Runs the app for minutes or hours while everything around it breaks; the last line counts what was lost.
    Soak(soak::Options),
    /// Looks at the code without running it: formatting, lints, generated types, and who may depend on what.
    Check,
    /// Writes the TypeScript types that the window shares with the engine.
    Bindings,
    /// Draws the app's and the tray's icons from their SVG sources.
    Icons,
    /// Builds the .deb and the .rpm, and tries both where that is possible.
    Package,
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Setup { tests } => setup::ensure(if tests { setup::Need::Tests } else { setup::Need::App })?,
        Command::Run(options) => run::run(&options)?,
        Command::Test => return test::run(),
        Command::Bench(options) => return bench::run(&options),
        Command::Fleet(options) => fleet::run(&options)?,
        Command::Soak(options) => return soak::run(&options),
        Command::Check => check::run()?,
        Command::Bindings => bindings::write()?,
        Command::Icons => icons::run()?,
        Command::Package => package::run()?,
    }
    Ok(ExitCode::SUCCESS)
}
