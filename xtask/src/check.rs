//! `cargo xtask check`: what can be said of the code without running it.

use anyhow::{Result, bail};

use crate::{
    bindings,
    program::{cargo, output, run as run_program},
    ui,
};

/// A check, by the name it is reported under.
pub(crate) type Check = (&'static str, fn() -> Result<()>);

/// All checks, in the order of their cost.
pub(crate) const ALL: [Check; 6] = [
    ("format of the Rust code", format),
    ("who depends on what", dependencies),
    ("format and types of the window", window),
    ("build of the window", ui::build),
    ("lints", lints),
    ("generated types", types),
];

/// Runs them all, and fails at the first that does.
pub(crate) fn run() -> Result<()> {
    ALL.iter().try_for_each(|(_, check)| check())
}

fn format() -> Result<()> {
    run_program(&mut cargo(["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    run_program(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn window() -> Result<()> {
    ui::install()?;
    ui::npm(&["run", "check"])
}

fn types() -> Result<()> {
    let outdated = bindings::outdated()?;
    if !outdated.is_empty() {
        bail!("ui/src/bindings does not match the Rust types ({}): run `cargo xtask bindings`", outdated.join(", "));
    }
    Ok(())
}

fn dependencies() -> Result<()> {
    let core = tree(&["-p", "heliograph-core"])?;
    let all = tree(&["--workspace"])?;
    let faults = [screen_in_core(&core), forbidden(&all)].concat();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

/// One line for each package: its name, its version and its features.
fn tree(which: &[&str]) -> Result<String> {
    let format = ["--edges", "normal", "--prefix", "none", "--format", "{p}|{f}"];
    output(cargo(["tree"]).args(which).args(format))
}

/// The packages of a screen that the core depends on.
fn screen_in_core(tree: &str) -> Vec<String> {
    let is_screen = |name: &str| matches!(name, "tauri" | "wry" | "tao") || name.starts_with("tauri-");
    let found = parse(tree).filter(|package| is_screen(package.name));
    found.map(|package| format!("heliograph-core must not depend on {}", package.name)).collect()
}

/// The packages and features that must not be built in, each with the reason.
fn forbidden(tree: &str) -> Vec<String> {
    let reason = |package: &Package| match package {
        Package { name: "zbus", version, features } if version.starts_with("5.") && features.contains(&"tokio") => {
            Some("zbus 5 with `tokio` makes the keychain panic inside the runtime")
        }
        Package { name: "redis", features, .. } if features.contains(&"tls-rustls-insecure") => {
            Some("redis must not be able to skip the check of certificates")
        }
        Package { name: "aws-lc-rs" | "openssl" | "native-tls", .. } => {
            Some("TLS is rustls with ring, and nothing else")
        }
        _ => None,
    };
    let mut faults: Vec<String> = parse(tree)
        .filter_map(|package| reason(&package).map(|reason| format!("{} is built in: {reason}", package.name)))
        .collect();
    // The tree names a package once for each way to it.
    faults.sort();
    faults.dedup();
    faults
}

struct Package<'a> {
    name: &'a str,
    version: &'a str,
    features: Vec<&'a str>,
}

/// Reads lines like `redis v1.8.1|aio,bytes (*)`.
fn parse(tree: &str) -> impl Iterator<Item = Package<'_>> {
    tree.lines().filter_map(|line| {
        let (package, features) = line.trim_end_matches(" (*)").split_once('|')?;
        let (name, rest) = package.split_once(" v")?;
        let version = rest.split(' ').next().unwrap_or(rest);
        Some(Package { name, version, features: features.split(',').collect() })
    })
}

#[cfg(test)]
mod tests {
    use super::{forbidden, screen_in_core};

    const GOOD: &str =
        "heliograph v0.1.0 (/a)|\nzbus v5.19.0|async-io,default (*)\nzbus v6.2.0|tokio\nredis v1.8.1|aio";

    #[test]
    fn what_may_be_is_let_through() {
        assert!(forbidden(GOOD).is_empty());
        assert!(screen_in_core(GOOD).is_empty());
    }

    #[test]
    fn each_fault_is_found_once() {
        let bad = "zbus v5.19.0|blocking,tokio\nzbus v5.19.0|blocking,tokio (*)\nredis v1.8.1|tls-rustls-insecure (*)\n\
                   aws-lc-rs v1.0.0|";
        assert_eq!(forbidden(bad).len(), 3);
        assert_eq!(screen_in_core("tauri v2.12.5|wry\ntauri-utils v2.0.0|\nwry v0.57.1|").len(), 3);
    }
}
