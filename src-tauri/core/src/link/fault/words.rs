//! The sentences for each failure: what happened with why, and what to do. It must not decide anything.

use std::io;

use super::{Stage, Trouble, TroubleCode};
use crate::{link::now, usage::Month};

const BY_ITSELF: &str = "Nothing to do: it is tried again by itself.";

pub(super) fn name_not_found(host: &str) -> Trouble {
    Trouble::new(
        TroubleCode::NameNotFound,
        format!("The name {host} is not known, or this computer is offline."),
        "Check that this computer is online and that the address is written as in the console (a deleted database loses its name). It is tried again by itself.",
    )
}

pub(super) fn unreachable(shown: &str, kind: io::ErrorKind) -> Trouble {
    let why = match kind {
        io::ErrorKind::ConnectionRefused => "nothing answers on that port",
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => "there is no way there from this network",
        io::ErrorKind::PermissionDenied => "a firewall on this computer forbids it",
        io::ErrorKind::ConnectionReset => "the connection was cut at once",
        _ => "the network did not let it through",
    };
    Trouble::new(
        TroubleCode::Unreachable,
        format!("{shown} cannot be reached: {why}."),
        "Check the network and any firewall. It is tried again by itself.",
    )
}

pub(super) fn timed_out(stage: Stage, shown: &str) -> Trouble {
    let what = match stage {
        Stage::Name => "Looking up the server’s name took too long.".to_owned(),
        Stage::Connect => format!("{shown} did not answer in time."),
        Stage::Encrypt => format!("{shown} was reached, but did not agree on encryption in time."),
        Stage::LogIn => format!("{shown} was reached, but did not answer the log-in in time."),
        Stage::Subscribe => format!("{shown} accepted the log-in, but did not confirm the subscription in time."),
        Stage::Live => "The server did not answer in time.".to_owned(),
    };
    let remedy = match stage {
        // A Redis server without TLS just waits for more when it is greeted with it.
        Stage::Encrypt => {
            "Check the port: perhaps what answers there does not speak TLS. On a guest network, sign in to that network first. It is tried again by itself."
        }
        _ => "Check the network and any firewall. It is tried again by itself.",
    };
    Trouble::new(TroubleCode::TimedOut, what, remedy)
}

pub(super) fn tls_needed() -> Trouble {
    Trouble::new(
        TroubleCode::TlsNeeded,
        "The server hung up on the first unencrypted words; most likely it wants encryption.",
        "Write rediss:// in place of redis:// in the address.",
    )
}

pub(super) fn no_tls_there(shown: &str) -> Trouble {
    Trouble::new(
        TroubleCode::NotRedis,
        format!("What answers at {shown} does not speak TLS."),
        "Check the port. On a guest network, sign in to that network first.",
    )
}

pub(super) fn tls_failed(shown: &str) -> Trouble {
    Trouble::new(
        TroubleCode::ConnectionLost,
        format!("{shown} and this program could not agree on encryption."),
        "Try another network if it stays so. It is tried again by itself.",
    )
}

pub(super) fn not_redis(shown: &str) -> Trouble {
    Trouble::new(
        TroubleCode::NotRedis,
        format!("What answers at {shown} is not Redis, or something on the way garbles it."),
        "Check host and port in the address. On a guest network, sign in to that network first.",
    )
}

pub(super) fn silent() -> Trouble {
    Trouble::new(
        TroubleCode::ConnectionSilent,
        "The connection was open, but nothing came back over it any more.",
        BY_ITSELF,
    )
}

pub(super) fn closed() -> Trouble {
    Trouble::new(TroubleCode::ConnectionLost, "The server closed the connection.", BY_ITSELF)
}

pub(super) fn lost(kind: io::ErrorKind) -> Trouble {
    let why = match kind {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            "the other side or something on the way cut it"
        }
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown | io::ErrorKind::HostUnreachable => {
            "the network went away"
        }
        _ => "the network failed",
    };
    Trouble::new(TroubleCode::ConnectionLost, format!("The connection was lost: {why}."), BY_ITSELF)
}

pub(super) fn password(text: &str) -> Trouble {
    let message = if text.starts_with("NOAUTH") {
        "The server asks for a password and the address holds none that it takes."
    } else {
        "The password was refused."
    };
    Trouble::new(
        TroubleCode::PasswordRefused,
        message,
        "Paste the new one from the Upstash console. Nothing is tried until then, so that the database is not locked.",
    )
}

pub(super) fn may_not_subscribe(text: &str) -> Trouble {
    Trouble::new(
        TroubleCode::NotPermitted,
        format!("This Redis user may not listen to our channels. The server says: {}", quoted(text)),
        "Allow the user +subscribe and the channels, or use the default user’s password. Then reconnect.",
    )
}

pub(super) fn may_not_publish(channel: &str, text: &str) -> Trouble {
    Trouble::new(
        TroubleCode::NotPermitted,
        format!("This Redis user may not publish on {channel}. The server says: {}", quoted(text)),
        format!("Allow the user +publish and the channel {channel}, or use the default user’s password."),
    )
}

pub(super) fn may_not_record(channel: &str, text: &str) -> Trouble {
    Trouble::new(
        TroubleCode::RecordUnusable,
        format!("Messages on {channel} are sent, and not written into its record. The server says: {}", quoted(text)),
        "Allow the user +xadd and the keys record:*, or turn the record off in Settings. Until then, what an agent \
         cannot hear when it is sent waits here instead.",
    )
}

pub(super) fn may_not_ask(text: &str) -> Trouble {
    Trouble::new(
        TroubleCode::RecordUnusable,
        format!("What was sent meanwhile cannot be read from the record. The server says: {}", quoted(text)),
        "Allow the user +xread, +xrevrange and the keys record:*, or use the default user’s password.",
    )
}

pub(super) fn read_only(what: &str) -> Trouble {
    Trouble::new(
        TroubleCode::ReadOnlyToken,
        format!("The token may only read, and so may not {what}."),
        "Use the standard token from the Upstash console, not the read-only one.",
    )
}

pub(super) fn month_used_up(text: &str) -> Trouble {
    let limit = number_after(text, "limit:").map(|limit| format!(" (limit {limit})")).unwrap_or_default();
    Trouble::new(
        TroubleCode::QuotaUsedUp,
        format!("The database’s commands for this month are used up{limit}."),
        format!(
            "They begin anew on {} (UTC). Until then a mailbox helps, or at once a larger plan in the Upstash console. It \
             is tried again every quarter of an hour.",
            Month::at(now()).next_in_words()
        ),
    )
}

pub(super) fn day_used_up() -> Trouble {
    Trouble::new(
        TroubleCode::QuotaUsedUp,
        "The database’s commands for today are used up.",
        "They begin anew at midnight UTC. A larger plan in the Upstash console helps at once. It is tried again every quarter of an hour.",
    )
}

pub(super) fn too_many_connections() -> Trouble {
    Trouble::new(
        TroubleCode::TooManyConnections,
        "Too many clients are connected to the database.",
        "Close some of them, or take a larger plan. It is tried again every quarter of an hour.",
    )
}

/// `size` is zero where it is not known.
pub(super) fn too_large(size: usize, text: &str) -> Trouble {
    let limit = number_after(text, "limit:").map(|limit| format!(" The limit is {limit} bytes.")).unwrap_or_default();
    let what = if size == 0 { "A message".to_owned() } else { format!("The message of {size} bytes") };
    Trouble::new(
        TroubleCode::TooLarge,
        format!("{what} is larger than the service takes.{limit}"),
        "Send less at once, or a link to the whole. The message is kept.",
    )
}

pub(super) fn server_error(stage: Stage, text: &str) -> Trouble {
    // An unknown command's error repeats its arguments: at the log-in those are the user and the password.
    let said = if stage == Stage::LogIn { code(text).to_owned() } else { quoted(text) };
    Trouble::new(TroubleCode::ServerError, format!("The server answered with an error: {said}"), BY_ITSELF)
}

/// The error's code word alone, if it is one of Redis's.
fn code(text: &str) -> &'static str {
    const CODES: [&str; 8] = ["ERR", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "OOM"];
    let word = text.split_whitespace().next().unwrap_or_default();
    CODES.into_iter().find(|code| *code == word).unwrap_or("(not shown)")
}

/// A server's words, cut short, without control characters and without the arguments it repeats.
fn quoted(text: &str) -> String {
    let text = text.split(", with args").next().unwrap_or_default();
    let shown: String = text.chars().filter(|c| !c.is_control() && !is_invisible(*c)).take(160).collect();
    format!("\u{201c}{}\u{201d}", shown.trim())
}

/// Characters that change how their neighbours are shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn number_after(text: &str, label: &str) -> Option<u64> {
    let start = text.to_ascii_lowercase().find(label)? + label.len();
    let digits: String = text.get(start..)?.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
