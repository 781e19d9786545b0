//! `cargo xtask package`: the .deb and the .rpm, and a first try of each.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    place,
    program::{output, program, run as run_program},
    setup::{self, Need},
    ui,
};

/// The bundler; exact, because it decides what the packages contain.
const BUNDLER: &str = "--package=@tauri-apps/cli@2.12.5";
/// The package's name, and its program's.
const NAME: &str = "heliograph";

/// Builds both, and tries them where that does not touch what the person has installed.
pub(crate) fn run() -> Result<()> {
    setup::ensure(Need::Tests)?;
    ui::build()?;
    let bundle = place::target().join("release/bundle");
    if bundle.exists() {
        fs::remove_dir_all(&bundle).context("cannot remove the old packages")?;
    }
    run_program(&mut program("npm", ["exec", "--yes", BUNDLER, "--", "tauri", "build", "--bundles", "deb,rpm"]))?;
    let (deb, rpm) = (find(&bundle.join("deb"), "deb")?, find(&bundle.join("rpm"), "rpm")?);
    println!("{}\n{}", deb.display(), rpm.display());
    if !rustix::process::geteuid().is_root() {
        println!("Not tried: installing needs root.");
        return Ok(());
    }
    try_rpm(&rpm)?;
    try_deb(&deb)
}

fn find(folder: &Path, ending: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| path.extension().is_some_and(|found| found == ending)).context("the package is missing")
}

/// Unpacks it into a folder as its installer would, and asks the program for its version. What it depends on has
/// other names here, so that is not looked at.
fn try_rpm(rpm: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let install = ["--install", "--nodeps", "--noscripts", "--root"];
    run_program(program("rpm", install).arg(folder.path()).arg(rpm))?;
    version(&folder.path().join("usr/bin").join(NAME))
}

/// Installs it, starts it in a desktop session of its own, and removes it.
fn try_deb(deb: &Path) -> Result<()> {
    if is_installed()? {
        bail!("{NAME} is installed on this system; remove it to try the new package");
    }
    run_program(program("dpkg", ["--install"]).arg(deb))?;
    let tried = version(Path::new("/usr/bin").join(NAME).as_path()).and_then(|()| start());
    run_program(&mut program("dpkg", ["--purge", NAME]))?;
    tried?;
    if Path::new("/usr/bin").join(NAME).exists() {
        bail!("the package leaves its program behind");
    }
    Ok(())
}

fn is_installed() -> Result<bool> {
    let answer = program("dpkg-query", ["-W", "-f", "${db:Status-Status}", NAME]).output()?;
    Ok(answer.stdout == b"installed")
}

fn version(program_path: &Path) -> Result<()> {
    let text = output(&mut program(&program_path.to_string_lossy(), ["--version"]))?;
    if !text.contains(env!("CARGO_PKG_VERSION")) {
        bail!("{} says it is {:?}", program_path.display(), text.trim());
    }
    println!("{} is {}", program_path.display(), text.trim());
    Ok(())
}

/// Lets it live for a while. It must not end by itself, and end well when it is asked to.
fn start() -> Result<()> {
    let home = tempfile::tempdir()?;
    let session = ["-a", "dbus-run-session", "--", "timeout", "--preserve-status", "--signal=TERM", "--kill-after=10"];
    let mut session = program("xvfb-run", session);
    session.args(["15", NAME, "--sandbox"]).env("HELIOGRAPH_HOME", home.path());
    let began = std::time::Instant::now();
    run_program(&mut session).context("the installed program did not end well")?;
    if began.elapsed().as_secs() < 14 {
        bail!("the installed program ended by itself");
    }
    Ok(())
}
