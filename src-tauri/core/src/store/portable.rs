//! One message as a line of a file: what came, and beside it what we know of it.
//!
//! `message` is the envelope, where what came is a JSON object; `heliograph` is ours. `bytes` stands in it where
//! `message` is not letter for letter what came.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rusqlite::{Row, types::Value};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{fault::StoreError, state, view::TaskState};
use crate::message::{Header, Kind, Millis, read};

/// The columns that a line tells in words of its own, or that are read from the message.
pub(super) const TOLD: [&str; 15] = [
    "seq",
    "channel",
    "received_at",
    "state",
    "seen",
    "receipt",
    "receipt_at",
    "payload",
    "sender",
    "id",
    "kind",
    "priority",
    "sent_at",
    "expires_at",
    "reply_to",
];

/// How many of them are read from a row for a line: those that stand first.
pub(super) const READ: usize = 8;

/// A line.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Box<RawValue>>,
    heliograph: Ours,
}

#[derive(Serialize, Deserialize)]
struct Ours {
    channel: String,
    received_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<TaskState>,
    #[serde(default)]
    seen: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<Told>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    /// Columns without a word of their own.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    more: serde_json::Map<String, serde_json::Value>,
}

/// Of a task: whether its sender knows that it was received.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Unheard,
    Heard,
}

/// A message that was read from a line.
pub(super) struct Portable {
    pub(super) header: Header,
    pub(super) channel: String,
    pub(super) received_at: Millis,
    pub(super) state: i64,
    pub(super) seen: bool,
    pub(super) receipt: i64,
    pub(super) receipt_at: Option<Millis>,
    pub(super) payload: Vec<u8>,
    /// Columns without a word of their own.
    pub(super) more: Vec<(String, Value)>,
}

/// Adds a row's line to the text. The row begins with [`READ`] of [`TOLD`]; the columns named in `more` follow.
pub(super) fn write(row: &Row<'_>, more: &[String], text: &mut Vec<u8>) -> Result<(), StoreError> {
    let payload = row.get_ref(7)?.as_blob().map_err(rusqlite::Error::from)?;
    let (message, exact) = envelope(payload);
    let rest = more.iter().enumerate().filter_map(|(index, name)| {
        let value = match row.get::<_, Value>(READ + index) {
            Ok(Value::Integer(number)) => number.into(),
            Ok(Value::Text(text)) => text.into(),
            // Nothing else is known to be there.
            _ => return None,
        };
        Some((name.clone(), value))
    });
    let line = Line {
        message,
        heliograph: Ours {
            channel: row.get(1)?,
            received_at: row.get(2)?,
            state: state::task_from_number(row.get(3)?),
            seen: row.get(4)?,
            receipt: match row.get(5)? {
                1 => Some(Told::Unheard),
                2 => Some(Told::Heard),
                _ => None,
            },
            receipt_at: row.get(6)?,
            bytes: (!exact).then(|| BASE64_STANDARD.encode(payload)),
            more: rest.collect(),
        },
    };
    serde_json::to_writer(&mut *text, &line).map_err(|error| StoreError::File(error.into()))?;
    text.push(b'\n');
    Ok(())
}

/// What came as a JSON object, if it is one, and whether it is that letter for letter.
fn envelope(payload: &[u8]) -> (Option<Box<RawValue>>, bool) {
    let Some(text) = std::str::from_utf8(payload).ok().map(|text| text.trim_start_matches('\u{feff}').trim()) else {
        return (None, false);
    };
    if !text.starts_with('{') {
        return (None, false);
    }
    if text.contains(['\n', '\r']) {
        let value = serde_json::from_str::<serde_json::Value>(text).ok();
        return (value.and_then(|value| serde_json::value::to_raw_value(&value).ok()), false);
    }
    let raw = RawValue::from_string(text.to_owned()).ok();
    let exact = raw.is_some() && text.len() == payload.len();
    (raw, exact)
}

/// Reads a line; `None` where it is not one of ours.
pub(super) fn parse(line: &[u8]) -> Option<Portable> {
    let Line { message, heliograph: ours } = serde_json::from_slice(line).ok()?;
    let payload = match (&ours.bytes, &message) {
        (Some(bytes), _) => BASE64_STANDARD.decode(bytes).ok()?,
        (None, Some(message)) => message.get().as_bytes().to_vec(),
        (None, None) => return None,
    };
    let header = read(&ours.channel, &payload);
    let is_task = header.kind == Kind::Task;
    let more = ours.more.into_iter().filter_map(|(name, value)| {
        let value = match value {
            serde_json::Value::Number(number) => Value::Integer(number.as_i64()?),
            serde_json::Value::String(text) => Value::Text(text),
            _ => return None,
        };
        Some((name, value))
    });
    Some(Portable {
        channel: ours.channel,
        received_at: ours.received_at,
        state: if is_task { state::task_to_number(ours.state.unwrap_or(TaskState::New)) } else { 0 },
        seen: ours.seen,
        receipt: match ours.receipt {
            None => 0,
            Some(Told::Unheard) => 1,
            Some(Told::Heard) => 2,
        },
        receipt_at: ours.receipt_at,
        more: more.collect(),
        header,
        payload,
    })
}
