//! One connection: commands up, answers down, each in its own time, so that neither waits for the other.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use secrecy::SecretString;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::{
    resp::{self, Broken},
    rules::{Expect, treat},
    tokens::Tokens,
};

const PIECE: usize = 64 * 1024;
/// Commands whose answers are still to come. More: the connection ends, as the server ends one that reads no answers.
const MOST_OPEN: usize = 1_000_000;

/// What comes over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Unasked.
    Message,
    /// That a channel is listened to, or is no more.
    Confirmation,
    Answer,
}

/// What is still to come from the server, in order. The lock is held for moments only, never across an await.
#[derive(Debug, Default)]
struct Open {
    expected: Mutex<VecDeque<Expect>>,
    // Only where somebody subscribed an array can be a message.
    subscribed: AtomicBool,
}

/// Carries until either side ends it.
pub(super) async fn carry(client: TlsStream<TcpStream>, server: TcpStream, tokens: &Tokens) -> io::Result<()> {
    let (client_in, client_out) = tokio::io::split(client);
    let (server_in, server_out) = server.into_split();
    let open = Open::default();
    tokio::select! {
        done = up(client_in, server_out, &open, tokens) => done,
        done = down(server_in, client_out, &open, tokens) => done,
    }
}

/// Answers every command with this refusal, and lets the server hear nothing of it, until the client ends it.
pub(super) async fn refuse(mut client: TlsStream<TcpStream>, refusal: &str) -> io::Result<()> {
    let mut read = Vec::with_capacity(PIECE);
    loop {
        if client.read_buf(&mut read).await? == 0 {
            return client.shutdown().await;
        }
        while let Some(command) = resp::command(&read).map_err(broken)? {
            read.drain(..command.length);
            client.write_all(format!("-{refusal}\r\n").as_bytes()).await?;
        }
        client.flush().await?;
    }
}

async fn up(
    mut client: impl AsyncRead + Unpin,
    mut server: impl AsyncWrite + Unpin,
    open: &Open,
    tokens: &Tokens,
) -> io::Result<()> {
    let mut read = Vec::with_capacity(PIECE);
    loop {
        if client.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
        let (mut done, mut out) = (0, Vec::new());
        while let Some(command) = resp::command(&read[done..]).map_err(broken)? {
            let whole = &read[done..done + command.length];
            let words: Vec<&[u8]> = command.words.into_iter().map(|place| &whole[place]).collect();
            let treated = treat(&words, tokens);
            open.expect(treated.expect)?;
            match treated.instead {
                Some(instead) => out.extend(instead),
                None => out.extend(whole),
            }
            done += command.length;
        }
        read.drain(..done);
        server.write_all(&out).await?;
    }
}

async fn down(
    mut server: impl AsyncRead + Unpin,
    mut client: impl AsyncWrite + Unpin,
    open: &Open,
    tokens: &Tokens,
) -> io::Result<()> {
    let mut read = Vec::with_capacity(PIECE);
    loop {
        let ended = server.read_buf(&mut read).await? == 0;
        let (mut done, mut out) = (0, Vec::new());
        while let Some(length) = resp::value(&read[done..]).map_err(broken)? {
            let whole = &read[done..done + length];
            match open.answer(whole, tokens) {
                Some(instead) => out.extend(instead),
                None => out.extend(whole),
            }
            done += length;
        }
        read.drain(..done);
        client.write_all(&out).await?;
        client.flush().await?;
        if ended {
            // With a word of farewell, without which a client takes the end for an attack.
            return client.shutdown().await;
        }
    }
}

impl Open {
    fn expected(&self) -> MutexGuard<'_, VecDeque<Expect>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, expect: Expect) -> io::Result<()> {
        if expect == Expect::Confirmations {
            self.subscribed.store(true, Ordering::Relaxed);
        }
        let mut expected = self.expected();
        if expected.len() == MOST_OPEN {
            return Err(ErrorKind::OutOfMemory.into());
        }
        expected.push_back(expect);
        Ok(())
    }

    /// What the client gets instead of this; nothing where it passes.
    fn answer(&self, whole: &[u8], tokens: &Tokens) -> Option<Vec<u8>> {
        let expect = match kind(whole, self.subscribed.load(Ordering::Relaxed)) {
            Kind::Message => return None,
            Kind::Confirmation => {
                // Of several for one command the first one counts.
                let mut expected = self.expected();
                let _ = expected.pop_front_if(|expect| *expect == Expect::Confirmations);
                return None;
            }
            Kind::Answer => self.expected().pop_front()?,
        };
        match expect {
            Expect::Answer | Expect::Confirmations => None,
            Expect::Token(user) => match text(whole) {
                Some(token) => {
                    tokens.remember(user, SecretString::from(token));
                    None
                }
                None => Some(String::from_utf8_lossy(whole).replace("acl|genpass", "acl|gentoken").into_bytes()),
            },
            // Whoever may set no rules at all hears that from the server.
            Expect::Refusal(_) if whole.starts_with(b"-NO") => None,
            Expect::Refusal(refusal) => Some(format!("-{refusal}\r\n").into_bytes()),
        }
    }
}

fn kind(whole: &[u8], subscribed: bool) -> Kind {
    let pushed = whole.starts_with(b">");
    if !(pushed || subscribed && whole.starts_with(b"*")) {
        return Kind::Answer;
    }
    let mut lines = whole.split(|byte| *byte == b'\n').skip(2);
    let first = lines.next().and_then(|line| line.strip_suffix(b"\r")).unwrap_or_default();
    match first {
        _ if first.ends_with(b"subscribe") => Kind::Confirmation,
        b"message" | b"pmessage" | b"smessage" => Kind::Message,
        _ if pushed => Kind::Message,
        _ => Kind::Answer,
    }
}

/// What a text is.
fn text(whole: &[u8]) -> Option<String> {
    let (_, text) = std::str::from_utf8(whole).ok()?.strip_prefix('$')?.split_once("\r\n")?;
    Some(text.strip_suffix("\r\n")?.to_owned())
}

fn broken(_: Broken) -> io::Error {
    ErrorKind::InvalidData.into()
}
