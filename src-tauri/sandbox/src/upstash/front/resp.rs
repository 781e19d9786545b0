//! Redis's protocol as far as it is needed to tell one command or answer from the next.

use std::ops::Range;

/// As published, what the service accepts as one request.
const LONGEST_REQUEST: usize = 10 * 1024 * 1024;
/// The server's own limit for the words of one command.
const MOST_WORDS: usize = 1024 * 1024;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// A command's place in a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) words: Vec<Range<usize>>,
    pub(super) length: usize,
}

/// The command at the beginning, if it is there in full. Commands typed as plain lines are none: clients do not send
/// them.
pub(super) fn command(bytes: &[u8]) -> Result<Option<Command>, Broken> {
    let Some((kind, count, mut at)) = head(bytes, 0)? else { return Ok(None) };
    let count = usize::try_from(count).map_err(|_| Broken)?;
    if kind != b'*' || count > MOST_WORDS {
        return Err(Broken);
    }
    let mut words = Vec::new();
    for _ in 0..count {
        let Some((kind, length, begin)) = head(bytes, at)? else { return Ok(None) };
        let length = usize::try_from(length).map_err(|_| Broken)?;
        if kind != b'$' || length > LONGEST_REQUEST || begin + length > LONGEST_REQUEST {
            return Err(Broken);
        }
        words.push(begin..begin + length);
        at = begin + length + 2;
        if bytes.len() < at {
            return Ok(None);
        }
    }
    Ok(Some(Command { words, length: at }))
}

/// The length of the answer or message at the beginning, if it is there in full.
pub(super) fn value(bytes: &[u8]) -> Result<Option<usize>, Broken> {
    let (mut at, mut left) = (0, 1_u64);
    while left > 0 {
        let Some((kind, count, after)) = head(bytes, at)? else { return Ok(None) };
        at = after;
        left -= 1;
        match kind {
            // Below zero there is none.
            b'$' | b'!' | b'=' => at += usize::try_from(count).map_or(0, |length| length + 2),
            b'*' | b'~' | b'>' => left += u64::try_from(count).unwrap_or(0),
            b'%' => left += 2 * u64::try_from(count).unwrap_or(0),
            // It stands before what it is about.
            b'|' => left += 2 * u64::try_from(count).unwrap_or(0) + 1,
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => {}
            _ => return Err(Broken),
        }
        if bytes.len() < at {
            return Ok(None);
        }
    }
    Ok(Some(at))
}

/// A command of these words.
pub(super) fn encode(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// A line's first letter, the number after it (0 where there is none), and where the line ends.
fn head(bytes: &[u8], at: usize) -> Result<Option<(u8, i64, usize)>, Broken> {
    let Some(line) = bytes.get(at..) else { return Ok(None) };
    let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let (kind, rest) = line[..end].split_first().ok_or(Broken)?;
    let counted = matches!(kind, b'$' | b'!' | b'=' | b'*' | b'~' | b'>' | b'%' | b'|');
    let number = std::str::from_utf8(rest).ok().and_then(|text| text.parse().ok());
    if counted && number.is_none() {
        return Err(Broken);
    }
    Ok(Some((*kind, number.unwrap_or(0), at + end + 2)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn commands_and_answers_are_told_apart_wherever_they_are_cut() {
        let words: [&[u8]; 3] = [b"SET", "schl\u{fc}ssel".as_bytes(), b"*1\r\n"];
        let whole = encode(&words);
        let longer = [whole.as_slice(), b"*1"].concat();
        for end in 0..whole.len() {
            assert_eq!(command(&longer[..end]), Ok(None), "{end}");
        }
        let found = command(&longer).unwrap().unwrap();
        assert_eq!(found.length, whole.len());
        assert!(found.words.into_iter().map(|place| &longer[place]).eq(words));

        for answer in
            ["+OK\r\n", "$-1\r\n", "*-1\r\n", "*2\r\n$3\r\n\r\n$\r\n*1\r\n:7\r\n", "%1\r\n+a\r\n_\r\n", ">1\r\n#t\r\n"]
        {
            let longer = [answer.as_bytes(), b"+"].concat();
            for end in 0..answer.len() {
                assert_eq!(value(&longer[..end]), Ok(None), "{answer:?} {end}");
            }
            assert_eq!(value(&longer), Ok(Some(answer.len())), "{answer:?}");
        }
    }

    #[test]
    fn what_is_neither_is_broken() {
        for bytes in ["PING\r\n", "*x\r\n", "*-1\r\n", "*1\r\n:1\r\n", "*1\r\n$99999999\r\n", "\r\n"] {
            assert_eq!(command(bytes.as_bytes()), Err(Broken), "{bytes:?}");
        }
        for bytes in ["what\r\n", "$x\r\n"] {
            assert_eq!(value(bytes.as_bytes()), Err(Broken), "{bytes:?}");
        }
    }
}
