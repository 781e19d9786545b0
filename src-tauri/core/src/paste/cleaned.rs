//! Taking away what copying adds: byte order marks, line ends of other systems, quotes of word processors, comments.

use zeroize::Zeroizing;

/// The text in lines that each hold something.
pub(super) fn cleaned(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        match c {
            '\u{201C}' | '\u{201D}' | '\u{201E}' => plain.push('"'),
            '\u{2018}' | '\u{2019}' | '\u{201A}' => plain.push('\''),
            '\u{A0}' | '\u{202F}' | '\u{3000}' => plain.push(' '),
            '\r' => plain.push('\n'),
            '\n' | '\t' => plain.push(c),
            '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    let mut lines = Zeroizing::new(String::with_capacity(plain.len()));
    for line in plain.lines().map(str::trim).filter(|line| !is_comment(line)) {
        // A command may go on in the next line.
        let (line, end) = line.strip_suffix('\\').map_or((line, '\n'), |line| (line.trim_end(), ' '));
        lines.push_str(line);
        lines.push(end);
    }
    let length = lines.trim_end().len();
    lines.truncate(length);
    lines
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#') || line.starts_with("//") || line.starts_with("```")
}

/// A value without the quotes around it, or without the comment behind it.
pub(super) fn unquoted(value: &str) -> &str {
    let value = value.trim();
    if let Some(quote @ ('"' | '\'' | '`')) = value.chars().next() {
        let inside = &value[1..];
        return inside.split(quote).next().unwrap_or(inside);
    }
    let end = [" #", "\t#"].iter().filter_map(|mark| value.find(mark)).min().unwrap_or(value.len());
    value[..end].trim_end()
}
