//! What is on the display: windows and pictures.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Session,
    running::{program, said},
    wait::{LIMIT, found, holds},
};

impl Session {
    fn xdotool(&self, words: &[&str]) -> Option<String> {
        said(self.environment.command(&program("xdotool")).args(words))
    }

    /// The program's windows that can be seen.
    pub(crate) fn windows(&self) -> Vec<String> {
        // With no match it fails, which is no failure here.
        let found = self.xdotool(&["search", "--onlyvisible", "--name", "^Heliograph"]).unwrap_or_default();
        found.lines().map(str::to_owned).collect()
    }

    /// Waits for the window, and says its title.
    pub(crate) async fn window_title(&self) -> String {
        let id = found("a window appears", LIMIT, async || self.windows().pop()).await;
        self.xdotool(&["getwindowname", &id]).unwrap_or_default().trim().to_owned()
    }

    /// Closes the window as its frame's button does. A key would close whatever has the focus, and a window that has
    /// just been opened may be about to get it.
    pub(crate) async fn close_window(&self) {
        let id = found("there is a window to close", LIMIT, async || self.windows().pop()).await;
        let closed = said(self.environment.command(&program("wmctrl")).args(["-i", "-c", &id]));
        assert!(closed.is_some(), "the window can be asked to close");
        holds("the window is gone", LIMIT, async || self.windows().is_empty()).await;
    }

    /// Gives the window this size, in points of the display, and its upper left corner a place in sight.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let id = found("there is a window", LIMIT, async || self.windows().pop()).await;
        let (width, height) = (width.to_string(), height.to_string());
        self.xdotool(&["windowmove", "--sync", &id, "10", "30"]);
        self.xdotool(&["windowsize", "--sync", &id, &width, &height]).expect("the window can be resized");
    }

    /// A picture of the whole display, in `target/screenshots`.
    pub(crate) fn screenshot(&self, name: &str) {
        let folder = target().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}.png"));
        let mut command = self.environment.command(&program("import"));
        assert!(said(command.args(["-window", "root"]).arg(&file)).is_some(), "the display can be photographed");
    }
}

/// The folder that cargo builds into: the test's own program stands in `debug/deps` of it.
fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

/// Do two pictures show the same, point by point?
pub(crate) fn same_picture(one: &Path, other: &Path) -> bool {
    let compared = Command::new(program("compare")).args(["-metric", "AE"]).arg(one).arg(other).arg("null:").output();
    compared.unwrap().status.success()
}
