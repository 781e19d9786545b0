//! The issues of our channels: finding them, and making those that are missing.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::time::Instant;

use super::Desk;
use crate::mailbox::{
    budget::Purpose,
    directory::{Issue, LABEL, title},
    error::MailboxError,
    wire::Ask,
};

/// The most pages of the list of issues.
const PAGES: usize = 20;
const PAGE: usize = 100;

impl Desk {
    /// The issue of a channel, which is made where there is none.
    pub(in crate::mailbox) async fn issue_of(&mut self, channel: &str) -> Result<u64, MailboxError> {
        if self.directory.number(channel).is_none() {
            self.read_directory(Purpose::Post).await?;
        }
        if let Some(number) = self.directory.number(channel) {
            return Ok(number);
        }
        self.make_label().await?;
        self.make_issue(channel).await
    }

    /// Makes the issue of a channel; the label is there.
    pub(in crate::mailbox) async fn make_issue(&mut self, channel: &str) -> Result<u64, MailboxError> {
        let answer = self.ask(Purpose::Post, ask_for_issue(channel)).await?;
        let issue: Issue<'_> = answer.json()?;
        // Without the right to label, GitHub makes the issue and leaves the label out.
        if issue.channel() != Some(channel) {
            return Err(MailboxError::Forbidden);
        }
        self.directory.made(issue.number, channel);
        Ok(issue.number)
    }

    /// Makes our label, if there is none. True if it was made now.
    pub(in crate::mailbox) async fn make_label(&mut self) -> Result<bool, MailboxError> {
        match self.ask(Purpose::Post, Ask::get(&["labels", LABEL])).await {
            Ok(_) => return Ok(false),
            Err(MailboxError::NotFound) => {}
            Err(error) => return Err(error),
        }
        let label = json!({ "name": LABEL, "color": "8250df", "description": "Messages between agents" });
        self.ask(Purpose::Post, Ask::post(&["labels"], label)).await.map(|_| true)
    }

    pub(in crate::mailbox) async fn read_directory(&mut self, purpose: Purpose) -> Result<(), MailboxError> {
        let mut listed = BTreeMap::new();
        for page in 1..=PAGES {
            let answer = self.ask(purpose, ask_for_issues(page)).await?;
            let issues: Vec<Issue<'_>> = answer.json()?;
            let ours = issues.iter().filter_map(|issue| Some((issue.number, issue.channel()?.to_owned())));
            listed.extend(ours);
            if issues.len() < PAGE {
                break;
            }
        }
        self.directory.replace(listed, Instant::now());
        Ok(())
    }
}

/// Asks for the issues that carry our label.
fn ask_for_issues(page: usize) -> Ask<'static> {
    Ask::get(&["issues"])
        .with("labels", &LABEL)
        .with("state", &"all")
        .with("sort", &"created")
        .with("direction", &"asc")
        .with("per_page", &PAGE)
        .with("page", &page)
}

/// Asks for a new issue for that channel.
fn ask_for_issue(channel: &str) -> Ask<'static> {
    let body = format!(
        "Messages on the channel `{channel}` of Heliograph, for when Redis is away: one comment for each, with one \
         fenced block of JSON."
    );
    Ask::post(&["issues"], json!({ "title": title(channel), "body": body, "labels": [LABEL] }))
}
