//! What the program is made of, and its state as text for somebody who helps. No secret is in either.

use std::fmt::Write as _;

use heliograph_core::{
    engine::Engine,
    guide::{AboutView, Possession},
    home::Home,
};

/// So many of the log's last lines.
const LINES: usize = 60;

/// Versions, licence, folders.
pub(crate) fn view(home: &Home) -> AboutView {
    let folder = |what: &str, place: String| Possession { what: what.into(), place };
    AboutView {
        version: env!("CARGO_PKG_VERSION").into(),
        parts: vec![
            format!("Tauri {}", tauri::VERSION),
            format!("{} {}", engine_name(), tauri::webview_version().unwrap_or_else(|_| "of unknown version".into())),
            format!("SQLite {}", heliograph_core::store::sqlite_version()),
        ],
        licence: "MIT or Apache-2.0, as you choose".into(),
        folders: vec![
            folder("Settings", home.settings().display().to_string()),
            folder("Messages", home.database().display().to_string()),
            folder("Logs", home.logs.display().to_string()),
        ],
    }
}

const fn engine_name() -> &'static str {
    if cfg!(target_os = "linux") {
        "WebKitGTK"
    } else if cfg!(target_os = "macos") {
        "WebKit"
    } else {
        "WebView2"
    }
}

/// The state as text. Blocks while the log is read.
pub(crate) fn diagnostics(engine: &Engine, home: &Home) -> String {
    let about = view(home);
    let snapshot = engine.snapshot();
    let mut text = format!("Heliograph {} on {}\n", about.version, std::env::consts::OS);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", about.parts.join(", "));
    let _ = writeln!(text, "desktop: {}", std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default());
    let _ = writeln!(text, "state: {} ({:?})", snapshot.headline, snapshot.condition);
    let _ = writeln!(text, "link: {:?}, attempts {}", snapshot.link.state, snapshot.link.attempts);
    let _ = writeln!(text, "encrypted: {}, from: {:?}", snapshot.link.tls, snapshot.link.source);
    let wrong = snapshot.link.trouble.iter().chain(&snapshot.store_trouble).chain(&snapshot.troubles);
    for trouble in wrong {
        let _ = writeln!(text, "trouble: {:?}: {}", trouble.code, trouble.message);
    }
    let _ = writeln!(text, "\n{}", engine.guide().report());
    let _ = writeln!(text, "the log’s last lines:");
    let log = std::fs::read_to_string(home.logs.join("heliograph.log")).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    for line in &lines[lines.len().saturating_sub(LINES)..] {
        let _ = writeln!(text, "{line}");
    }
    text
}
