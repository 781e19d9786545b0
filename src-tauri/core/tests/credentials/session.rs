//! A session bus with a keychain daemon on it, in a process of the test's own: the library finds the bus by the
//! environment, and a process has but one.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// Long enough for a slow machine with much to do.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Says to the test that it runs within its session, and where its home is.
const INSIDE: &str = "HELIOGRAPH_TEST_SESSION";

const PASSWORD: &str = "of the keychain";

/// The session around a test.
pub(crate) struct Session {
    daemon: Option<Child>,
}

/// Runs `test` in a process with a session bus and a home of its own.
pub(crate) fn within(name: &str, test: impl AsyncFnOnce(&mut Session)) {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut session = Session { daemon: None };
            test(&mut session).await;
        });
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (mut bus, address) = bus(home.path());
    let mut inside = Command::new(std::env::current_exe().unwrap());
    inside.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    inside.env(INSIDE, home.path()).env("DBUS_SESSION_BUS_ADDRESS", address);
    inside.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path().join("run"));
    inside.env("XDG_DATA_HOME", home.path().join("share")).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let output = inside.output().unwrap();
    let _ = bus.kill();
    let _ = bus.wait();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

/// A bus that starts no services by itself.
fn bus(home: &Path) -> (Child, String) {
    fs::create_dir_all(home.join("run")).unwrap();
    let config = home.join("bus.conf");
    let text = format!(
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"
          \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">
         <busconfig><type>session</type><listen>unix:dir={}</listen>
         <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
        home.join("run").display()
    );
    fs::write(&config, text).unwrap();
    let mut command = Command::new("dbus-daemon");
    command.arg("--nofork").arg("--print-address").arg("--config-file").arg(config);
    let mut bus = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
    (bus, address.trim().to_owned())
}

impl Session {
    /// Starts the keychain's daemon with the keychain open.
    pub(crate) async fn open(&mut self) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets", "--unlock"]);
        let mut daemon = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        daemon.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        self.daemon = Some(daemon);
        wait("the keychain is on the bus", owned).await;
    }

    /// Ends it.
    pub(crate) async fn end(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        wait("the keychain is gone from the bus", || !owned()).await;
    }

    /// Locks the keychain, as a desktop does.
    pub(crate) fn lock() {
        let mut command = Command::new("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"]);
        command
            .args(["org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login"]);
        assert!(command.stdout(Stdio::null()).status().unwrap().success());
    }

    /// Unlocks it, as the desktop's login does: with the password, and without asking for it.
    pub(crate) async fn unlock(&mut self) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--unlock", "--components=secrets", "--foreground", "--replace"]);
        let mut daemon = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        daemon.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        let mut before = self.daemon.replace(daemon).unwrap();
        wait("the one before is gone", || before.try_wait().unwrap().is_some()).await;
        wait("the keychain is on the bus", owned).await;
    }

    /// It hangs from now on.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// It goes on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.daemon.as_ref().unwrap().id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Is somebody there who calls himself the keychain?
fn owned() -> bool {
    let mut command = Command::new("dbus-send");
    command.args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"]);
    command.args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]);
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).contains("boolean true")
}

async fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < LIMIT, "this did not come to pass: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
