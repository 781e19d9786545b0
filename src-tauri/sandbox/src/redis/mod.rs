//! A real `redis-server` on loopback, with TLS, a password and, unless it is wanted, nothing on disk that should last.
//!
//! The password stands in a configuration file that only its owner can read, never on a command line.

mod certificates;
mod config;
mod leftover;

use std::{
    fs::{self, DirBuilder, File},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use redis::AsyncCommands;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{address::Address, port};
pub use certificates::Certificate;
use config::{Config, Paths};

/// How long the server may take to answer its first command.
const START_LIMIT: Duration = Duration::from_secs(10);

/// So many other ports are tried where somebody else took the chosen one first, and what the server says then.
const PORTS: usize = 3;
const TAKEN: &str = "Address already in use";
/// How long it may take to end by itself before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// What can be chosen about a server.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// The port for TLS; a free one if none is given.
    pub port: Option<u16>,
    /// Should it also listen without TLS, on a port of its own? For tests of what happens then.
    pub plain: bool,
    /// Is what it holds there again after it was killed and started again? For tests of what happens then.
    pub keeps: bool,
}

/// What a server is given and otherwise makes for itself.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) password: Option<SecretString>,
    pub(crate) certificates: Option<Certificates>,
    /// Which one to make, where none are given.
    pub(crate) certificate: Certificate,
}

/// The files of an authority and of a server's certificate from it. Several servers may share them.
#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Makes them in `dir`.
    pub(crate) fn make(dir: &Path) -> Result<Self> {
        let paths = Paths::in_dir(&private_dir(dir)?);
        certificates::write(&paths, Certificate::Right)?;
        Ok(Self::of(&paths))
    }

    fn of(paths: &Paths) -> Self {
        Self { ca: paths.ca.clone(), certificate: paths.certificate.clone(), key: paths.key.clone() }
    }
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Redis {
    config: Config,
    program: PathBuf,
    child: Child,
    // Held for as long as we live: no second sandbox may take this folder and end our server as a leftover.
    _lock: File,
}

impl Redis {
    /// Starts a server with all its files in `dir`, and returns when it answers. A server that an earlier, killed
    /// run left in `dir` is ended first.
    pub async fn start(dir: &Path, options: RedisOptions) -> Result<Self> {
        Self::start_with(dir, options, Given::default()).await
    }

    /// The same with this certificate. With one that nobody accepts there must be a plain port as well, over which to
    /// see that the server answers.
    pub async fn start_showing(dir: &Path, options: RedisOptions, certificate: Certificate) -> Result<Self> {
        Self::start_with(dir, options, Given { certificate, ..Given::default() }).await
    }

    /// The same, with some things given.
    pub(crate) async fn start_with(dir: &Path, options: RedisOptions, given: Given) -> Result<Self> {
        let program = find_server()?;
        let dir = private_dir(dir)?;
        let lock = lock(&dir)?;
        let mut paths = Paths::in_dir(&dir);
        leftover::end(&paths).await?;
        let acceptable = given.certificate == Certificate::Right;
        match given.certificates {
            Some(Certificates { ca, certificate, key }) => paths = Paths { ca, certificate, key, ..paths },
            None => certificates::write(&paths, given.certificate)?,
        }
        let mut config = Config {
            port: options.port.unwrap_or_default(),
            plain_port: None,
            password: given.password.unwrap_or_else(fresh_password),
            acceptable,
            keeps: options.keeps,
            paths,
        };
        let mut tries = 0..PORTS;
        let child = loop {
            config.port = options.port.map_or_else(port::free, Ok)?;
            config.plain_port = options.plain.then(port::free).transpose()?;
            match launch(&program, &config).await {
                // Somebody else took it between the look and the start.
                Err(_)
                    if options.port.is_none()
                        && tries.next().is_some()
                        && config.paths.last_words().contains(TAKEN) => {}
                started => break started?,
            }
        };
        Ok(Self { config, program, child, _lock: lock })
    }

    /// `rediss://default:…@localhost:port`.
    pub fn url(&self) -> SecretString {
        self.url_with("rediss", self.config.port)
    }

    /// `redis://default:…@localhost:port`, where a plain port was asked for.
    pub fn plain_url(&self) -> Option<SecretString> {
        self.config.plain_port.map(|port| self.url_with("redis", port))
    }

    /// The URL and the authority together.
    pub fn address(&self) -> Address {
        self.config.address()
    }

    /// The certificate of the authority that vouches for this server, made when it started.
    pub fn ca_file(&self) -> &Path {
        &self.config.paths.ca
    }

    /// What another server needs so that the same authority vouches for it.
    pub(crate) fn certificates(&self) -> Certificates {
        Certificates::of(&self.config.paths)
    }

    /// The port for TLS.
    pub fn port(&self) -> u16 {
        self.config.port
    }

    /// The port without TLS, where one was asked for.
    pub fn plain_port(&self) -> Option<u16> {
        self.config.plain_port
    }

    /// The server's process id; none while it is killed.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Changes the password of `default` at the server, to one of letters, digits, `-` and `_`. Connections that stand
    /// are left alone, as Redis does.
    pub async fn set_password(&mut self, password: SecretString) -> Result<()> {
        // Others would have to be written differently in the URL and in the configuration.
        let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        if password.expose_secret().is_empty() || !password.expose_secret().chars().all(fits) {
            bail!("the sandbox's password can have only letters, digits, - and _");
        }
        let changed = async {
            let mut admin = self.address().commands().await?;
            let rule = format!(">{}", password.expose_secret());
            let () = redis::cmd("ACL")
                .arg("SETUSER")
                .arg("default")
                .arg("resetpass")
                .arg(rule)
                .query_async(&mut admin.connection)
                .await?;
            anyhow::Ok(())
        };
        timeout(START_LIMIT, changed).await.context("the Redis server did not answer in time")??;
        self.config.password = password;
        self.config.write()
    }

    /// Ends all connections of `default`.
    pub(crate) async fn cut_connections(&self) -> Result<()> {
        let cut = async {
            let mut admin = self.address().commands().await?;
            // Our own is left out by itself.
            let mut kill = redis::cmd("CLIENT");
            let _: u64 = kill.arg("KILL").arg("USER").arg("default").query_async(&mut admin.connection).await?;
            anyhow::Ok(())
        };
        timeout(START_LIMIT, cut).await.context("the Redis server did not answer in time")?
    }

    /// Ends the server as a power cut would.
    pub async fn kill(&mut self) -> Result<()> {
        if self.child.id().is_some() {
            self.child.kill().await.context("cannot kill the Redis server")?;
        }
        Ok(())
    }

    /// Kills the server if it runs, and starts it on the same port with the same password.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill().await?;
        self.child = launch(&self.program, &self.config).await?;
        Ok(())
    }

    /// The same without anything that it held.
    pub async fn restart_empty(&mut self) -> Result<()> {
        self.kill().await?;
        match fs::remove_dir_all(&self.config.paths.data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("cannot remove what the Redis server held");
            }
            _ => {}
        }
        self.restart().await
    }

    /// Stops the process where it stands. The system goes on answering for it at the TCP level.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets a frozen process go on.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Ends the server, and kills it if it does not end by itself.
    pub async fn stop(mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.signal(Signal::TERM);
        let _ = self.thaw();
        if timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let pid = pid.context("the Redis server does not run")?;
        kill_process(pid, signal).context("cannot signal the Redis server")
    }

    fn url_with(&self, scheme: &str, port: u16) -> SecretString {
        format!("{scheme}://default:{}@localhost:{port}", self.config.password.expose_secret()).into()
    }
}

/// The server's program: Redis, or its free successor, which takes the same configuration.
pub(crate) fn find_server() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    ["redis-server", "valkey-server"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |dir| dir.join(name)))
        .find(|program| program.is_file())
        .context(
            "redis-server is not installed, and the sandbox needs it. Install it with\n  \
             Debian, Ubuntu: sudo apt install redis-server\n  \
             Fedora:         sudo dnf install valkey\n  \
             Arch:           sudo pacman -S valkey\n  \
             macOS:          brew install redis",
        )
}

pub(crate) fn private_dir(dir: &Path) -> Result<PathBuf> {
    let about = || format!("cannot make the folder {}", dir.display());
    DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(about)?;
    fs::canonicalize(dir).with_context(about)
}

/// Ends a server that an earlier, killed run left in `dir`.
pub(crate) async fn end_leftover(dir: &Path) -> Result<()> {
    leftover::end(&Paths::in_dir(dir)).await
}

fn lock(dir: &Path) -> Result<File> {
    let file = File::create(dir.join("lock")).context("cannot write in the sandbox's folder")?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!("another sandbox runs in {}", dir.display()),
        Err(fs::TryLockError::Error(error)) => Err(error).context("cannot lock the sandbox's folder"),
    }
}

pub(crate) fn fresh_password() -> SecretString {
    // 122 random bits from the system's generator, in letters that mean nothing in a URL or a shell.
    uuid::Uuid::new_v4().simple().to_string().into()
}

async fn launch(program: &Path, config: &Config) -> Result<Child> {
    config.write()?;
    let mut child = Command::new(program)
        .arg(&config.paths.config)
        // What gives this program another clock hangs in the server's allocator.
        .env_remove("LD_PRELOAD")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&config.paths.errors).context("cannot write in the sandbox's folder")?)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let until = Instant::now() + START_LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("the Redis server ended at once ({status}): {}", config.paths.last_words());
        }
        let answer = timeout(Duration::from_secs(1), ask(config)).await;
        match answer {
            Ok(Ok(())) => return Ok(child),
            Ok(Err(error)) if Instant::now() > until => {
                return Err(error.context("the Redis server did not start in time"));
            }
            Err(_) if Instant::now() > until => bail!("the Redis server did not start in time"),
            _ => sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn ask(config: &Config) -> Result<()> {
    let mut commands = config.ready_address().commands().await?;
    let () = commands.connection.ping().await?;
    Ok(())
}
