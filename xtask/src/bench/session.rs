//! A desktop session of its own for the app: a screen, a bus, a window manager, notifications and a tray. All of it
//! goes with the value.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::measured::Measured;
use crate::place;

const LIMIT: Duration = Duration::from_secs(20);

/// The session's bus. It starts no service by itself: portals and key rings would cost time and memory that are not
/// the app's.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A running session.
pub(super) struct Session {
    // In the order in which they end: whoever uses another one first.
    desktop: Measured,
    _windows: Measured,
    _bus: Measured,
    _screen: Measured,
    environment: Vec<(&'static str, String)>,
}

impl Session {
    /// Starts it, with the files of everybody in it below `home`.
    pub(super) fn start(home: &Path) -> Result<Self> {
        let text = |path: &Path| path.display().to_string();
        let runtime = home.join("run");
        fs::create_dir_all(&runtime)?;
        fs::set_permissions(&runtime, Permissions::from_mode(0o700))?;
        let mut environment = vec![("HOME", text(home)), ("XDG_RUNTIME_DIR", text(&runtime))];

        let screen = ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"];
        let screen = Measured::start(&mut inside("Xvfb", &environment, &screen))?;
        environment.push(("DISPLAY", format!(":{}", screen.line(LIMIT).context("no screen")?.trim())));
        let settings = home.join("bus.conf");
        fs::write(&settings, BUS)?;
        let settings = format!("--config-file={}", text(&settings));
        let bus = ["--nofork", "--print-address=1", &settings];
        let bus = Measured::start(&mut inside("dbus-daemon", &environment, &bus))?;
        environment.push(("DBUS_SESSION_BUS_ADDRESS", bus.line(LIMIT).context("no session bus")?));
        let windows = Measured::start(&mut inside("openbox", &environment, &[]))?;
        let programs = text(&place::target().join("release/heliograph-bench"));
        let desktop = Measured::start(&mut inside(&programs, &environment, &["desktop"]))?.ready()?;
        Ok(Self { desktop, _windows: windows, _bus: bus, _screen: screen, environment })
    }

    /// A program in this session.
    pub(super) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        inside(program, &self.environment, arguments)
    }

    /// How late the notifications since the last call were.
    pub(super) fn notifications(&mut self) -> Result<Value> {
        self.desktop.ask()
    }
}

fn inside(program: &str, environment: &[(&str, String)], arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    // What the caller's own session has set would lead out of this one.
    let keep = ["PATH", "LANG", "LC_ALL"];
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| keep.iter().any(|kept| name == kept)));
    command.envs(environment.iter().map(|(name, value)| (name, value))).args(arguments);
    // What they say of missing themes, limits and the like is of no interest here.
    command.stderr(Stdio::null());
    command
}
