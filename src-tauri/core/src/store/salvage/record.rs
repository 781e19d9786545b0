//! SQLite's record format, as far as our tables use it (sqlite.org/fileformat2.html, section 2.1).

use rusqlite::types::Value;

/// Reads a number of variable length; returns it with how many bytes it took.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        if index == 8 {
            return Some(((number << 8) | u64::from(*byte), 9));
        }
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, index + 1));
        }
    }
    None
}

/// The values of a record; `None` where it is none.
pub(super) fn values(record: &[u8]) -> Option<Vec<Value>> {
    let (header, mut at) = varint(record)?;
    let header = usize::try_from(header).ok()?;
    let mut body = record.get(header..)?;
    let mut values = Vec::new();
    while at < header {
        let (kind, taken) = varint(record.get(at..header)?)?;
        at += taken;
        let (value, size) = value(kind, body)?;
        values.push(value);
        body = body.get(size..)?;
    }
    // A record ends where its last value does.
    (at == header && body.is_empty()).then_some(values)
}

fn value(kind: u64, body: &[u8]) -> Option<(Value, usize)> {
    let number = |size: usize| {
        let bytes = body.get(..size)?;
        let negative = bytes.first()? & 0x80 != 0;
        let start = if negative { -1_i64 } else { 0 };
        Some((Value::Integer(bytes.iter().fold(start, |number, byte| (number << 8) | i64::from(*byte))), size))
    };
    match kind {
        0 => Some((Value::Null, 0)),
        1..=4 => number(usize::try_from(kind).ok()?),
        5 => number(6),
        6 => number(8),
        8 | 9 => Some((Value::Integer(i64::from(kind == 9)), 0)),
        12.. => {
            let size = usize::try_from((kind - 12) / 2).ok()?;
            let bytes = body.get(..size)?.to_vec();
            let value =
                if kind.is_multiple_of(2) { Value::Blob(bytes) } else { Value::Text(String::from_utf8(bytes).ok()?) };
            Some((value, size))
        }
        // Our tables hold no floating-point numbers; 10 and 11 are not in use.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_or_is_none() {
        // Header of 6: null, 1 byte, 2 bytes, text of 2, blob of 1.
        let record = [6, 0, 1, 2, 17, 14, 0xff, 0x01, 0x00, b'h', b'i', 7];
        let expected =
            [Value::Null, Value::Integer(-1), Value::Integer(256), Value::Text("hi".into()), Value::Blob(vec![7])];
        assert_eq!(values(&record).unwrap(), expected);
        for cut in 0..record.len() {
            assert_eq!(values(&record[..cut]), None, "cut at {cut}");
        }
        assert_eq!(values(&[0xff; 20]), None);
    }

    #[test]
    fn numbers_of_variable_length_are_read() {
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0x80]), None);
    }
}
