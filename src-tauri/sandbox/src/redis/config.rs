//! The server's files: their places, and the configuration that names them.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};

use crate::address::Address;

/// The folder of what it holds, below its own.
const DATA: &str = "data";

/// Where the server's files are.
#[derive(Debug)]
pub(super) struct Paths {
    pub(super) dir: PathBuf,
    pub(super) config: PathBuf,
    pub(super) ca: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) pid: PathBuf,
    /// What it says before it can write its log.
    pub(super) errors: PathBuf,
    pub(super) log: PathBuf,
    /// What it holds, where it keeps that.
    pub(super) data: PathBuf,
}

/// Everything that survives a restart.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) paths: Paths,
    pub(super) port: u16,
    pub(super) plain_port: Option<u16>,
    pub(super) password: SecretString,
    /// Is the certificate one that a client accepts?
    pub(super) acceptable: bool,
    /// Is what it holds there again when it is started again?
    pub(super) keeps: bool,
}

impl Paths {
    pub(super) fn in_dir(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            config: dir.join("redis.conf"),
            ca: dir.join("ca.pem"),
            certificate: dir.join("server.pem"),
            key: dir.join("server.key"),
            pid: dir.join("redis.pid"),
            errors: dir.join("redis.err"),
            log: dir.join("redis.log"),
            data: dir.join(DATA),
        }
    }

    /// The end of what the server wrote, which says why it ended.
    pub(super) fn last_words(&self) -> String {
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        let text = read(&self.log) + &read(&self.errors);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(4)..].join(" / ")
    }
}

impl Config {
    pub(super) fn address(&self) -> Address {
        let url = format!("rediss://default:{}@localhost:{}", self.password.expose_secret(), self.port);
        Address::new(url.into(), Some(self.paths.ca.clone()))
    }

    /// Where to see that the server answers.
    pub(super) fn ready_address(&self) -> Address {
        match self.plain_port {
            Some(port) if !self.acceptable => {
                let url = format!("redis://default:{}@localhost:{port}", self.password.expose_secret());
                Address::new(url.into(), None)
            }
            _ => self.address(),
        }
    }

    /// Writes the configuration for the next start.
    pub(super) fn write(&self) -> Result<()> {
        write_private(&self.paths.config, &self.text())
    }

    fn text(&self) -> String {
        let Paths { dir, ca, certificate, key, pid, log, .. } = &self.paths;
        let quoted = |path: &Path| format!("{:?}", path.display().to_string());
        // What is kept is written before it is answered: a killed server loses nothing, whenever it reaches the disk.
        let kept = if self.keeps {
            format!("appendonly yes\nappenddirname {DATA}\nappendfsync no")
        } else {
            "appendonly no".to_owned()
        };
        // The command line stays as it was given, so that a leftover can be told by the file it names.
        format!(
            "bind 127.0.0.1\nport {plain}\ntls-port {port}\n\
             tls-ca-cert-file {ca}\ntls-cert-file {certificate}\ntls-key-file {key}\ntls-auth-clients no\n\
             requirepass {password}\nsave \"\"\n{kept}\n\
             dir {dir}\npidfile {pid}\nlogfile {log}\nset-proc-title no\n",
            plain = self.plain_port.unwrap_or(0),
            port = self.port,
            ca = quoted(ca),
            certificate = quoted(certificate),
            key = quoted(key),
            password = self.password.expose_secret(),
            dir = quoted(dir),
            pid = quoted(pid),
            log = quoted(log),
        )
    }
}

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, text: &str) -> Result<()> {
    let about = || format!("cannot write {}", path.display());
    // A new file each time: the mode counts only for a file that is made, not for one that was there.
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(about),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(about)?;
    file.write_all(text.as_bytes()).with_context(about)
}
