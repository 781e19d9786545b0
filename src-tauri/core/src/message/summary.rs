//! What a message says, for a person: a title, a line of preview, its fields. All of it safe to show.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use ts_rs::TS;

use super::{Kind, read::data};
use crate::text;

/// A name and a value, safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The value as text, perhaps with line breaks.
    pub value: String,
    /// Is it something for a machine (an id, a number, a path, JSON) rather than prose?
    pub machine: bool,
}

/// A message in two lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Names it.
    pub title: String,
    /// Says a little more; may be empty.
    pub preview: String,
}

/// The longest title and preview, in characters.
const TITLE: usize = 120;
const PREVIEW: usize = 200;

/// The longest value of a field that is shown; all of it stands in the raw message.
const VALUE: usize = 4_000;

/// More fields than this are not shown one by one.
const FIELDS: usize = 60;

/// JSON nested deeper than this is not indented.
const DEEPEST: usize = 100;

/// Where senders put what a task is about, most telling first.
const TITLE_KEYS: [&str; 12] = [
    "title",
    "what",
    "task",
    "summary",
    "subject",
    "name",
    "action",
    "command",
    "message",
    "text",
    "description",
    "status",
];

/// Where they put more about it.
const PREVIEW_KEYS: [&str; 10] =
    ["what", "summary", "note", "reason", "details", "description", "message", "text", "body", "error"];

/// The envelope's fields that have a meaning of their own.
const KNOWN: [&str; 9] = ["from", "type", "data", "id", "timestamp", "reply_to", "priority", "expires", "v"];

/// A message in two lines.
pub fn summarise(kind: &Kind, payload: &[u8]) -> Summary {
    if *kind == Kind::Unreadable {
        let shown = text::line(&String::from_utf8_lossy(cut(payload, 2_000)), PREVIEW);
        let size = if payload.is_empty() { "empty".to_owned() } else { format!("{} bytes", payload.len()) };
        return Summary { title: format!("Unreadable message ({size})"), preview: shown };
    }
    let Some(data) = data(payload) else {
        return Summary { title: kind_title(kind), preview: String::new() };
    };
    let summary = match serde_json::from_str::<Value>(data.get()) {
        Ok(Value::Object(object)) => of_object(kind, &object),
        Ok(Value::String(string)) if !string.trim().is_empty() => of_text(&string),
        Ok(Value::Null) => Summary { title: kind_title(kind), preview: String::new() },
        // Anything else, and what is nested too deep for the parser, is shown as it was written.
        _ => Summary { title: kind_title(kind), preview: text::line(cut_text(data.get(), 2_000), PREVIEW) },
    };
    // Words made of nothing but invisible characters name nothing.
    if summary.title.is_empty() { Summary { title: kind_title(kind), ..summary } } else { summary }
}

fn kind_title(kind: &Kind) -> String {
    let name = text::capital(&text::line(kind.name(), TITLE)).replace('_', " ");
    if name.is_empty() { "Message".into() } else { name }
}

fn of_text(string: &str) -> Summary {
    let (first, rest) = string.trim().split_once('\n').unwrap_or((string.trim(), ""));
    Summary { title: text::line(first, TITLE), preview: text::line(rest, PREVIEW) }
}

fn of_object(kind: &Kind, object: &Map<String, Value>) -> Summary {
    let words = |key: &&str| object.get(*key)?.as_str().filter(|words| !words.trim().is_empty());
    let title_key = TITLE_KEYS.iter().find(|key| words(key).is_some());
    let title = match title_key.and_then(words) {
        Some(title) => of_text(title),
        None => Summary { title: kind_title(kind), preview: String::new() },
    };
    let more = PREVIEW_KEYS.iter().filter(|key| Some(*key) != title_key).find_map(words);
    let preview = match more {
        Some(more) => text::line(more, PREVIEW),
        None if !title.preview.is_empty() => title.preview,
        None => rest_of(object, title_key.copied()),
    };
    Summary { title: title.title, preview }
}

/// The remaining plain fields in one line: "index staging-7 · compare true".
fn rest_of(object: &Map<String, Value>, used: Option<&str>) -> String {
    let parts: Vec<_> = object
        .iter()
        .filter(|(key, _)| Some(key.as_str()) != used && !matches!(key.as_str(), "id" | "task_id"))
        .filter_map(|(key, value)| match value {
            Value::String(value) => Some(format!("{key} {value}")),
            Value::Number(_) | Value::Bool(_) => Some(format!("{key} {value}")),
            _ => None,
        })
        .take(4)
        .collect();
    text::line(&parts.join(" · "), PREVIEW)
}

/// The fields of `data`, and those of the envelope that have no meaning here.
pub fn fields(payload: &[u8]) -> (Vec<Field>, Vec<Field>) {
    let inner = match data(payload) {
        None => Vec::new(),
        Some(data) => match serde_json::from_str::<Value>(data.get()) {
            Ok(Value::Object(object)) => object.iter().take(FIELDS).map(|(key, value)| field(key, value)).collect(),
            Ok(Value::Null) => Vec::new(),
            Ok(value) => vec![field("data", &value)],
            Err(_) => vec![machine_field("data", data.get())],
        },
    };
    let extra = match serde_json::from_slice::<Value>(payload.strip_prefix("\u{feff}".as_bytes()).unwrap_or(payload)) {
        Ok(Value::Object(object)) => object
            .iter()
            .filter(|(key, _)| !KNOWN.contains(&key.as_str()))
            .take(FIELDS)
            .map(|(key, value)| field(key, value))
            .collect(),
        _ => Vec::new(),
    };
    (inner, extra)
}

fn field(name: &str, value: &Value) -> Field {
    match value {
        Value::String(string) => Field {
            name: text::line(name, TITLE),
            value: text::block(string, VALUE),
            machine: !string.trim().contains(char::is_whitespace) && string.len() > 1,
        },
        Value::Object(_) | Value::Array(_) => {
            machine_field(name, &serde_json::to_string_pretty(value).unwrap_or_default())
        }
        plain => machine_field(name, &plain.to_string()),
    }
}

fn machine_field(name: &str, value: &str) -> Field {
    Field { name: text::line(name, TITLE), value: text::block(cut_text(value, VALUE * 4), VALUE), machine: true }
}

/// What came, as text of at most `most` bytes, indented where it is JSON; and whether it was cut.
pub fn raw_text(payload: &[u8], most: usize) -> (String, bool) {
    let json = (payload.len() <= most).then(|| serde_json::from_slice::<&RawValue>(payload).ok()).flatten();
    let whole = json
        .and_then(|json| indented(json.get(), most))
        .unwrap_or_else(|| String::from_utf8_lossy(cut(payload, most)).into_owned());
    let shown = cut_text(&whole, most);
    (text::block(shown, most), payload.len() > most || shown.len() < whole.len())
}

/// JSON, indented, with every key and number as it was written; no further than a little beyond `most` bytes. `None` where
/// it is nested too deep to be read so.
///
/// A parser into values does not do for this: it drops doubled keys and rounds what is longer than its own numbers.
fn indented(json: &str, most: usize) -> Option<String> {
    let mut out = String::with_capacity(json.len());
    let (mut depth, mut opened, mut in_text, mut escaped) = (0, false, false, false);
    for letter in json.chars() {
        if out.len() > most {
            break;
        }
        if in_text {
            out.push(letter);
            in_text = escaped || letter != '"';
            escaped = letter == '\\' && !escaped;
            continue;
        }
        if letter.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(letter, '}' | ']');
        depth -= usize::from(closes);
        if opened != closes {
            begin_line(&mut out, depth);
        }
        opened = matches!(letter, '{' | '[');
        depth += usize::from(opened);
        out.push(letter);
        match letter {
            ',' => begin_line(&mut out, depth),
            ':' => out.push(' '),
            '"' => in_text = true,
            _ if depth > DEEPEST => return None,
            _ => {}
        }
    }
    Some(out)
}

fn begin_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

fn cut(bytes: &[u8], most: usize) -> &[u8] {
    &bytes[..bytes.len().min(most)]
}

fn cut_text(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(json: &str) -> Summary {
        summarise(&Kind::Task, json.as_bytes())
    }

    #[test]
    fn a_title_is_found_where_senders_put_it() {
        for (json, title, preview) in [
            (r#"{"data":{"what":"Rebuild the index","index":"staging-7"}}"#, "Rebuild the index", "index staging-7"),
            (r#"{"data":{"title":"A","note":"B","x":1}}"#, "A", "B"),
            (r#"{"data":{"title":"A","what":"Do B"}}"#, "A", "Do B"),
            (r#"{"data":"Do this\nand that"}"#, "Do this", "and that"),
            (r#"{"data":{"n":1}}"#, "Task", "n 1"),
            (r#"{"data":[1,2]}"#, "Task", "[1,2]"),
            (r"{}", "Task", ""),
        ] {
            assert_eq!(of(json), Summary { title: title.into(), preview: preview.into() }, "{json}");
        }
    }

    #[test]
    fn markup_stays_text_and_tricks_do_not_pass() {
        let summary = of(r#"{"data":{"title":"<img onerror=x>\u202egpj\u0000"}}"#);
        assert_eq!(summary.title, "<img onerror=x>gpj");
    }

    #[test]
    fn fields_are_read_and_unknown_ones_are_kept() {
        let (inner, extra) = fields(br#"{"from":"h","data":{"what":"a b","id7":"x-1","o":{"k":1}},"trace":"t"}"#);
        let machine: Vec<_> = inner.iter().map(|field| (field.name.as_str(), field.machine)).collect();
        assert_eq!(machine, [("what", false), ("id7", true), ("o", true)]);
        assert_eq!(extra.len(), 1);
        assert_eq!(extra[0].name, "trace");
    }

    #[test]
    fn large_and_deep_messages_are_cut_for_showing() {
        let large = format!(r#"{{"data":{{"what":"{}"}}}}"#, "x".repeat(1_000_000));
        assert_eq!(of(&large).title.chars().count(), TITLE);
        let (raw, cut) = raw_text(large.as_bytes(), 10_000);
        assert!(cut && raw.len() <= 10_000 + '…'.len_utf8());
        let deep = format!(r#"{{"data":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert!(of(&deep).preview.starts_with("[[["));
        assert_eq!(fields(deep.as_bytes()).0.len(), 1);
    }

    #[test]
    fn what_is_shown_as_raw_is_what_came() {
        let came =
            r#"{"n":123456789012345678901234567890, "t":"a \"{,:\\","d":[0.10000000000000000000001,[],{}],"n":1e2}"#;
        let shown = "{\n  \"n\": 123456789012345678901234567890,\n  \"t\": \"a \\\"{,:\\\\\",\n  \"d\": [\n    \
                     0.10000000000000000000001,\n    [],\n    {}\n  ],\n  \"n\": 1e2\n}";
        assert_eq!(raw_text(came.as_bytes(), 10_000), (shown.to_owned(), false));
        let (raw, cut) = raw_text(came.as_bytes(), came.len());
        assert!(cut && shown.starts_with(raw.trim_end_matches('…')), "{raw}");
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert_eq!(raw_text(deep.as_bytes(), 100_000), (deep, false));
    }

    proptest! {
        #[test]
        fn json_is_indented_as_its_own_library_does(value in proptest::collection::vec(
            (".{0,6}", proptest::option::of(any::<i64>())), 0..5)) {
            let value = serde_json::json!({ "a": value, "b": {}, "c": [[], {"d": [1, "\u{85}"]}] });
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(indented(&value.to_string(), 10_000), Some(pretty));
        }

        #[test]
        fn any_bytes_have_a_summary(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            for kind in [Kind::Task, Kind::Unreadable] {
                prop_assert!(!summarise(&kind, &payload).title.is_empty());
            }
            let _ = (fields(&payload), raw_text(&payload, 100));
        }
    }
}
