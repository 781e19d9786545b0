//! The steps on the connection that is logged in: round trip, keys, streams.

use redis::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    CheckKind,
    board::{Finding, Step},
    line::Line,
    words,
};
use crate::link::{
    Address,
    fault::{Failure, Meaning, Stage, meaning},
};

const PINGS: usize = 5;
/// Seconds after which a key goes by itself: longer than its step may take, not much longer.
const KEY_LIFE: &str = "10";

/// There and back, the median of five.
pub(super) async fn round_trip(line: &mut Line, address: &Address) -> Step<()> {
    let kind = CheckKind::RoundTrip;
    let mut trips = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let began = Instant::now();
        match line.ask(&["PING"]).await.map_err(|failure| words::failed(kind, &failure, address))? {
            Ok(_) => trips.push(began.elapsed()),
            Err(text) => return Err(refused(kind, "PING", text, address)),
        }
    }
    trips.sort_unstable();
    Ok((Finding::good("Round trip").detail("median of five").took(trips[PINGS / 2]), ()))
}

/// SET, GET and DEL under a throwaway key.
pub(super) async fn read_write(line: &mut Line, address: &Address) -> Step<()> {
    let kind = CheckKind::ReadWrite;
    let failed = |failure| words::failed(kind, &failure, address);
    let (key, value) = throwaway();
    if let Err(text) = line.ask(&["SET", &key, &value, "EX", KEY_LIFE]).await.map_err(failed)? {
        if meaning(&text) == Meaning::NotPermitted && words::is_default(address) {
            // The token that reads all and writes nothing; without GET it is a user that was given no keys.
            let reads = line.ask(&["GET", &key]).await.map_err(failed)?.is_ok();
            return Err(if reads { words::read_only() } else { refused(kind, "SET", text, address) });
        }
        return Err(refused(kind, "SET", text, address));
    }
    let read = line.ask(&["GET", &key]).await.map_err(failed)?;
    let deleted = line.ask(&["DEL", &key]).await.map_err(failed)?;
    match (read, deleted) {
        (Err(text), _) => Err(refused(kind, "GET", text, address)),
        (_, Err(text)) => Err(refused(kind, "DEL", text, address)),
        (Ok(Value::BulkString(back)), Ok(Value::Int(1))) if back == value.as_bytes() => {
            Ok((Finding::good("Writes, reads and deletes").detail("SET, GET and DEL under a throwaway key"), ()))
        }
        _ => Err(words::not_as_written(kind)),
    }
}

/// A stream is written, read and deleted, in one transaction: whatever happens in the middle, nothing is left.
pub(super) async fn streams(line: &mut Line, address: &Address) -> Step<()> {
    let kind = CheckKind::Streams;
    let failed = |failure| words::failed(kind, &failure, address);
    let (key, value) = throwaway();
    let commands: [&[&str]; 5] =
        [&["MULTI"], &["XADD", &key, "*", "test", &value], &["XRANGE", &key, "-", "+"], &["DEL", &key], &["EXEC"]];
    let mut last = Value::Nil;
    for (sent, words) in commands.into_iter().enumerate() {
        match line.ask(words).await.map_err(failed)? {
            // Nothing is sent into a transaction that does not stand.
            Ok(answer) if sent == 0 && answer != Value::Okay => return Err(words::not_as_written(kind)),
            Ok(answer) => last = answer,
            Err(text) => {
                if (1..4).contains(&sent) {
                    // What was queued is forgotten; that alone is its point, whatever it answers.
                    let _ = line.ask(&["DISCARD"]).await.map_err(failed)?;
                }
                return Err(refused(kind, words[0], text, address));
            }
        }
    }
    let Value::Array(answers) = last else { return Err(words::not_as_written(kind)) };
    match &answers[..] {
        [Value::BulkString(_), Value::Array(entries), Value::Int(1)] if entries.len() == 1 => {
            Ok((Finding::good("Streams work").detail("XADD, XRANGE and DEL in one transaction"), ()))
        }
        _ => Err(words::not_as_written(kind)),
    }
}

/// The server would not do one command. Messages need none of these, so that a user who is only held short is no
/// failure.
fn refused(kind: CheckKind, command: &str, text: String, address: &Address) -> Finding {
    match meaning(&text) {
        Meaning::ReadOnly => words::read_only(),
        Meaning::NotPermitted => words::may_not_run(kind, command, &text),
        _ => words::failed(kind, &Failure::Refused(Stage::Live, text), address),
    }
}

fn throwaway() -> (String, String) {
    (format!("heliograph:test:{}", Uuid::new_v4()), Uuid::new_v4().to_string())
}
