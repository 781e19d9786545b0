//! A TCP proxy on loopback that breaks connections on purpose, for tests of what happens then.
//!
//! It knows nothing of what it carries, except that the modes that refuse find the Redis commands in it, to answer each.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

/// What happens to a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Bytes pass both ways.
    #[default]
    Forward,
    /// Each piece passes this much later.
    Delay(Duration),
    /// Towards this other port on loopback; only for connections that are made from then on.
    Elsewhere(u16),
    /// Bytes vanish both ways; the connection looks alive.
    Swallow,
    /// The connection is closed.
    Close,
    /// Every Redis command is answered with `-text`; the server hears nothing of it.
    Refuse(String),
    /// The same, but any log-in succeeds.
    RefuseAfterLogin(String),
}

/// A running proxy. Dropping it closes everything.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    fresh: watch::Sender<Mode>,
    live: Live,
    accepted: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

/// One sender for each connection that stands. The lock is held for moments only, never across an await.
type Live = Arc<Mutex<Vec<watch::Sender<Mode>>>>;

impl Proxy {
    /// Starts a proxy on a free port, towards `target` on loopback.
    pub async fn start(target: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port on loopback")?;
        let port = listener.local_addr()?.port();
        let (fresh, modes) = watch::channel(Mode::Forward);
        let live = Live::default();
        let mut tasks = JoinSet::new();
        let accepted = Arc::<AtomicUsize>::default();
        tasks.spawn(accept(listener, target, modes, live.clone(), Arc::clone(&accepted)));
        Ok(Self { port, fresh, live, accepted, _tasks: tasks })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sets what happens to connections that are made from now on.
    pub fn to_new(&self, mode: Mode) {
        self.fresh.send_replace(mode);
    }

    /// Sets what happens to the connections that stand now.
    pub fn to_live(&self, mode: &Mode) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|connection| connection.send(mode.clone()).is_ok());
    }

    /// Sets both.
    pub fn to_all(&self, mode: &Mode) {
        self.to_new(mode.clone());
        self.to_live(mode);
    }

    /// How many connections were made so far, however short they were.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// How many connections stand.
    pub fn connections(&self) -> usize {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.iter().filter(|connection| !connection.is_closed()).count()
    }
}

async fn accept(listener: TcpListener, target: u16, modes: watch::Receiver<Mode>, live: Live, count: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that is gone before it was accepted is nobody's loss.
                let Ok((client, _)) = accepted else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                let (sender, mode) = watch::channel(modes.borrow().clone());
                live.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
                connections.spawn(carry(client, target, mode));
            }
            Some(_) = connections.join_next() => {
                live.lock().unwrap_or_else(PoisonError::into_inner).retain(|connection| !connection.is_closed());
            }
        }
    }
}

/// Carries one connection until either side or the mode ends it.
async fn carry(client: TcpStream, target: u16, mut mode: watch::Receiver<Mode>) {
    let mut closing = mode.clone();
    let work = async {
        // A server that is not there must not keep a connection from being swallowed or refused.
        if matches!(*mode.borrow(), Mode::Swallow | Mode::Refuse(_) | Mode::RefuseAfterLogin(_)) {
            return alone(client, &mut mode).await;
        }
        let target = if let Mode::Elsewhere(port) = *mode.borrow() { port } else { target };
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (client_in, client_out) = client.into_split();
        let (server_in, server_out) = server.into_split();
        let to_client = Arc::new(tokio::sync::Mutex::new(client_out));
        tokio::select! {
            done = up(client_in, server_out, &to_client, mode.clone()) => done,
            done = down(server_in, &to_client, mode.clone()) => done,
        }
    };
    // Errors here are connections that broke, which is this module's business.
    tokio::select! {
        _ = work => {}
        _ = closing.wait_for(|mode| *mode == Mode::Close) => {}
    }
}

/// A connection without a server behind it.
async fn alone(mut client: TcpStream, mode: &mut watch::Receiver<Mode>) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = client.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let answer = refusal(&mode.borrow(), &buffer[..read]);
        client.write_all(answer.as_bytes()).await?;
    }
}

type ToClient = Arc<tokio::sync::Mutex<OwnedWriteHalf>>;

async fn up(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    to_client: &ToClient,
    mode: watch::Receiver<Mode>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = client.read(&mut buffer).await?;
        let now = mode.borrow().clone();
        match now {
            // The end of a swallowed connection is swallowed too.
            Mode::Swallow if read == 0 => std::future::pending().await,
            _ if read == 0 => return Ok(()),
            Mode::Forward | Mode::Elsewhere(_) | Mode::Close => server.write_all(&buffer[..read]).await?,
            Mode::Delay(time) => {
                sleep(time).await;
                server.write_all(&buffer[..read]).await?;
            }
            Mode::Swallow => {}
            Mode::Refuse(_) | Mode::RefuseAfterLogin(_) => {
                let answer = refusal(&now, &buffer[..read]);
                to_client.lock().await.write_all(answer.as_bytes()).await?;
            }
        }
    }
}

async fn down(mut server: OwnedReadHalf, to_client: &ToClient, mode: watch::Receiver<Mode>) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = server.read(&mut buffer).await?;
        let now = mode.borrow().clone();
        match now {
            Mode::Swallow if read == 0 => std::future::pending().await,
            _ if read == 0 => return Ok(()),
            Mode::Swallow => continue,
            Mode::Delay(time) => sleep(time).await,
            _ => {}
        }
        to_client.lock().await.write_all(&buffer[..read]).await?;
    }
}

/// One answer for each command in `bytes`. Clients send whole commands at once, each an array (`*n`) with its name
/// as the first text; a text that begins with `*` would be counted as well, which no test sends.
fn refusal(mode: &Mode, bytes: &[u8]) -> String {
    let (Mode::Refuse(text) | Mode::RefuseAfterLogin(text)) = mode else { return String::new() };
    let logs_in = |name: &str| matches!(mode, Mode::RefuseAfterLogin(_)) && name.eq_ignore_ascii_case("AUTH");
    let received = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = received.split("\r\n").collect();
    let names = lines.windows(3).filter(|lines| lines[0].starts_with('*')).map(|lines| lines[2]);
    names.map(|name| if logs_in(name) { "+OK\r\n".into() } else { format!("-{text}\r\n") }).collect()
}
