//! What is on the display's clipboard, seen by another program.

use std::{io::Write as _, process::Stdio};

use super::{
    Session,
    running::{Running, program, said},
};

impl Session {
    /// The text that would be pasted now.
    pub(crate) fn clipboard(&self) -> Option<String> {
        self.selection("UTF8_STRING").filter(|text| !text.is_empty())
    }

    /// Another program copies a text, and has it for as long as the value lives.
    pub(crate) fn copy(&self, text: &str) -> Running {
        let mut command = self.environment.command(&program("xclip"));
        command.args(["-selection", "clipboard", "-in", "-quiet"]);
        let mut running = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()));
        running.child().stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        running
    }

    /// The kinds in which it is offered.
    pub(crate) fn clipboard_kinds(&self) -> Vec<String> {
        self.selection("TARGETS").unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn selection(&self, kind: &str) -> Option<String> {
        let mut command = self.environment.command(&program("xclip"));
        // It says on its error output that there is nothing, which is an answer.
        command.args(["-selection", "clipboard", "-out", "-target", kind]).stderr(Stdio::null());
        said(&mut command)
    }
}
