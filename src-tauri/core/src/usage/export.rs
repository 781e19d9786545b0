//! The days as a table for spreadsheets. It must not write files.

use std::fmt::Write as _;

use super::{CommandKind, Line};

/// One line for each day and database, with a head.
pub fn csv(days: &[Line<'_>]) -> String {
    let mut head: Vec<_> = ["date", "database", "commands"].map(String::from).to_vec();
    head.extend(CommandKind::ALL.map(|kind| kind.word().to_owned()));
    head.extend(["bytes_in", "bytes_out", "everybody"].map(String::from));
    let mut text = line(&head);
    for Line { day, database, ours, everybody } in days {
        let mut fields = vec![day.to_string(), (*database).to_owned(), ours.commands().to_string()];
        fields.extend(CommandKind::ALL.map(|kind| ours.of(kind).to_string()));
        fields.extend([ours.bytes_in, ours.bytes_out].map(|bytes| bytes.to_string()));
        fields.push(everybody.map_or_else(String::new, |all| all.to_string()));
        text.push_str(&line(&fields));
    }
    text
}

fn line(fields: &[String]) -> String {
    let mut text = fields.iter().fold(String::new(), |mut text, field| {
        let _ = write!(text, "{}{}", if text.is_empty() { "" } else { "," }, cell(field));
        text
    });
    text.push_str("\r\n");
    text
}

/// A field as RFC 4180 has it. What a spreadsheet would take for a formula is made text by an apostrophe before it.
fn cell(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let field = if formula { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\r', '\n', '\'']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::usage::Tally;

    #[test]
    fn a_line_a_day_and_database() {
        let mut tally = Tally::default();
        (tally.bytes_in, tally.bytes_out) = (7, 8);
        *tally.of_mut(CommandKind::Record) = 3;
        let line = |day: &str, database, ours, everybody| Line { day: day.parse().unwrap(), database, ours, everybody };
        let nothing = Tally::default();
        let made = csv(&[line("2028-02-29", "a:1", &tally, Some(12)), line("2028-03-01", "b:1", &nothing, None)]);
        let lines: Vec<_> = made.split("\r\n").collect();
        assert_eq!(
            lines,
            [
                "date,database,commands,heartbeat,keep_alive,connect,publish,receipt,record,catch_up,test,bytes_in,bytes_out,everybody",
                "2028-02-29,a:1,3,0,0,0,0,0,3,0,0,7,8,12",
                "2028-03-01,b:1,0,0,0,0,0,0,0,0,0,0,0,",
                ""
            ]
        );
    }

    #[test]
    fn no_field_becomes_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(cell(evil).trim_start_matches('"').starts_with('\''), "{evil:?}");
        }
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("2026-11-25"), "2026-11-25");
    }
}
