//! Reading what others wrote: leniently, and without ever failing.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Kind, Millis, Priority, channel};

/// What the envelope of a message says. The message itself stays as the bytes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Who says to have sent it; where the envelope does not say, the agent the channel belongs to, or nobody.
    pub from: String,
    /// The message's type.
    pub kind: Kind,
    /// Its id, from the envelope; of a task also from `data.id` or `data.task_id`.
    pub id: Option<String>,
    /// The id it answers.
    pub reply_to: Option<String>,
    /// When the sender says to have sent it.
    pub sent_at: Option<Millis>,
    /// When it loses its point.
    pub expires_at: Option<Millis>,
    /// How soon it wants attention: from the envelope, else from the channel's name.
    pub priority: Priority,
}

/// Ids longer than this are not ids; the message is kept and treated as one without.
const LONGEST_ID: usize = 256;

/// Names longer than this are cut; the whole of it stands in the message itself.
const LONGEST_NAME: usize = 128;

/// Reads the envelope of whatever came on a channel. Anything that is not a JSON object is an unreadable message.
pub fn read(channel: &str, payload: &[u8]) -> Header {
    let parts = std::str::from_utf8(payload)
        .ok()
        .map(|text| text.trim_start_matches('\u{feff}'))
        .and_then(|text| serde_json::from_str::<Parts<'_>>(text).ok());
    match parts {
        Some(parts) => header(channel, &parts),
        None => Header {
            from: channel::sender(channel).unwrap_or_default().to_owned(),
            kind: Kind::Unreadable,
            id: None,
            reply_to: None,
            sent_at: None,
            expires_at: None,
            priority: channel::priority(channel),
        },
    }
}

/// The `data` of a message, as it was written; `None` where there is none or the message is unreadable.
pub fn data(payload: &[u8]) -> Option<&RawValue> {
    let text = std::str::from_utf8(payload).ok()?.trim_start_matches('\u{feff}');
    serde_json::from_str::<Parts<'_>>(text).ok()?.data
}

fn header(channel: &str, parts: &Parts<'_>) -> Header {
    let from = parts.from.and_then(text).filter(|name| !name.is_empty());
    let kind = parts.kind.and_then(text).filter(|kind| !kind.is_empty());
    let kind = kind.map_or_else(|| Kind::Other("message".into()), |kind| Kind::named(&short(kind)));
    let id = parts.id.and_then(id_text).or_else(|| {
        // In other messages these name what they are about, and many may be about one task.
        let data = parts.data.filter(|_| kind == Kind::Task)?;
        let inner = serde_json::from_str::<Parts<'_>>(data.get()).ok()?;
        inner.id.and_then(id_text).or_else(|| inner.task_id.and_then(id_text))
    });
    Header {
        from: from.map_or_else(|| channel::sender(channel).unwrap_or_default().to_owned(), short),
        kind,
        id,
        reply_to: parts.reply_to.and_then(id_text),
        sent_at: parts.timestamp.and_then(moment),
        expires_at: parts.expires.and_then(moment),
        priority: parts.priority.and_then(priority).unwrap_or_else(|| channel::priority(channel)),
    }
}

fn short(name: Cow<'_, str>) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => name[..end].to_owned(),
        None => name.into_owned(),
    }
}

/// A JSON value as a name: a string as it is, a number or truth value as written, nothing for the rest.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let written = value.get();
    match written.as_bytes().first()? {
        b'"' => {
            // Without escapes the text between the quotes is the string, and need not be copied.
            let inner = &written[1..written.len() - 1];
            if inner.contains('\\') {
                serde_json::from_str::<String>(written).ok().map(Cow::Owned)
            } else {
                Some(Cow::Borrowed(inner))
            }
        }
        b'n' | b'{' | b'[' => None,
        _ => Some(Cow::Borrowed(written)),
    }
}

fn id_text(value: &RawValue) -> Option<String> {
    text(value).filter(|id| !id.is_empty() && id.len() <= LONGEST_ID).map(Cow::into_owned)
}

fn priority(value: &RawValue) -> Option<Priority> {
    let word = text(value)?;
    [
        (Priority::Urgent, ["urgent", "high", "critical"].as_slice()),
        (Priority::Normal, &["normal", "medium", "default"]),
        (Priority::Low, &["low"]),
    ]
    .into_iter()
    .find(|(_, words)| words.iter().any(|known| known.eq_ignore_ascii_case(word.trim())))
    .map(|(priority, _)| priority)
}

/// A time given as seconds or milliseconds since 1970, as a number or in text, or as RFC 3339 text.
fn moment(value: &RawValue) -> Option<Millis> {
    let text = text(value)?;
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(number) => from_number(number),
        Err(_) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
    }
}

/// Above this, a number cannot sensibly be seconds (it would be the year 5138) and is milliseconds.
const MOST_SECONDS: f64 = 1e11;

fn from_number(number: f64) -> Option<Millis> {
    let millis = if number.abs() > MOST_SECONDS { number } else { number * 1000.0 };
    // Beyond the year 10000 nothing was meant as a time.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
    (millis.is_finite() && millis.abs() < 253_402_300_800_000.0).then(|| millis.round() as Millis)
}

/// The fields of an envelope that have a meaning, as they were written; of a field given twice, the last.
#[derive(Default)]
struct Parts<'a> {
    from: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    task_id: Option<&'a RawValue>,
    timestamp: Option<&'a RawValue>,
    reply_to: Option<&'a RawValue>,
    priority: Option<&'a RawValue>,
    expires: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartsVisitor)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'de>, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<Key>()? {
            let slot = match key {
                Key::From => &mut parts.from,
                Key::Type => &mut parts.kind,
                Key::Data => &mut parts.data,
                Key::Id => &mut parts.id,
                Key::TaskId => &mut parts.task_id,
                Key::Timestamp => &mut parts.timestamp,
                Key::ReplyTo => &mut parts.reply_to,
                Key::Priority => &mut parts.priority,
                Key::Expires => &mut parts.expires,
                Key::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *slot = Some(map.next_value()?);
        }
        Ok(parts)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    From,
    Type,
    Data,
    Id,
    TaskId,
    Timestamp,
    ReplyTo,
    Priority,
    Expires,
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_text(text: &str) -> Header {
        read("helios→chad", text.as_bytes())
    }

    #[test]
    fn the_ten_line_script_is_understood() {
        let header = read_text(r#"{"from": "helios", "type": "task", "data": {"what": "x"}}"#);
        assert_eq!(header.from, "helios");
        assert_eq!(header.kind, Kind::Task);
        assert_eq!(header.id, None);
        assert_eq!(header.priority, Priority::Normal);
    }

    #[test]
    fn what_is_missing_has_a_default() {
        let header = read_text("{}");
        assert_eq!(header.kind, Kind::Other("message".into()));
        assert_eq!(header.from, "helios");
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        for (text, id) in [
            (r#"{"id":"a","type":"task","data":{"id":"b"}}"#, Some("a")),
            (r#"{"type":"task","data":{"id":"b","task_id":"c"}}"#, Some("b")),
            (r#"{"data":{"task_id":"c"},"type":"task"}"#, Some("c")),
            (r#"{"type":"status","data":{"id":"b","task_id":"c"}}"#, None),
            (r#"{"id":7}"#, Some("7")),
            (r#"{"id":null,"data":{"id":""}}"#, None),
            (r#"{"id":{"a":1}}"#, None),
            (r#"{"id":"q\"uote"}"#, Some("q\"uote")),
        ] {
            assert_eq!(read_text(text).id.as_deref(), id, "{text}");
        }
    }

    #[test]
    fn times_are_read_in_every_form_in_use() {
        for written in ["1763888400", "1763888400.0", "1763888400000", "\"1763888400\"", "\"2025-11-23T09:00:00Z\""] {
            let header = read_text(&format!(r#"{{"timestamp":{written},"expires":{written}}}"#));
            assert_eq!(header.sent_at, Some(1_763_888_400_000), "{written}");
            assert_eq!(header.expires_at, Some(1_763_888_400_000), "{written}");
        }
        for nonsense in ["\"soon\"", "1e300", "null", "[1]", "\"NaN\""] {
            assert_eq!(read_text(&format!(r#"{{"timestamp":{nonsense}}}"#)).sent_at, None, "{nonsense}");
        }
    }

    #[test]
    fn the_channel_gives_a_priority_and_the_envelope_overrules_it() {
        let read = |channel, text: &str| read(channel, text.as_bytes()).priority;
        assert_eq!(read("helios→chad-urgent", "{}"), Priority::Urgent);
        assert_eq!(read("helios→chad-low", r#"{"priority":"HIGH"}"#), Priority::Urgent);
        assert_eq!(read("helios→chad-low", r#"{"priority":"strange"}"#), Priority::Low);
    }

    #[test]
    fn what_is_no_object_is_unreadable_and_keeps_its_sender() {
        let deep = "[".repeat(10_000);
        for bytes in
            [b"".as_slice(), b"hello", b"[1]", b"{\"a\":", b"\xff\xfe", b"{\"a\":\"\xff\"}", b"null", deep.as_bytes()]
        {
            let header = read("helios→chad", bytes);
            assert_eq!(header.kind, Kind::Unreadable);
            assert_eq!(header.from, "helios");
        }
    }

    #[test]
    fn depth_in_the_data_does_not_hurt() {
        let text = format!(r#"{{"type":"task","data":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(read_text(&text).kind, Kind::Task);
        assert!(data(text.as_bytes()).is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(channel in ".{0,20}", payload in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&channel, &payload);
            let _ = data(&payload);
        }

        #[test]
        fn nearly_an_envelope_is_read(payload in r#"\{("(from|type|id|data|timestamp|priority)":("[a-z\\"]{0,6}"|[0-9.eE-]{0,12}|\{.{0,9}\}|null),?){0,5}\}?"#) {
            let _ = read_text(&payload);
        }

        #[test]
        fn what_we_would_write_is_read_back(from in "[a-z]{1,10}", id in "[a-z0-9-]{1,40}", seconds in 0i64..4_000_000_000) {
            let text = serde_json::json!({"from": from, "type": "task", "id": id, "timestamp": seconds, "data": {}}).to_string();
            let header = read_text(&text);
            prop_assert_eq!(header.from, from);
            prop_assert_eq!(header.id, Some(id));
            prop_assert_eq!(header.sent_at, Some(seconds * 1000));
        }
    }
}
