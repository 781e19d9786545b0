//! A real keychain: gnome-keyring in this session alone.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use zbus::Connection;

use super::{
    Environment,
    desktop::has_owner,
    running::{Running, program, said},
    wait::{LIMIT, holds},
};

/// What stands in the desktop's keychain, and whether there is one.
#[derive(Clone, Debug, Default)]
pub(crate) enum Keychain {
    /// There is no keychain service.
    #[default]
    None,
    /// There is one, open, and nothing of ours is in it.
    Empty,
    /// It holds this address.
    Holding(String),
    /// It holds this address and is locked.
    Locked(String),
    /// It is locked, and nothing of ours is in it.
    Shut,
}

/// Under which name the address stands there.
pub(crate) const ADDRESS: &str = "redis-url";

const SERVICE: &str = "org.freedesktop.secrets";
const PASSWORD: &str = "of the keychain";

/// Makes it so.
pub(crate) async fn start(wanted: &Keychain, environment: &Environment, bus: &Connection) -> Option<Running> {
    match wanted {
        Keychain::None => None,
        Keychain::Empty => Some(open(environment, bus).await),
        Keychain::Holding(address) => {
            let keychain = open(environment, bus).await;
            store(environment, ADDRESS, address);
            Some(keychain)
        }
        Keychain::Locked(address) => {
            let before = open(environment, bus).await;
            store(environment, ADDRESS, address);
            Some(locked(before, environment, bus).await)
        }
        Keychain::Shut => {
            let before = open(environment, bus).await;
            // A keychain is made with the first secret in it.
            put(environment, &["service", "somebody", "username", "else"], "of no interest");
            Some(locked(before, environment, bus).await)
        }
    }
}

/// The same keychain, after a log-in that did not open it.
pub(crate) async fn locked(before: Running, environment: &Environment, bus: &Connection) -> Running {
    gone(before, bus).await;
    ready(Running::silent(&mut daemon(environment)), bus).await
}

async fn gone(before: Running, bus: &Connection) {
    drop(before);
    holds("the keychain is gone", LIMIT, async || !has_owner(bus, SERVICE).await).await;
}

/// The same keychain, unlocked with its password.
pub(crate) async fn unlocked(before: Running, environment: &Environment, bus: &Connection) -> Running {
    gone(before, bus).await;
    open(environment, bus).await
}

async fn open(environment: &Environment, bus: &Connection) -> Running {
    let mut command = daemon(environment);
    command.arg("--unlock").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running::start(&mut command);
    running.child().stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    ready(running, bus).await
}

fn daemon(environment: &Environment) -> Command {
    let mut command = environment.command(&program("gnome-keyring-daemon"));
    command.args(["--foreground", "--components=secrets"]);
    command
}

async fn ready(running: Running, bus: &Connection) -> Running {
    holds("the keychain is ready", LIMIT, async || has_owner(bus, SERVICE).await).await;
    running
}

/// Puts a secret where the program looks for it, as a person would on the command line.
pub(crate) fn store(environment: &Environment, name: &str, secret: &str) {
    put(environment, &["service", "heliograph", "username", name], secret);
}

fn put(environment: &Environment, attributes: &[&str], secret: &str) {
    let mut command = environment.command(&program("secret-tool"));
    command.args(["store", "--label=Heliograph"]).args(attributes);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "the keychain took it");
}

/// What the program has in it under that name.
pub(crate) fn look_up(environment: &Environment, name: &str) -> Option<String> {
    let mut command = environment.command(&program("secret-tool"));
    said(command.args(["lookup", "service", "heliograph", "username", name]))
}
