//! The way to the server: its name, a TCP connection, encryption. It must not say a word of Redis.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{ClientConfig, pki_types::ServerName};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Address,
    fault::{Failure, Stage},
};

/// A peer that vanished without a word is noticed after this much silence, and three unanswered questions.
pub(super) const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// The same where something sent stays unacknowledged; measured together with the above: noticed after 13.8 s.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_secs(12);

/// How long one of several IP addresses is waited for before the next is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);
const MOST_ADDRESSES: usize = 8;

/// Bytes in both directions, encrypted or not.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How far connecting has come, readable from outside when it takes too long.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<Stage>);

impl Progress {
    pub(super) fn reached(&self, stage: Stage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    pub(super) fn stage(&self) -> Stage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host's IP addresses, the two families in turns.
pub(crate) async fn resolve(address: &Address) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |error| Failure::Io(Stage::Name, error);
    let found = lookup_host((address.host.as_str(), address.port)).await.map_err(failed)?;
    let (mut six, mut four): (Vec<_>, Vec<_>) = found.partition(SocketAddr::is_ipv6);
    six.reverse();
    four.reverse();
    let mut turns = Vec::new();
    while turns.len() < MOST_ADDRESSES && !(six.is_empty() && four.is_empty()) {
        turns.extend(six.pop());
        turns.extend(four.pop());
    }
    if turns.is_empty() { Err(failed(io::ErrorKind::NotFound.into())) } else { Ok(turns) }
}

/// A connection to the first of them that answers, encrypted if there is a configuration for it.
pub(crate) async fn dial(
    addresses: &[SocketAddr],
    name: &str,
    tls: Option<&Arc<ClientConfig>>,
    progress: &Progress,
) -> Result<Box<dyn Wire>, Failure> {
    progress.reached(Stage::Connect);
    let stream = first_to_answer(addresses).await.map_err(|error| Failure::Io(Stage::Connect, error))?;
    let Some(config) = tls else { return Ok(Box::new(stream)) };
    progress.reached(Stage::Encrypt);
    Ok(Box::new(encrypt(stream, name, config).await?))
}

/// Agrees on encryption with whoever can prove to be `name`.
pub(crate) async fn encrypt(
    stream: TcpStream,
    name: &str,
    config: &Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, Failure> {
    let failed = |error| Failure::Io(Stage::Encrypt, error);
    let name = ServerName::try_from(name.to_owned()).map_err(|error| failed(io::Error::other(error)))?;
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(failed)
}

/// A route that swallows everything must not use up the time of one that works, so tries overlap.
pub(crate) async fn first_to_answer(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut tries = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    let mut rest = addresses.iter().copied();
    loop {
        let next = rest.next();
        if let Some(address) = next {
            tries.spawn(connect(address));
        } else if tries.is_empty() {
            return Err(last);
        }
        tokio::select! {
            Some(done) = tries.join_next() => match done {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(error) => last = io::Error::other(error),
            },
            () = sleep(STAGGER), if next.is_some() => {}
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    #[cfg(not(target_os = "windows"))]
    let keepalive = keepalive.with_retries(KEEPALIVE_RETRIES);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(stream)
}
