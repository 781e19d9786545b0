//! A session bus of a test's own.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// A session bus that starts no programs by itself.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
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

/// A running `dbus-daemon`; dropping it ends it.
pub(crate) struct TestBus {
    daemon: Child,
    address: String,
    folder: Option<TempDir>,
}

impl TestBus {
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    /// At the address that an earlier one in this folder had.
    pub(crate) fn start_in(folder: TempDir) -> Self {
        let path = folder.path().join("bus");
        // One that was killed leaves its socket behind.
        let _ = std::fs::remove_file(&path);
        let address = format!("unix:path={}", path.display());
        let config = folder.path().join("bus.conf");
        std::fs::write(&config, CONFIG).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--address={address}"))
            .arg(format!("--config-file={}", config.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut ready = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert!(!ready.is_empty(), "the bus did not start");
        Self { daemon, address, folder: Some(folder) }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Ends it, and keeps its folder.
    pub(crate) fn stop(mut self) -> TempDir {
        self.folder.take().unwrap()
    }
}

impl Drop for TestBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
