//! Saying who we are, before redis-rs gets the connection.
//!
//! redis-rs reports every refusal of AUTH as a wrong password and drops the words; a used-up quota would then look
//! like a key that only a person can mend. So the one line is exchanged here, and its text kept.

use redis::Cmd;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{
    Address,
    fault::{Failure, Stage},
    tap::End,
};
use crate::usage::{CommandKind, Meter};

/// No answer to AUTH is longer.
const LONGEST_LINE: usize = 1024;

/// Logs in. Sends nothing where the address has no password.
pub(crate) async fn log_in<S>(stream: &mut S, address: &Address) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(password) = address.password() else { return Ok(()) };
    let mut auth = Cmd::new();
    auth.arg("AUTH");
    if let Some(user) = &address.user {
        auth.arg(user);
    }
    auth.arg(password.expose_secret());
    let line = exchange(stream, &auth).await?;
    match line.split_first() {
        Some((b'+', _)) => Ok(()),
        Some((b'-', text)) => Err(Failure::Refused(Stage::LogIn, String::from_utf8_lossy(text).into_owned())),
        _ => Err(Failure::Garbled(line)),
    }
}

/// The same, counted where the service took it.
pub(crate) async fn counted_log_in<S>(
    stream: &mut S,
    address: &Address,
    meter: &Meter,
    kind: CommandKind,
) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if address.password().is_none() {
        return Ok(());
    }
    meter.count(kind, 1);
    log_in(stream, address).await.inspect_err(|failure| failure.uncount(meter, kind))
}

/// Sends one command whose answer is one line, and gives that line without its end.
pub(crate) async fn exchange<S>(stream: &mut S, command: &Cmd) -> Result<Vec<u8>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let sent = stream.write_all(&command.get_packed_command()).await;
    if sent.is_ok() {
        // TLS may hold the bytes back.
        stream.flush().await.map_err(failed)?;
    }
    // A service that is full says so and hangs up before it has read anything: what it said still counts.
    match (answer(stream).await, sent) {
        (Err(Failure::Ended(..)), Err(error)) => Err(failed(error)),
        (line, _) => line,
    }
}

/// One line, without its end. Nothing may follow, as nothing else was asked.
async fn answer<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    loop {
        let mut chunk = [0; 256];
        let count = stream.read(&mut chunk).await.map_err(failed)?;
        if count == 0 && line.is_empty() {
            return Err(Failure::Ended(Stage::LogIn, End::Closed));
        }
        line.extend_from_slice(&chunk[..count]);
        if let Some(text) = line.strip_suffix(b"\r\n") {
            if text.contains(&b'\n') {
                return Err(Failure::Garbled(line));
            }
            return Ok(text.to_vec());
        }
        if count == 0 || line.len() > LONGEST_LINE {
            return Err(Failure::Garbled(line));
        }
    }
}

fn failed(error: std::io::Error) -> Failure {
    Failure::Io(Stage::LogIn, error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use secrecy::SecretString;

    use super::*;

    async fn against(reply: &[&[u8]]) -> (Result<(), Failure>, Vec<u8>) {
        let address = Address::parse(&SecretString::from("rediss://me:pw@h")).unwrap();
        let (mut far, mut near) = tokio::io::duplex(4096);
        let server = async move {
            let mut asked = vec![0; 64];
            let count = far.read(&mut asked).await.unwrap();
            for part in reply {
                far.write_all(part).await.unwrap();
                tokio::task::yield_now().await;
            }
            asked.truncate(count);
            asked
        };
        tokio::join!(log_in(&mut near, &address), server)
    }

    #[tokio::test]
    async fn counts_what_the_service_took() {
        for (password, reply, count) in [
            (":pw@", &b"+OK\r\n"[..], 1),
            (":pw@", b"-WRONGPASS invalid\r\n", 1),
            (":pw@", b"-ERR max requests limit exceeded\r\n", 0),
            ("", b"", 0),
        ] {
            let address = Address::parse(&SecretString::from(format!("rediss://{password}h"))).unwrap();
            let (mut far, mut near) = tokio::io::duplex(4096);
            far.write_all(reply).await.unwrap();
            let meter = Meter::default();
            let _ = counted_log_in(&mut near, &address, &meter, CommandKind::Test).await;
            assert_eq!(meter.so_far().commands(), count, "{}", String::from_utf8_lossy(reply));
        }
    }

    #[tokio::test]
    async fn says_user_and_password_and_keeps_the_answer() {
        let (outcome, asked) = against(&[b"+O", b"K\r", b"\n"]).await;
        assert!(outcome.is_ok());
        assert_eq!(asked, b"*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n");
        let (outcome, _) = against(&[b"-ERR max requests limit exceeded\r\n"]).await;
        assert!(matches!(outcome, Err(Failure::Refused(Stage::LogIn, text)) if text.contains("max requests")));
    }

    #[tokio::test]
    async fn anything_else_is_not_redis() {
        for reply in
            [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"+OK\r\n+OK\r\n", b"\x15\x03\x03\x00\x02\x02\x46", &[b'x'; 3000]]
        {
            let (outcome, _) = against(&[reply]).await;
            assert!(matches!(outcome, Err(Failure::Garbled(..))), "{outcome:?}");
        }
        let (outcome, _) = against(&[]).await;
        assert!(matches!(outcome, Err(Failure::Ended(Stage::LogIn, End::Closed))));
    }
}
