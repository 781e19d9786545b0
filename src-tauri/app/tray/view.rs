//! What the tray shows, worked out from the state. It knows no tray.

use heliograph_core::{
    engine::{Condition, Snapshot},
    text,
};

/// How many tasks the menu names.
pub(super) const TASKS: usize = 3;
/// How many characters of a task's title fit into a menu.
const TITLE: usize = 60;

/// All that the tray shows; it is touched only where this differs from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) condition: Condition,
    pub(super) sandbox: bool,
    /// Beside the icon, where the system shows it.
    pub(super) tooltip: String,
    /// The first entry.
    pub(super) open: String,
    /// The newest open tasks.
    pub(super) tasks: Vec<Task>,
    /// The line that says how things stand.
    pub(super) status: String,
    /// Can notifications be resumed?
    pub(super) paused: bool,
}

/// A task in the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) seq: i64,
    pub(super) label: String,
}

impl View {
    /// Nothing is known yet.
    pub(super) fn at_start(sandbox: bool) -> Self {
        Self {
            condition: Condition::Connecting,
            sandbox,
            tooltip: named("Starting", sandbox),
            open: "Open inbox".into(),
            tasks: Vec::new(),
            status: named("Starting", sandbox),
            paused: false,
        }
    }

    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let status = named(&snapshot.headline, snapshot.sandbox);
        let open = match snapshot.counts.open {
            0 => "Open inbox".into(),
            count => format!("Open inbox ({})", text::grouped(count.into())),
        };
        let tasks = snapshot.recent.iter().take(TASKS);
        Self {
            condition: snapshot.condition,
            sandbox: snapshot.sandbox,
            tooltip: format!("Heliograph: {status}"),
            open,
            tasks: tasks.map(|task| Task { seq: task.seq, label: literal(&shortened(&task.title)) }).collect(),
            status: literal(&status),
            paused: snapshot.paused_until.is_some(),
        }
    }
}

fn named(headline: &str, sandbox: bool) -> String {
    if sandbox { format!("{headline} (Sandbox)") } else { headline.to_owned() }
}

fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE {
        return title.to_owned();
    }
    let mut short: String = title.chars().take(TITLE - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// The text as it is: `&` would mark the next letter as a key to press. The library escapes what the system itself
/// would read as one (`_` with GTK).
fn literal(text: &str) -> String {
    text.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_the_network_stay_words() {
        assert_eq!(literal("fix a&b && c_d"), "fix a&&b &&&& c_d");
    }

    #[test]
    fn long_titles_end_in_an_ellipsis_and_short_ones_stay() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ä".repeat(TITLE)), "ä".repeat(TITLE));
        let cut = shortened(&"ä".repeat(TITLE + 1));
        assert_eq!(cut.chars().count(), TITLE);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn the_sandbox_is_named() {
        assert!(View::at_start(true).status.contains("Sandbox"));
        assert!(!View::at_start(false).status.contains("Sandbox"));
    }
}
