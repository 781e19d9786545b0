//! The tasks everything is measured with: 300 bytes of JSON, each with an id and the time it was made.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::CHANNEL;

/// The size of every task.
const SIZE: usize = 300;

/// A task made at `at` (by [`crate::clock`]), as it is published.
pub(crate) fn payload(at: u64) -> Vec<u8> {
    let id = Uuid::now_v7();
    let head = format!(
        r#"{{"from":"helios","type":"task","id":"{id}","timestamp":1763888400.125,"data":{{"title":"{}","index":"staging-7","compare":true,"note":""#,
        mark(at),
    );
    let tail = r#""}}"#;
    let note = "Rebuild the search index and compare the counts. ".chars().cycle();
    let note: String = note.take(SIZE.saturating_sub(head.len() + tail.len())).collect();
    format!("{head}{note}{tail}").into_bytes()
}

/// The command that publishes it.
pub(crate) fn command(payload: &[u8]) -> Vec<u8> {
    let head = format!("*3\r\n$7\r\nPUBLISH\r\n${}\r\n{CHANNEL}\r\n${}\r\n", CHANNEL.len(), payload.len());
    [head.as_bytes(), payload, b"\r\n"].concat()
}

/// How a task's title says when it was made.
fn mark(at: u64) -> String {
    format!("t{at:020}")
}

/// Finds when a task was made in a text that holds its title.
pub(crate) fn made_at(text: &str) -> Option<u64> {
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.find_map(|word| word.strip_prefix('t').filter(|digits| digits.len() == 20)?.parse().ok())
}

/// What a plain subscriber makes of a message.
#[derive(Deserialize)]
pub(crate) struct Parsed {
    #[serde(rename = "from")]
    _from: String,
    #[serde(rename = "type")]
    _kind: String,
    data: Value,
}

impl Parsed {
    /// When it was made.
    pub(crate) fn made_at(&self) -> Option<u64> {
        made_at(self.data.get("title")?.as_str()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_task_has_its_size_and_tells_its_time() {
        let payload = payload(1_234_567_890_123);
        assert_eq!(payload.len(), SIZE);
        let parsed: Parsed = serde_json::from_slice(&payload).unwrap();
        assert_eq!(parsed.made_at(), Some(1_234_567_890_123));
        assert_eq!(made_at("helios: t00000001234567890123"), Some(1_234_567_890_123));
        assert_eq!(made_at("task t12"), None);
    }
}
