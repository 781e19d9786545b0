//! Finding messages by their words. The index follows in quiet times; what it has not reached yet is looked
//! through row by row.

use rusqlite::{Connection, params};

use super::{cursors, fault::StoreError, kind_of};
use crate::message::{Kind, fields, summarise};

/// How far the index has got.
pub(crate) const CURSOR: &str = "indexed";

/// Indexes the next rows. Returns whether there may be more.
pub(super) fn index_some(connection: &mut Connection, most: u32) -> Result<bool, StoreError> {
    let transaction = connection.transaction()?;
    let from = cursors::read(&transaction, CURSOR)?;
    let mut until = from;
    let mut count = 0;
    {
        let mut rows = transaction
            .prepare_cached("SELECT seq, sender, kind, payload FROM messages WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        let mut rows = rows.query(params![from, most])?;
        while let Some(row) = rows.next()? {
            until = row.get(0)?;
            let sender: String = row.get(1)?;
            let kind = kind_of(&row.get::<_, String>(2)?);
            let payload: Vec<u8> = row.get(3)?;
            index(&transaction, until, &sender, &kind, &payload)?;
            count += 1;
        }
    }
    if count > 0 {
        cursors::advance(&transaction, CURSOR, until)?;
    }
    transaction.commit()?;
    Ok(count == most)
}

/// Indexes one row, which must not be in the index.
pub(super) fn index(
    connection: &Connection,
    seq: i64,
    sender: &str,
    kind: &Kind,
    payload: &[u8],
) -> Result<(), StoreError> {
    let title = summarise(kind, payload).title;
    connection.prepare_cached("INSERT INTO search (rowid, title, body) VALUES (?1, ?2, ?3)")?.execute(params![
        seq,
        title,
        body(sender, kind, payload)
    ])?;
    Ok(())
}

fn body(sender: &str, kind: &Kind, payload: &[u8]) -> String {
    let (inner, extra) = fields(payload);
    let mut body = format!("{sender} {}", kind.name());
    for field in inner.iter().chain(&extra) {
        body.push('\n');
        body.push_str(&field.name);
        body.push(' ');
        body.push_str(&field.value);
    }
    if inner.is_empty() && *kind == Kind::Unreadable {
        body.push_str(&String::from_utf8_lossy(&payload[..payload.len().min(4_000)]));
    }
    body
}

/// What a person typed, as a query: every word must be there, perhaps as the beginning of a longer one.
pub(super) fn expression(typed: &str) -> Option<String> {
    let words: Vec<_> = typed
        .split(|c: char| c.is_whitespace() || c == '\0')
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(16)
        .map(|word| format!("\"{}\"*", word.replace('"', "\"\"")))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_never_is_syntax() {
        assert_eq!(expression("staging  ind").as_deref(), Some(r#""staging"* "ind"*"#));
        assert_eq!(expression(r#"a"b OR -c"#).as_deref(), Some(r#""a""b"* "OR"* "-c"*"#));
        assert_eq!(expression(" \" * "), None);
    }
}
