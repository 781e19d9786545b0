//! `cargo xtask bench`: what the app costs, in one table, beside the plainest programs that could do its work.
//!
//! It measures and does not judge: a goal that is missed is said in the table and fails nothing. What cannot be
//! measured at all is a failure. Linux only, since it reads `/proc`.

mod app;
mod flood;
mod idle;
mod late;
mod measured;
mod processes;
mod server;
mod session;
mod starts;
mod table;
mod windows;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use self::table::Table;
use crate::{
    place,
    program::{cargo, run as run_program},
    setup::{self, Need},
    ui,
};

/// What is measured, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Shorter and with fewer repetitions: to see that it works, not for figures to be quoted.
    #[arg(long)]
    quick: bool,
    /// Only these parts.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
}

/// A part of the table.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Messages a second, from the wire to the committed row; memory meanwhile.
    A,
    /// How late a row and a notification are at 100 messages a second.
    B,
    /// From the start of the process to the subscription.
    C,
    /// What it costs while nothing happens.
    D,
    /// What is left after the window was opened and closed many times.
    E,
}

/// Everything a part needs to measure.
struct Bench {
    quick: bool,
    /// For stores and homes: on the disk they would be on, not in memory. Goes when the measuring ends.
    folder: tempfile::TempDir,
}

/// Builds what is measured, measures, and prints the table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!("the measuring reads /proc, and so needs Linux");
    }
    setup::ensure(Need::Tests)?;
    let all = [Part::A, Part::B, Part::C, Part::D, Part::E];
    let parts: Vec<Part> =
        all.into_iter().filter(|part| options.only.is_empty() || options.only.contains(part)).collect();
    build(parts.iter().any(|part| *part != Part::A))?;
    std::fs::create_dir_all(place::target())?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(place::target())?;
    let bench = Bench { quick: options.quick, folder };
    let mut table = Table::default();
    for part in parts {
        let measured = match part {
            Part::A => flood::measure(&bench, &mut table),
            Part::B => late::measure(&bench, &mut table),
            Part::C => starts::measure(&bench, &mut table),
            Part::D => idle::measure(&bench, &mut table),
            Part::E => windows::measure(&bench, &mut table),
        };
        if let Err(error) = measured {
            table.failed(part, &error);
        }
    }
    print!("{}", table.text(options.quick));
    Ok(if table.complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds for release: the measuring programs, and the app where it is measured.
fn build(app: bool) -> Result<()> {
    run_program(&mut cargo(["build", "--release", "--package", "heliograph-bench"]))?;
    if app {
        ui::build_if_changed()?;
        let example = ["build", "--release", "--package", "heliograph", "--bins", "--example", "bare_tray"];
        run_program(&mut cargo(example))?;
    }
    Ok(())
}

impl Bench {
    /// The one or the other, by whether it is to be quick.
    fn choose<T>(&self, quick: T, thorough: T) -> T {
        if self.quick { quick } else { thorough }
    }

    /// A new folder for a store or a home.
    fn home(&self, name: &str) -> Result<PathBuf> {
        let home = self.folder.path().join(name);
        std::fs::create_dir_all(&home)?;
        Ok(home)
    }
}

/// Says what is being measured, for whoever waits.
fn note(what: &str) {
    println!("… {what}");
}

/// The one in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
