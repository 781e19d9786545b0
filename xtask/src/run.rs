//! `cargo xtask run`: from a fresh clone to the app on the screen.

use anyhow::Result;
use clap::Args;

use crate::{
    program::{cargo, run as run_program},
    setup::{self, Need},
    ui,
};

/// How the app is to be started.
#[derive(Args)]
pub(crate) struct Options {
    /// With the whole outside world on this computer.
    #[arg(long)]
    sandbox: bool,
    /// Built quickly and running slowly, for work on the app itself.
    #[arg(long)]
    dev: bool,
    /// Handed on to the app.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Sets up, builds, starts.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::ensure(Need::App)?;
    ui::build_if_changed()?;
    let mut start = cargo(["run", "--package", "heliograph", "--bin", "heliograph"]);
    if !options.dev {
        start.arg("--release");
    }
    start.arg("--");
    if options.sandbox {
        start.arg("--sandbox");
    }
    run_program(start.args(&options.arguments))
}
