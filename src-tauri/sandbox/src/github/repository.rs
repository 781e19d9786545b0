//! The repository: labels, issues, comments, reactions.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// A label.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) description: Option<String>,
}

/// An issue.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    pub(super) number: u64,
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) closed: Option<Timestamp>,
    pub(super) locked: bool,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// How many comments it has.
    pub(super) comments: u64,
}

/// A comment.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) issue: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) reactions: Vec<Reaction>,
}

/// A reaction to a comment.
#[derive(Clone, Debug)]
pub(super) struct Reaction {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) content: String,
    pub(super) created: Timestamp,
}

/// A comment, for whoever wants to know what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub id: u64,
    /// The title of the issue under which it stands.
    pub issue: String,
    /// Who wrote it.
    pub login: String,
    /// Its text.
    pub body: String,
    /// Who reacted, and how.
    pub reactions: Vec<Reacted>,
}

/// A reaction to a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reacted {
    /// Who reacted.
    pub login: String,
    /// `eyes`, `+1`, …
    pub content: String,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Repository {
    pub(super) private: bool,
    pub(super) has_issues: bool,
    pub(super) created: Timestamp,
    pub(super) labels: Vec<Label>,
    pub(super) issues: Vec<Issue>,
    pub(super) comments: Vec<Comment>,
    last_id: u64,
}

/// The present time as the service writes it: in whole seconds.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}

impl Repository {
    pub(super) fn new() -> Self {
        Self {
            private: true,
            has_issues: true,
            created: now(),
            labels: Vec::new(),
            issues: Vec::new(),
            comments: Vec::new(),
            last_id: 2_400_000_000,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Names of labels are one whatever the case of their letters.
    pub(super) fn label(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn add_label(&mut self, name: &str, color: &str, description: Option<String>) -> Label {
        let label = Label { id: self.next_id(), name: name.into(), color: color.into(), description };
        self.labels.push(label.clone());
        label
    }

    /// Opens an issue. Labels that are not there yet are made, as the service does for whoever may write.
    pub(super) fn open(&mut self, login: &str, title: &str, body: Option<String>, labels: Vec<String>) -> u64 {
        let labels = self.known(labels);
        let (id, number, created) = (self.next_id(), self.issues.len() as u64 + 1, now());
        self.issues.push(Issue {
            number,
            id,
            author: login.into(),
            title: title.into(),
            body,
            labels,
            closed: None,
            locked: false,
            created,
            updated: created,
            comments: 0,
        });
        number
    }

    /// The labels under the names by which they are known.
    pub(super) fn known(&mut self, names: Vec<String>) -> Vec<String> {
        let mut known: Vec<String> = Vec::new();
        for name in names {
            let label = self.label(&name).cloned();
            let label = label.unwrap_or_else(|| self.add_label(&name, "ededed", None));
            if !known.contains(&label.name) {
                known.push(label.name);
            }
        }
        known
    }

    pub(super) fn issue(&self, number: u64) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.number == number)
    }

    pub(super) fn issue_mut(&mut self, number: u64) -> Option<&mut Issue> {
        self.issues.iter_mut().find(|issue| issue.number == number)
    }

    pub(super) fn comment(&mut self, login: &str, issue: u64, body: &str) -> Option<u64> {
        let (id, created) = (self.next_id(), now());
        let on = self.issue_mut(issue)?;
        on.comments += 1;
        on.updated = created;
        let (author, body) = (login.into(), body.into());
        self.comments.push(Comment { id, issue, author, body, created, updated: created, reactions: Vec::new() });
        Some(id)
    }

    pub(super) fn find_comment(&mut self, id: u64) -> Option<&mut Comment> {
        self.comments.iter_mut().find(|comment| comment.id == id)
    }

    pub(super) fn edit_later(&mut self, id: u64, body: &str) -> bool {
        let Some(comment) = self.find_comment(id) else { return false };
        comment.body = body.into();
        comment.updated = now().max(comment.created + SignedDuration::from_secs(1));
        true
    }

    pub(super) fn remove_comment(&mut self, id: u64) -> bool {
        let Some(at) = self.comments.iter().position(|comment| comment.id == id) else { return false };
        let comment = self.comments.remove(at);
        if let Some(issue) = self.issue_mut(comment.issue) {
            issue.comments -= 1;
            issue.updated = now();
        }
        true
    }

    /// Adds a reaction; the second value tells whether it is new. The comment's times stay, as they do there.
    pub(super) fn react(&mut self, login: &str, id: u64, content: &str) -> Option<(Reaction, bool)> {
        let next = self.next_id();
        let comment = self.find_comment(id)?;
        let same = |reaction: &&Reaction| reaction.author == login && reaction.content == content;
        if let Some(reaction) = comment.reactions.iter().find(same) {
            return Some((reaction.clone(), false));
        }
        let reaction = Reaction { id: next, author: login.into(), content: content.into(), created: now() };
        comment.reactions.push(reaction.clone());
        Some((reaction, true))
    }

    pub(super) fn posted(&self) -> Vec<Posted> {
        let titles: HashMap<u64, &str> = self.issues.iter().map(|issue| (issue.number, issue.title.as_str())).collect();
        let reacted =
            |reaction: &Reaction| Reacted { login: reaction.author.clone(), content: reaction.content.clone() };
        let posted = |comment: &Comment| Posted {
            id: comment.id,
            issue: titles.get(&comment.issue).copied().unwrap_or_default().into(),
            login: comment.author.clone(),
            body: comment.body.clone(),
            reactions: comment.reactions.iter().map(reacted).collect(),
        };
        self.comments.iter().map(posted).collect()
    }
}
