//! The table: what was measured, beside what it is measured against.

use std::fs;

use super::Part;

/// A line of the table. An empty cell: there is nothing to compare with.
#[derive(Default)]
pub(super) struct Row {
    pub(super) what: String,
    pub(super) ours: String,
    pub(super) python: String,
    pub(super) bare: String,
    pub(super) goal: String,
    /// Is the goal met? `None` where there is none, or it cannot be told.
    pub(super) met: Option<bool>,
}

/// All lines, what could not be measured, and what has to be known to read them.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    failures: Vec<String>,
    notes: Vec<String>,
}

const HEAD: [&str; 6] = ["what", "ours", "redis-py", "bare redis-rs / Tauri", "goal", "met?"];

impl Table {
    pub(super) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Something a reader has to know.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// A part, or one thing of it, could not be measured.
    pub(super) fn failed(&mut self, part: Part, error: &anyhow::Error) {
        let letter =
            format!("{:?}", clap::ValueEnum::to_possible_value(&part).map(|value| value.get_name().to_owned()));
        let letter = letter.trim_matches(|letter: char| !letter.is_ascii_lowercase()).chars().last().unwrap_or('?');
        self.failures.push(format!("({letter}) could not be measured: {error:#}"));
    }

    /// Was everything measured?
    pub(super) fn complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// As it is printed.
    pub(super) fn text(&self, quick: bool) -> String {
        let cells: Vec<[String; 6]> = self.rows.iter().map(cells).collect();
        let mut widths = HEAD.map(|head| head.chars().count());
        for row in &cells {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |row: &[String; 6]| {
            let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        let mut text = format!("\n{}\n\n{}", machine(), line(&HEAD.map(str::to_owned)));
        text += &line(&widths.map(|width| "-".repeat(width)));
        text.extend(cells.iter().map(line));
        text.push('\n');
        if quick {
            text += "Measured with --quick: to see that it works, not to be quoted.\n";
        }
        self.notes.iter().chain(&self.failures).for_each(|note| {
            text += note;
            text.push('\n');
        });
        text
    }
}

fn cells(row: &Row) -> [String; 6] {
    let met = match row.met {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "",
    };
    [&row.what, &row.ours, &row.python, &row.bare, &row.goal, met].map(ToString::to_string)
}

/// The machine in one line.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once([':', '=']).map_or_else(String::new, |(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let processor = after(&read("/proc/cpuinfo"), "model name");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory: u64 = after(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    let system = after(&read("/etc/os-release"), "PRETTY_NAME");
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!(
        "{system}, Linux {}, {processor}, {cores} cores, {} GB; load when printed: {load}",
        kernel.trim(),
        memory / 1024 / 1024
    )
}

/// A number with its thousands apart.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let mut table = Table::default();
        table.row(Row { what: "→ to".into(), ours: "1".into(), met: Some(true), ..Row::default() });
        table.failed(Part::B, &anyhow::anyhow!("no screen"));
        let text = table.text(true);
        let lines: Vec<&str> = text.lines().collect();
        let head = lines.iter().position(|line| line.starts_with("what")).unwrap();
        let place =
            |line: &str, word: &str| line.chars().collect::<String>().split(word).next().map(|s| s.chars().count());
        assert_eq!(place(lines[head], "ours"), place(lines[head + 2], "1"));
        assert!(text.contains("(b) could not be measured: no screen"), "{text}");
        assert!(!table.complete());
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(1_234_567.4), "1,234,567");
        assert_eq!(grouped(123.0), "123");
    }
}
