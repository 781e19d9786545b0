//! Writing messages: strictly, with every field the protocol knows.

use serde::Serialize;
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use super::{Millis, Priority, ReplyStatus};

/// A message of ours, before it is bytes.
#[derive(Clone, Debug)]
pub struct Outgoing<'a, D> {
    /// Our own name.
    pub from: &'a str,
    /// The message's type.
    pub kind: &'a str,
    /// Its content, which is handed on byte for byte where it is raw JSON.
    pub data: D,
    /// Its id; also by which an answer to it is recognised.
    pub id: &'a str,
    /// When it is written.
    pub at: Millis,
    /// The id it answers.
    pub reply_to: Option<&'a str>,
    /// How soon it wants attention.
    pub priority: Priority,
}

/// A new id: a UUID of version 7, so that ids sort by time.
pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// The id of the `received` answer to a message, always the same for the same message: said twice after a crash,
/// it is one answer to whoever looks at ids.
pub fn receipt_id(from: &str, id: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{from}\n{id}").as_bytes()).to_string()
}

impl<D: Serialize> Outgoing<'_, D> {
    /// The bytes that go over the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Envelope<'a, D> {
            from: &'a str,
            r#type: &'a str,
            data: &'a D,
            id: &'a str,
            timestamp: f64,
            #[serde(skip_serializing_if = "Option::is_none")]
            reply_to: Option<&'a str>,
            priority: Priority,
            v: u8,
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double for 285,000 years")]
        let timestamp = self.at as f64 / 1000.0;
        let envelope = Envelope {
            from: self.from,
            r#type: self.kind,
            data: &self.data,
            id: self.id,
            timestamp,
            reply_to: self.reply_to,
            priority: self.priority,
            v: 1,
        };
        // Strings, numbers and JSON values always have a JSON form; there is no failure to hand on.
        serde_json::to_vec(&envelope).unwrap_or_default()
    }
}

/// The `data` of a reply.
#[derive(Clone, Debug, Serialize)]
pub struct ReplyData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<Returned<'a>>,
    status: ReplyStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// A task's `data` on its way back.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Returned<'a> {
    Nothing(()),
    /// Byte for byte: a parser would lose doubled keys and the digits of large numbers.
    AsItCame(&'a RawValue),
    /// Nested deeper than the parsers of others may go.
    AsText(&'a str),
}

/// The `data` of a reply.
///
/// `text` is what the person wrote: a JSON object or array becomes the `result`, anything else the `note`.
/// A task without an id is handed back whole, so that a sender without ids can still match it.
pub fn reply_data<'a>(
    task_id: Option<&'a str>,
    task: Option<&'a RawValue>,
    status: ReplyStatus,
    text: &'a str,
) -> ReplyData<'a> {
    let (result, note) = match written(text) {
        Written::Nothing => (None, None),
        Written::Json(value) => (Some(value), None),
        Written::Text(text) => (None, Some(text)),
    };
    let task = task_id.is_none().then(|| task.map_or(Returned::Nothing(()), returned));
    ReplyData { task_id, task, status, result, note }
}

/// The `data` of a message that a person writes: the JSON it is, or `{"text": …}`.
pub fn free_data(text: &str) -> Value {
    match written(text) {
        Written::Nothing => Value::Object(serde_json::Map::new()),
        Written::Json(value) => value,
        Written::Text(text) => serde_json::json!({ "text": text }),
    }
}

enum Written<'a> {
    Nothing,
    Json(Value),
    Text(&'a str),
}

fn written(text: &str) -> Written<'_> {
    let text = text.trim();
    if text.is_empty() {
        return Written::Nothing;
    }
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => Written::Json(value),
        _ => Written::Text(text),
    }
}

fn returned(raw: &RawValue) -> Returned<'_> {
    let deep = serde_json::from_str::<Value>(raw.get()).is_err();
    if deep { Returned::AsText(raw.get()) } else { Returned::AsItCame(raw) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::{Kind, read};

    #[test]
    fn what_we_write_has_every_required_field_and_is_read_back() {
        let bytes = Outgoing {
            from: "chad",
            kind: "response",
            data: reply_data(Some("t1"), None, ReplyStatus::Done, "41 GB saved"),
            id: "r1",
            at: 1_763_888_400_250,
            reply_to: Some("t1"),
            priority: Priority::Normal,
        }
        .to_bytes();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "from": "chad", "type": "response", "id": "r1", "timestamp": 1_763_888_400.25, "reply_to": "t1",
                "priority": "normal", "v": 1,
                "data": {"task_id": "t1", "status": "done", "note": "41 GB saved"},
            })
        );
        let header = read("chad→helios", &bytes);
        assert_eq!(header.kind, Kind::Other("response".into()));
        assert_eq!(header.sent_at, Some(1_763_888_400_250));
        assert_eq!(header.reply_to.as_deref(), Some("t1"));
    }

    #[test]
    fn a_task_without_id_is_handed_back() {
        let task = RawValue::from_string(r#"{"what":"x"}"#.into()).unwrap();
        let of = |task| serde_json::to_string(&reply_data(None, task, ReplyStatus::Received, "")).unwrap();
        assert_eq!(of(Some(&task)), r#"{"task":{"what":"x"},"status":"received"}"#);
        assert_eq!(of(None), r#"{"task":null,"status":"received"}"#);
        let deep = RawValue::from_string("[".repeat(1_000) + &"]".repeat(1_000)).unwrap();
        assert!(of(Some(&deep)).starts_with(r#"{"task":"[[["#));
    }

    #[test]
    fn what_is_handed_back_is_what_came() {
        let came = r#"{"n":123456789012345678901234567890,"d":0.10000000000000000000001, "n":1e2}"#;
        let task = RawValue::from_string(came.into()).unwrap();
        let data = reply_data(None, Some(&task), ReplyStatus::Received, "");
        let (from, kind, id, priority) = ("chad", "response", "r1", Priority::Normal);
        let bytes = Outgoing { from, kind, data, id, at: 0, reply_to: None, priority }.to_bytes();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(&format!(r#""task":{came},"#)), "{text}");
    }

    #[test]
    fn json_is_a_result_and_everything_else_a_note() {
        let with = |text| serde_json::to_value(reply_data(Some("t"), None, ReplyStatus::Done, text)).unwrap();
        assert_eq!(with(r#" {"files": 3} "#)["result"]["files"], 3);
        assert_eq!(with("42")["note"], "42");
        assert_eq!(with("{broken")["note"], "{broken");
        assert_eq!(free_data("hello"), serde_json::json!({"text": "hello"}));
    }

    proptest! {
        #[test]
        fn any_text_goes_out_and_comes_back(text in any::<String>(), id in any::<String>()) {
            let bytes = Outgoing {
                from: "chad", kind: "response", data: reply_data(Some(&id), None, ReplyStatus::Failed, &text), id: "r",
                at: 0, reply_to: Some(&id), priority: Priority::Urgent,
            }.to_bytes();
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(value["data"]["task_id"].as_str(), Some(id.as_str()));
        }
    }
}
