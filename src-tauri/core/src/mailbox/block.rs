//! The one fenced block of a comment: written, and read strictly. It must not look into what the block holds.

/// The most characters that GitHub takes in a comment.
pub const LONGEST: usize = 65_536;

/// A comment that holds these bytes; `None` where they are no text.
pub(super) fn write(payload: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(payload).ok()?;
    // In JSON no line can begin with a fence, but who hands this over is not made to hand over JSON.
    let longest = text.lines().filter_map(Fence::of).map(|fence| fence.length).max().unwrap_or_default();
    let fence = "`".repeat(3.max(longest + 1));
    Some(format!("{fence}json\n{text}\n{fence}"))
}

/// What stands in the comment's fenced block, if it has exactly one, which is marked as `json` and closed.
pub(super) fn read(comment: &str) -> Option<&str> {
    let mut found = None;
    let mut open: Option<(Fence<'_>, usize)> = None;
    let mut at = 0;
    for line in comment.split_inclusive('\n') {
        let next = at + line.len();
        match (open, Fence::of(line)) {
            (None, Some(fence)) => {
                if found.is_some() || !fence.is_json() {
                    return None;
                }
                open = Some((fence, next));
            }
            (Some((opening, start)), Some(fence)) if fence.closes(opening) => {
                found = Some(without_end(&comment[start..at]));
                open = None;
            }
            _ => {}
        }
        at = next;
    }
    // Markdown lets a block run to the end where its fence is missing; for us the rest may be missing as well.
    if open.is_some() { None } else { found }
}

fn without_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// A line that opens or closes a block, as Markdown has it.
#[derive(Clone, Copy)]
struct Fence<'a> {
    mark: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let line = line.trim_end_matches(['\n', '\r']);
        let text = line.trim_start_matches(' ');
        // Four spaces make it code of another kind.
        if line.len() - text.len() > 3 {
            return None;
        }
        let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        let real = length >= 3 && !(mark == '`' && info.contains('`'));
        real.then(|| Self { mark, length, info: info.trim() })
    }

    fn is_json(self) -> bool {
        self.mark == '`' && self.info.eq_ignore_ascii_case("json")
    }

    fn closes(self, opening: Self) -> bool {
        self.mark == opening.mark && self.length >= opening.length && self.info.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exactly_one_block_is_read() {
        let rows = [
            ("```json\n{}\n```", Some("{}")),
            ("Hello\n\n```json\r\n{\"a\":\r\n1}\r\n```\r\nBye", Some("{\"a\":\r\n1}")),
            ("   ````JSON \n```\n{}\n`````  ", Some("```\n{}")),
            ("```json\n```", Some("")),
            ("```json\n{}", None),
            ("```json\n{}\n~~~", None),
            ("```json\n{}\n```\n```json\n{}\n```", None),
            ("```json\n{}\n```\n~~~\nx\n~~~", None),
            ("```\n{}\n```", None),
            ("```python\n{}\n```", None),
            ("~~~json\n{}\n~~~", None),
            ("> ```json\n> {}\n> ```", None),
            ("    ```json\n    {}\n    ```", None),
            ("``json\n{}\n``", None),
            ("```json`\n{}\n```", None),
            ("{}", None),
            ("", None),
        ];
        for (comment, block) in rows {
            assert_eq!(read(comment), block, "{comment:?}");
        }
    }

    #[test]
    fn sixty_kilobytes_of_fences_are_no_block() {
        for hostile in ["```json\n".repeat(8_000), "`".repeat(60_000), "```json\n{}\n```\n".repeat(4_000)] {
            assert_eq!(read(&hostile), None);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_not_written() {
        assert_eq!(write(b"\xff"), None);
        assert_eq!(write(b"{}").unwrap(), "```json\n{}\n```");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "([`~ a{}\"é]|\n){0,40}") {
            let comment = write(text.as_bytes()).unwrap();
            prop_assert_eq!(read(&comment), Some(text.as_str()));
        }

        #[test]
        fn reading_never_fails(text in "([`~]{1,4}|json|\r|\n| |x){0,60}") {
            if let Some(block) = read(&text) {
                prop_assert!(text.contains(block));
            }
        }
    }
}
