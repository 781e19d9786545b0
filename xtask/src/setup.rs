//! `cargo xtask setup`: what the system must have, found out with one question and installed with one command.

use std::{collections::HashSet, fs, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    packages::{self, Package},
    place,
    program::{exists, output, program, run},
};

/// The oldest Node.js that builds the window.
const NODE: (u32, u32) = (20, 19);

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Build and run the app.
    App,
    /// That, and test it.
    Tests,
}

#[derive(Clone, Copy)]
enum Installer {
    Apt,
    Dnf,
    Pacman,
    Brew,
}

/// Makes sure that everything needed is there.
pub(crate) fn ensure(need: Need) -> Result<()> {
    let installer = Installer::of_this_system()?;
    let extra = if need == Need::Tests { &packages::TESTS[..] } else { &[] };
    let wanted: Vec<&str> = packages::APP
        .iter()
        .chain(extra)
        .map(|package| installer.name(package))
        .filter(|name| !name.is_empty())
        .collect();
    let missing = installer.missing(&wanted)?;
    if !missing.is_empty() {
        println!("These system packages are missing: {}", missing.join(" "));
        installer.install(&missing)?;
        let left = installer.missing(&wanted)?;
        if !left.is_empty() {
            bail!("these system packages are still missing: {}", left.join(" "));
        }
    }
    if need == Need::Tests {
        python()?;
    }
    node()
}

/// What the tests need in Python, in a folder of its own: nothing outside is changed.
fn python() -> Result<()> {
    // The version is part of the name, so that another one is installed anew.
    let folder = place::target().join("tools/python");
    let installed = folder.join(packages::PYRAGE);
    if installed.is_file() {
        return Ok(());
    }
    let beside = folder.with_extension("new");
    for old in [&beside, &folder] {
        if old.is_dir() {
            fs::remove_dir_all(old)?;
        }
    }
    // Each wait of pip's has a limit, and so has their number.
    let pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--timeout", "30"];
    let what = ["--retries", "2", "--no-deps", "--only-binary", ":all:", packages::PYRAGE, "--target"];
    run(program("/usr/bin/python3", pip).args(what).arg(&beside))?;
    // It has its name once it is whole.
    fs::write(beside.join(packages::PYRAGE), "")?;
    fs::rename(&beside, &folder).context("cannot put Python's libraries in their place")
}

fn node() -> Result<()> {
    let needed = format!("Node.js {}.{} or newer with npm is needed to build the window", NODE.0, NODE.1);
    if !exists("node") || !exists("npm") {
        bail!("{needed}, and is not installed");
    }
    let text = output(&mut program("node", ["--version"]))?;
    let mut parts = text.trim().trim_start_matches('v').split('.').map_while(|part| part.parse().ok());
    let found: (u32, u32) = parts.next().zip(parts.next()).context("node does not tell its version")?;
    if found < NODE {
        bail!("{needed}; this is {}", text.trim());
    }
    Ok(())
}

impl Installer {
    fn of_this_system() -> Result<Self> {
        let known = [("apt-get", Self::Apt), ("dnf", Self::Dnf), ("pacman", Self::Pacman), ("brew", Self::Brew)];
        let found = known.into_iter().find(|(name, _)| exists(name));
        found.map(|(_, installer)| installer).with_context(|| {
            let names: Vec<&str> = packages::APP.iter().map(|package| package.apt).collect();
            format!(
                "no apt-get, dnf, pacman or brew here. Install what this system has for these packages of Debian, \
                 then use cargo directly: {}",
                names.join(" ")
            )
        })
    }

    fn name(self, package: &Package) -> &'static str {
        match self {
            Self::Apt => package.apt,
            Self::Dnf => package.dnf,
            Self::Pacman => package.pacman,
            Self::Brew => package.brew,
        }
    }

    /// Those of `wanted` that are not installed.
    fn missing<'a>(self, wanted: &[&'a str]) -> Result<Vec<&'a str>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let installed = self.installed(wanted)?;
        Ok(wanted.iter().copied().filter(|name| !installed.contains(*name)).collect())
    }

    /// The names among `wanted` that are installed. All of these programs fail when one is not, and still tell of the
    /// others, so only what they print counts.
    fn installed(self, wanted: &[&str]) -> Result<HashSet<String>> {
        let mut question = match self {
            Self::Apt => program("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Package}\n"]),
            Self::Dnf => program("rpm", ["-q", "--qf", "installed %{NAME}\n"]),
            // Prints what is not satisfied, and knows what provides what.
            Self::Pacman => program("pacman", ["-T"]),
            Self::Brew => program("brew", ["list", "--versions"]),
        };
        let answer = question.args(wanted).output().context("cannot ask which packages are installed")?;
        let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
        Ok(match self {
            Self::Apt | Self::Dnf => {
                answer.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect()
            }
            Self::Pacman => {
                let missing: HashSet<&str> = answer.lines().collect();
                wanted.iter().filter(|name| !missing.contains(*name)).map(|name| (*name).to_owned()).collect()
            }
            Self::Brew => answer.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect(),
        })
    }

    fn install(self, names: &[&str]) -> Result<()> {
        match self {
            Self::Apt => {
                // Old lists name packages that are no longer there. A source that fails need not be one we want
                // something from, so only the installation decides.
                if let Err(error) = run(&mut as_root(&["apt-get", "update", "-q"])?) {
                    println!("{error:#}; going on");
                }
                // Another installation may be under way, as on a machine that has just been started.
                let install = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-q", "-y"];
                run(as_root(&["env", "DEBIAN_FRONTEND=noninteractive"])?.args(install).args(names))
            }
            Self::Dnf => run(as_root(&["dnf", "install", "-y"])?.args(names)),
            Self::Pacman => run(as_root(&["pacman", "-S", "--needed", "--noconfirm"])?.args(names)),
            // Homebrew refuses to run as root.
            Self::Brew => run(program("brew", ["install"]).args(names)),
        }
    }
}

/// A command with the rights to install.
fn as_root(words: &[&str]) -> Result<Command> {
    if rustix::process::geteuid().is_root() {
        return Ok(program(words[0], &words[1..]));
    }
    if !exists("sudo") {
        bail!("installing needs root, and there is no sudo; run as root: {} …", words.join(" "));
    }
    Ok(program("sudo", words))
}
