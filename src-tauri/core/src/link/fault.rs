//! What a failure means: the one place where errors of the link are classified.
//!
//! It decides from kind, code and text together, as redis-rs files the same refusal under different kinds. No text
//! made here holds a secret: what a server says is quoted only where it cannot be an echo of the log-in.

mod certificate;
mod words;

use std::io;

use redis::{ErrorKind, RedisError};

use super::{Address, AskFailed, PublishFailed, tap::End};
use crate::{
    trouble::{Trouble, TroubleCode},
    usage::{CommandKind, Meter},
};

/// How far a connection had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Asking for the host's IP addresses.
    #[default]
    Name,
    /// Connecting to one of them.
    Connect,
    /// Agreeing on encryption.
    Encrypt,
    /// Saying who we are.
    LogIn,
    /// Subscribing.
    Subscribe,
    /// Subscribed.
    Live,
}

/// What went wrong, as it was met.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The network said no.
    Io(Stage, io::Error),
    /// It took too long.
    TimedOut(Stage),
    /// The server answered with an error: its line, without the leading `-`.
    Refused(Stage, String),
    /// The stream ended.
    Ended(Stage, End),
    /// What came back is no Redis reply.
    Garbled(Vec<u8>),
    /// Heartbeats stay unheard.
    Silent,
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Soon, by the back-off.
    Fast,
    /// Not for a quarter of an hour: the service said so.
    Slow,
    /// Not before somebody did something.
    Stop,
}

/// A failure, classified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// For people and screens.
    pub(crate) trouble: Trouble,
    /// For the loop.
    pub(crate) lane: Lane,
}

impl Failure {
    /// From a redis-rs call on a connection whose gauge says how it ended, if it did.
    pub(crate) fn from_redis(stage: Stage, error: &RedisError, end: Option<End>) -> Self {
        if let Some(code) = error.code() {
            return Self::Refused(stage, format!("{code} {}", error.detail().unwrap_or_default()));
        }
        match (error.kind(), end) {
            (ErrorKind::AuthenticationFailed, _) => Self::Refused(stage, "WRONGPASS".to_owned()),
            (_, Some(end)) => Self::Ended(stage, end),
            (ErrorKind::Io, None) if error.is_timeout() => Self::TimedOut(stage),
            (ErrorKind::Io, None) => Self::Ended(stage, End::Closed),
            (_, None) => Self::Garbled(Vec::new()),
        }
    }
}

impl Failure {
    /// A command that was counted came to this: takes it back where the service took nothing, and so bills nothing.
    pub(crate) fn uncount(&self, meter: &Meter, kind: CommandKind) {
        if matches!(self, Self::Refused(_, text) if takes_none(text)) {
            meter.take_back(kind, 1);
        }
    }
}

/// What the failure means for a connection to this address.
pub(crate) fn classify(failure: &Failure, address: &Address) -> Fault {
    match failure {
        Failure::Refused(stage, text) => refused(*stage, text),
        Failure::Io(Stage::Name, _) => fast(words::name_not_found(&address.host)),
        Failure::Io(Stage::Encrypt, error) => encryption(error, address),
        Failure::Io(stage, error) => ended(*stage, End::Failed(error.kind()), address),
        Failure::Ended(stage, end) => ended(*stage, *end, address),
        Failure::TimedOut(stage) => fast(words::timed_out(*stage, &address.shown())),
        // A TLS alert in answer to plain text.
        Failure::Garbled(bytes) if !address.tls && bytes.starts_with(&[0x15, 0x03]) => fast(words::tls_needed()),
        Failure::Garbled(..) => fast(words::not_redis(&address.shown())),
        Failure::Silent => fast(words::silent()),
    }
}

/// What a server's error line means for one message of `size` bytes to `channel`.
pub(super) fn publishing(text: &str, channel: &str, size: usize) -> PublishFailed {
    match meaning(text) {
        Meaning::TooLarge => PublishFailed::Refused(words::too_large(size, text)),
        Meaning::NotPermitted => PublishFailed::Refused(words::may_not_publish(channel, text)),
        Meaning::ReadOnly => PublishFailed::Refused(words::read_only("publish")),
        Meaning::Month | Meaning::Day | Meaning::Connections | Meaning::Busy => {
            PublishFailed::Limited(refused(Stage::Live, text).trouble)
        }
        // The message was not taken, and this connection takes no others either.
        Meaning::Password => PublishFailed::NotConnected,
        Meaning::Other => PublishFailed::Failed(words::server_error(Stage::Live, text)),
    }
}

/// What a server's error line means for an entry in the record of `channel`; the message itself is another matter.
pub(super) fn recording(text: &str, channel: &str) -> Trouble {
    words::may_not_record(channel, text)
}

/// What a server's error line means for a question.
pub(super) fn asking(text: &str) -> AskFailed {
    match meaning(text) {
        Meaning::Month | Meaning::Day | Meaning::Connections | Meaning::Busy | Meaning::Password => {
            AskFailed::NotConnected
        }
        _ => AskFailed::Refused(words::may_not_ask(text)),
    }
}

/// Does this answer to a heartbeat mean that the session is of no use any more?
pub(crate) fn ends_session(text: &str) -> bool {
    matches!(meaning(text), Meaning::Month | Meaning::Day | Meaning::Connections | Meaning::Password)
}

/// Does this answer say that the service takes no commands at all now? Then it has not carried out this one either,
/// and bills none.
pub(crate) fn takes_none(text: &str) -> bool {
    matches!(meaning(text), Meaning::Month | Meaning::Day | Meaning::Connections)
}

/// What a server's error line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Password,
    NotPermitted,
    ReadOnly,
    Month,
    Day,
    Connections,
    TooLarge,
    Busy,
    Other,
}

/// Reads it by its code and its words together.
pub(crate) fn meaning(text: &str) -> Meaning {
    let code = text.split_whitespace().next().unwrap_or_default();
    let lower = text.to_ascii_lowercase();
    let says = |words: &str| lower.contains(words);
    match code {
        "WRONGPASS" | "NOAUTH" => Meaning::Password,
        "NOPERM" => Meaning::NotPermitted,
        "READONLY" => Meaning::ReadOnly,
        "LOADING" | "BUSY" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "MISCONF" | "OOM" => Meaning::Busy,
        _ if says("max daily request limit") => Meaning::Day,
        _ if says("max requests limit") || says("max request limit") => Meaning::Month,
        _ if says("max concurrent connections") || says("max number of clients") => Meaning::Connections,
        _ if says("max request size") || says("record size") || says("invalid bulk length") => Meaning::TooLarge,
        // Before Redis 6, and for AUTH where no password is set.
        _ if says("invalid password") || says("without any password configured") => Meaning::Password,
        _ => Meaning::Other,
    }
}

fn refused(stage: Stage, text: &str) -> Fault {
    let (trouble, lane) = match meaning(text) {
        // In the middle of a session it says little about the password: the next log-in tells.
        Meaning::Password if stage == Stage::Live => (words::password(text), Lane::Fast),
        Meaning::Password => (words::password(text), Lane::Stop),
        Meaning::NotPermitted => (words::may_not_subscribe(text), Lane::Stop),
        Meaning::ReadOnly => (words::read_only("listen"), Lane::Stop),
        Meaning::Month => (words::month_used_up(text), Lane::Slow),
        Meaning::Day => (words::day_used_up(), Lane::Slow),
        Meaning::Connections => (words::too_many_connections(), Lane::Slow),
        Meaning::TooLarge => (words::too_large(0, text), Lane::Fast),
        Meaning::Busy | Meaning::Other => (words::server_error(stage, text), Lane::Fast),
    };
    Fault { trouble, lane }
}

fn ended(stage: Stage, end: End, address: &Address) -> Fault {
    let shown = address.shown();
    fast(match (stage, end) {
        (Stage::Name | Stage::Connect, End::Failed(io::ErrorKind::TimedOut)) => words::timed_out(stage, &shown),
        (Stage::Name | Stage::Connect, End::Failed(kind)) => words::unreachable(&shown, kind),
        // A server that wants TLS hangs up on the first plain words.
        (Stage::LogIn | Stage::Subscribe, _) if !address.tls => words::tls_needed(),
        (Stage::Live, End::Failed(io::ErrorKind::TimedOut)) => words::silent(),
        (_, End::Failed(io::ErrorKind::InvalidData)) => words::not_redis(&shown),
        (_, End::Closed | End::Failed(io::ErrorKind::UnexpectedEof)) => words::closed(),
        (_, End::Failed(kind)) => words::lost(kind),
    })
}

fn encryption(error: &io::Error, address: &Address) -> Fault {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    fast(match tls {
        Some(rustls::Error::InvalidCertificate(reason)) => certificate::refused(reason, &address.host),
        Some(rustls::Error::InvalidMessage(_)) => words::no_tls_there(&address.shown()),
        Some(_) => words::tls_failed(&address.shown()),
        None => return ended(Stage::Encrypt, End::Failed(error.kind()), address),
    })
}

fn fast(trouble: Trouble) -> Fault {
    Fault { trouble, lane: Lane::Fast }
}

#[cfg(test)]
mod tests;
