//! Words from the network, made safe to show: no control characters, no terminal sequences, no marks that turn the
//! direction of what follows, no more than fits.
//!
//! This is for showing only; what is stored and sent stays as it came.

/// One line of at most `most` characters: line breaks become spaces, what is cut ends in an ellipsis.
pub fn line(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut gap = false;
    for c in visible(text) {
        if c.is_whitespace() {
            gap = count > 0;
            continue;
        }
        let needed = if gap { 2 } else { 1 };
        if count + needed > most {
            return cut(out);
        }
        if gap {
            out.push(' ');
        }
        out.push(c);
        count += needed;
        gap = false;
    }
    out
}

/// Text of at most `most` characters that keeps its line breaks and tabs.
pub fn block(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (count, c) in visible(text).enumerate() {
        if count == most {
            return cut(out);
        }
        out.push(c);
    }
    out
}

/// The same with its first letter large.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn cut(mut text: String) -> String {
    text.pop();
    let kept = text.trim_end().len();
    text.truncate(kept);
    text.push('…');
    text
}

/// The characters that may be shown, with terminal sequences taken out whole.
fn visible(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut chars = text.chars();
    std::iter::from_fn(move || {
        loop {
            match chars.next()? {
                '\u{1b}' => skip_sequence(&mut chars),
                c if shown(c) => return Some(c),
                _ => {}
            }
        }
    })
}

/// After ESC: `[` up to a final byte, `]` up to BEL or ESC `\`, otherwise one character.
fn skip_sequence(chars: &mut std::str::Chars<'_>) {
    match chars.clone().next() {
        Some('[') => {
            chars.next();
            while let Some(c) = chars.clone().next() {
                if !c.is_ascii() || c == '\u{1b}' {
                    return;
                }
                chars.next();
                if ('@'..='~').contains(&c) {
                    return;
                }
            }
        }
        Some(']') => {
            // Without its end nothing tells what belongs to it, and the rest is text like any other.
            let rest = chars.as_str();
            let end = rest.find(['\u{7}', '\u{1b}', '\n']);
            if let Some(end) = end {
                *chars = rest[end..].chars();
            } else {
                chars.next();
            }
        }
        _ => {}
    }
}

fn shown(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        // Direction marks and overrides, invisible spaces; the joiners stay, emoji and scripts need them.
        '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => false,
        c => !c.is_control(),
    }
}

/// A number with its digits in groups of three: `1,234`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tricks_are_taken_out_and_text_stays() {
        for (written, shown) in [
            ("plain", "plain"),
            ("a\u{0}b", "ab"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{7}", "link"),
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            ("two\n lines\t here ", "two lines here"),
            ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
            ("naïve 日本 👩‍🚀", "naïve 日本 👩‍🚀"),
        ] {
            assert_eq!(line(written, 100), shown);
        }
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(line("abcd", 4), "abcd");
        assert_eq!(block("a\nbcd", 3), "a…");
    }

    proptest! {
        #[test]
        fn a_line_is_bounded_clean_and_stays_what_it_is(text in any::<String>(), most in 1usize..200) {
            let once = line(&text, most);
            prop_assert!(once.chars().count() <= most);
            prop_assert!(once.chars().all(|c| shown(c) && c != '\n' && c != '\t'));
            prop_assert_eq!(line(&once, most), once.clone());
        }

        #[test]
        fn a_block_is_bounded_and_clean(text in "[\u{0}-\u{ffff}]{0,300}", most in 1usize..200) {
            let once = block(&text, most);
            prop_assert!(once.chars().count() <= most);
            prop_assert!(once.chars().all(shown));
        }
    }

    #[test]
    fn digits_are_grouped() {
        let made: Vec<_> = [0, 999, 1_000, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(made, ["0", "999", "1,000", "1,234,567"]);
    }
}
