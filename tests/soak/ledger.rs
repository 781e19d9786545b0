//! What Helios and the fleet say of what they sent and heard.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::Millis;

/// A task that was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    pub(crate) agent: String,
    /// When it was written into the record, from the question to the answer. More than once where an answer was lost.
    pub(crate) recorded: Vec<(Millis, Millis)>,
    /// It was left in the mailbox as well, or instead.
    pub(crate) mailed: bool,
}

/// An answer that an agent was handed.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) agent: String,
    pub(crate) about: String,
    pub(crate) status: String,
    pub(crate) at: Millis,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) tasks: BTreeMap<String, Task>,
    pub(crate) answers: Vec<Answer>,
    /// When something was written into the record of each channel.
    pub(crate) channels: BTreeMap<String, Vec<Millis>>,
    /// How often something could not be sent, and was sent again.
    pub(crate) failed: usize,
    /// Nothing is sent any more.
    pub(crate) resting: bool,
}

impl Ledger {
    /// Reads a line of the fleet's.
    pub(crate) fn read(&mut self, line: &str) {
        let said: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("the fleet says {line:?}: {error}"));
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let time = |name: &str| millis(&said[name]);
        match said["event"].as_str() {
            Some("recorded") => {
                let task = self.task(text("id"), text("agent"));
                task.recorded.push((time("began"), time("at")));
                self.channels.entry(text("channel")).or_default().push(time("began"));
            }
            Some("mailed") => self.task(text("id"), text("agent")).mailed = true,
            Some("failed") => self.failed += 1,
            Some("heard") => self.answers.push(Answer {
                agent: text("agent"),
                about: text("reply_to"),
                status: text("status"),
                at: time("at"),
            }),
            Some("resting") => self.resting = true,
            other => panic!("the fleet says {other:?}"),
        }
    }

    fn task(&mut self, id: String, agent: String) -> &mut Task {
        let task = self.tasks.entry(id).or_default();
        task.agent = agent;
        task
    }

    /// The tasks that were written into a record since then.
    pub(crate) fn recorded_since(&self, at: Millis) -> Vec<String> {
        let since = |task: &&Task| task.recorded.first().is_some_and(|(began, _)| *began >= at);
        self.tasks.iter().filter(|(_, task)| since(task)).map(|(id, _)| id.clone()).collect()
    }
}

/// From seconds.
#[expect(clippy::cast_possible_truncation, reason = "no clock shows so much")]
fn millis(seconds: &Value) -> Millis {
    (seconds.as_f64().unwrap_or_default() * 1000.0) as Millis
}
