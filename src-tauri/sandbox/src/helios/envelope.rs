//! The messages Helios writes, and what he makes of those he hears.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{HeliosEvent, Names};

/// What was heard, and what it wants in return.
pub(super) struct Heard {
    pub(super) event: HeliosEvent,
    pub(super) answer: Option<Value>,
    /// Is it a sign of life of the agent we talk with?
    pub(super) peer_alive: bool,
}

/// A message of type `kind` with the fields every message of ours has.
pub(super) fn message(from: &str, kind: &str, data: &Value) -> Map<String, Value> {
    let fields = json!({
        "from": from,
        "type": kind,
        "data": data,
        "id": Uuid::now_v7().to_string(),
        "timestamp": now(),
    });
    match fields {
        Value::Object(fields) => fields,
        // json! with braces makes an object.
        _ => Map::new(),
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Reads what came on `channel`. Nothing for what Helios said himself.
pub(super) fn read(names: &Names, channel: &str, text: &str) -> Option<Heard> {
    let other = || HeliosEvent::Other { channel: channel.to_owned(), text: text.to_owned() };
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return Some(Heard { event: other(), answer: None, peer_alive: false });
    };
    let field = |name: &str| fields.get(name).and_then(Value::as_str);
    let from = field("from").unwrap_or_default();
    if from == names.me {
        return None;
    }
    let respond = |kind, data: Value| {
        let mut answer = message(&names.me, kind, &data);
        answer.insert("reply_to".into(), fields.get("id")?.clone());
        Some(Value::Object(answer))
    };
    let (event, answer) = match field("type") {
        Some("heartbeat") => (HeliosEvent::Heartbeat { from: from.to_owned() }, None),
        Some("response") => {
            let event = reply(from, &fields);
            let task_id = match &event {
                HeliosEvent::Reply { task_id, .. } => task_id.as_str(),
                _ => "",
            };
            let answer = respond("ack", json!({ "task_id": task_id }));
            (event, answer)
        }
        Some("ping") => {
            let data = fields.get("data").cloned().unwrap_or(Value::Null);
            (other(), respond("pong", data))
        }
        _ => (other(), None),
    };
    Some(Heard { event, answer, peer_alive: from == names.peer })
}

fn reply(from: &str, fields: &Map<String, Value>) -> HeliosEvent {
    let data = fields.get("data").unwrap_or(&Value::Null);
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let reply_to = fields.get("reply_to").and_then(Value::as_str);
    HeliosEvent::Reply {
        from: from.to_owned(),
        task_id: reply_to.or_else(|| text("task_id")).unwrap_or_default().to_owned(),
        status: text("status").unwrap_or_default().to_owned(),
        note: text("note").map(str::to_owned),
    }
}
