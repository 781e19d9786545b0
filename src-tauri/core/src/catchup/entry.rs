//! An entry of a record, and how entries are read from a server's answer: leniently, for others write them too.

use std::{collections::VecDeque, sync::Arc};

use redis::Value;

use crate::{
    link::{FIELD, RECORD},
    store::EntryId,
};

/// A message as it stands in the record of its channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) channel: Arc<str>,
    pub(crate) id: EntryId,
    /// Its bytes, whatever they are. Of an entry without the field for it, the first one's.
    pub(crate) payload: Vec<u8>,
}

/// The entries of each channel in an answer to XREAD.
pub(super) fn by_channel(answer: Option<&Value>) -> Vec<(String, VecDeque<Entry>)> {
    let streams = answer.map(pairs).unwrap_or_default();
    streams
        .into_iter()
        .filter_map(|(key, entries)| {
            let channel: Arc<str> = text(key)?.strip_prefix(RECORD)?.into();
            let entries = list(entries).iter().filter_map(|entry| read(&channel, entry)).collect();
            Some((channel.to_string(), entries))
        })
        .collect()
}

/// The ids in an answer to XREVRANGE.
pub(super) fn ids(answer: &Value) -> impl DoubleEndedIterator<Item = EntryId> + '_ {
    list(answer).iter().filter_map(|entry| id(list(entry).first()?))
}

/// Does a stream hold everything that was ever added to it, by an answer to XINFO STREAM? `None` where it does not say.
pub(super) fn is_uncut(answer: &Value) -> Option<bool> {
    let facts = pairs(answer);
    let number = |name: &str| {
        facts.iter().find(|(key, _)| text(key) == Some(name)).and_then(|(_, value)| match value {
            Value::Int(number) => Some(*number),
            _ => None,
        })
    };
    Some(number("entries-added")? == number("length")?)
}

fn read(channel: &Arc<str>, entry: &Value) -> Option<Entry> {
    let [at, fields] = list(entry) else { return None };
    let fields = list(fields);
    let named = fields.chunks_exact(2).find(|pair| bytes(&pair[0]) == Some(FIELD.as_bytes()));
    let payload = named.map(|pair| &pair[1]).or(fields.get(1)).and_then(bytes).unwrap_or_default();
    Some(Entry { channel: Arc::clone(channel), id: id(at)?, payload: payload.to_vec() })
}

fn id(value: &Value) -> Option<EntryId> {
    let (ms, nth) = text(value)?.split_once('-')?;
    Some(EntryId { ms: ms.parse().ok()?, nth: nth.parse().ok()? })
}

/// A list of pairs, in either version of Redis's language.
fn pairs(value: &Value) -> Vec<(&Value, &Value)> {
    match value {
        Value::Map(pairs) => pairs.iter().map(|(key, value)| (key, value)).collect(),
        Value::Array(items) => match items.first() {
            // A list of lists of two.
            Some(Value::Array(_)) => items
                .iter()
                .filter_map(|pair| match list(pair) {
                    [key, value] => Some((key, value)),
                    _ => None,
                })
                .collect(),
            _ => items.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect(),
        },
        _ => Vec::new(),
    }
}

fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        _ => &[],
    }
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.as_bytes()),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    std::str::from_utf8(bytes(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Value {
        Value::Array(words.iter().map(|word| Value::BulkString(word.as_bytes().to_vec())).collect())
    }

    fn entry(id: &str, fields: &[&str]) -> Value {
        Value::Array(vec![Value::BulkString(id.into()), words(fields)])
    }

    #[test]
    fn the_field_of_the_message_or_else_the_first_one() {
        let stream = Value::Array(vec![
            Value::BulkString("record:c".into()),
            Value::Array(vec![
                entry("5-0", &["x", "1", "m", "{}"]),
                entry("5-1", &["only", "this"]),
                entry("6-0", &[]),
                entry("no id", &["m", "{}"]),
            ]),
        ]);
        let read = by_channel(Some(&Value::Array(vec![stream])));
        let (channel, entries) = &read[0];
        let payloads: Vec<_> = entries.iter().map(|entry| entry.payload.as_slice()).collect();
        assert_eq!((channel.as_str(), payloads), ("c", vec![b"{}".as_slice(), b"this", b""]));
        assert_eq!(entries[1].id, EntryId { ms: 5, nth: 1 });
    }

    #[test]
    fn no_answer_is_no_entries() {
        assert!(by_channel(None).is_empty());
        assert!(by_channel(Some(&Value::Nil)).is_empty());
        assert!(by_channel(Some(&Value::Array(vec![Value::Nil, Value::Int(1)]))).is_empty());
    }

    #[test]
    fn cut_or_not_is_said_only_where_it_is_known() {
        let facts = |added, length| {
            Value::Array(vec![
                Value::BulkString("length".into()),
                Value::Int(length),
                Value::BulkString("entries-added".into()),
                Value::Int(added),
            ])
        };
        assert_eq!(is_uncut(&facts(3, 3)), Some(true));
        assert_eq!(is_uncut(&facts(1500, 1000)), Some(false));
        assert_eq!(is_uncut(&words(&["length", "3"])), None);
        assert_eq!(is_uncut(&Value::Nil), None);
    }
}
