//! The paths, and what is answered on each.

use axum::{
    body::Bytes,
    http::{Method, StatusCode},
};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{
    page::Query,
    reply::Reply,
    repository::{Comment, Issue, Repository, now},
    service::{OWNER, REPOSITORY_ID, REPOSITORY_NAME, Service, Token},
    shape::{self, Shape},
};

const LONGEST_TITLE: usize = 256;
const LONGEST_BODY: usize = 65_536;

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Query,
    pub(super) body: Bytes,
}

/// Whoever asks, what, and of what.
struct Visit<'a> {
    token: &'a Token,
    question: &'a Question,
    repository: &'a mut Repository,
    shape: Shape<'a>,
}

type Answer = Result<Reply, Reply>;

/// Does this ask for something to be written?
pub(super) fn creates(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PATCH)
}

/// Answers a question of somebody who is known.
pub(super) fn answer(service: &Service, token: &Token, question: &Question) -> Reply {
    let parts: Vec<&str> = question.path.trim_matches('/').split('/').collect();
    let shape = Shape(&service.url);
    let mut repository = service.repository();
    let rest = match parts.as_slice() {
        ["user"] => return Reply::ok(shape.myself(token.login, repository.created)),
        ["repos", owner, name, rest @ ..]
            if owner.eq_ignore_ascii_case(OWNER) && name.eq_ignore_ascii_case(REPOSITORY_NAME) =>
        {
            rest
        }
        // The addresses of further pages are of this kind.
        ["repositories", id, rest @ ..] if id.parse() == Ok(REPOSITORY_ID) => rest,
        _ => return Reply::not_found(),
    };
    if !token.sees(repository.private) {
        return Reply::not_found();
    }
    Visit { token, question, repository: &mut repository, shape }.answer(rest).unwrap_or_else(|refusal| refusal)
}

impl Visit<'_> {
    fn answer(&mut self, path: &[&str]) -> Answer {
        let reads = self.question.method == Method::GET;
        if path.first() == Some(&"issues") && !self.repository.has_issues {
            return Err(Reply::issues_disabled());
        }
        if !reads && !self.token.writes() {
            return Err(Reply::not_permitted("issues=write"));
        }
        match (self.question.method.as_str(), path) {
            ("GET", []) => Ok(Reply::ok(self.shape.repository(self.repository, self.token.login))),
            ("GET", ["labels"]) => Ok(self.labels()),
            ("POST", ["labels"]) => self.make_label(),
            ("GET", ["labels", name]) => self.label(name),
            ("GET", ["issues"]) => self.issues(),
            ("POST", ["issues"]) => self.open_issue(),
            ("GET", ["issues", "comments"]) => self.all_comments(),
            ("GET", ["issues", "comments", id]) => Ok(Reply::ok(self.shape.comment(self.comment(id)?))),
            ("PATCH", ["issues", "comments", id]) => self.edit_comment(id),
            ("DELETE", ["issues", "comments", id]) => {
                let id = self.comment(id)?.id;
                self.repository.remove_comment(id);
                Ok(Reply::empty())
            }
            ("GET", ["issues", "comments", id, "reactions"]) => self.reactions(id),
            ("POST", ["issues", "comments", id, "reactions"]) => self.react(id),
            ("GET", ["issues", number]) => Ok(Reply::ok(self.shape.issue(self.repository, self.issue(number)?))),
            ("PATCH", ["issues", number]) => self.edit_issue(number),
            ("GET", ["issues", number, "comments"]) => self.comments(number),
            ("POST", ["issues", number, "comments"]) => self.post_comment(number),
            _ => Err(Reply::not_found()),
        }
    }

    fn labels(&self) -> Reply {
        self.page(self.repository.labels.iter().map(|label| self.shape.label(label)).collect())
    }

    fn label(&self, name: &str) -> Answer {
        let name = percent_decode_str(name).decode_utf8_lossy();
        let label = self.repository.label(&name).ok_or_else(Reply::not_found)?;
        Ok(Reply::ok(self.shape.label(label)))
    }

    fn make_label(&mut self) -> Answer {
        let body = self.body()?;
        let name = body["name"].as_str().ok_or_else(|| Reply::incomplete("name"))?;
        if name.trim().is_empty() {
            return Err(Reply::invalid("Label", "name", "missing_field", None));
        }
        if self.repository.label(name).is_some() {
            return Err(Reply::invalid("Label", "name", "already_exists", None));
        }
        let color = body["color"].as_str().unwrap_or("ededed");
        if color.len() != 6 || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Reply::invalid("Label", "color", "invalid", None));
        }
        let description = body["description"].as_str().map(str::to_owned);
        if description.as_ref().is_some_and(|text| text.chars().count() > 100) {
            return Err(Reply::invalid("Label", "description", "invalid", None));
        }
        let label = self.repository.add_label(name, color, description);
        Ok(Reply::created(self.shape.label(&label)))
    }

    fn issues(&self) -> Answer {
        let query = &self.question.query;
        let labels: Vec<&str> = query.get("labels").map(|names| names.split(',').collect()).unwrap_or_default();
        let has = |issue: &Issue, name: &str| issue.labels.iter().any(|label| label.eq_ignore_ascii_case(name));
        let since = query.since()?;
        let mut issues: Vec<&Issue> = self.repository.issues.iter().collect();
        issues.retain(|issue| match query.get("state").unwrap_or("open") {
            "all" => true,
            "closed" => issue.closed.is_some(),
            _ => issue.closed.is_none(),
        });
        issues.retain(|issue| labels.iter().all(|name| has(issue, name.trim())));
        issues.retain(|issue| since.is_none_or(|since| issue.updated >= since));
        let by_update = query.get("sort") == Some("updated");
        issues.sort_by_key(|issue| (if by_update { issue.updated } else { issue.created }, issue.id));
        if query.descending() {
            issues.reverse();
        }
        Ok(self.page(issues.into_iter().map(|issue| self.shape.issue(self.repository, issue)).collect()))
    }

    fn open_issue(&mut self) -> Answer {
        let body = self.body()?;
        let title = body["title"].as_str().ok_or_else(|| Reply::incomplete("title"))?;
        check_title(title)?;
        let text = body["body"].as_str();
        check_issue_body(text)?;
        let text = text.map(str::to_owned);
        let number = self.repository.open(self.token.login, title, text, names(&body["labels"]));
        let issue = self.repository.issue(number).ok_or_else(Reply::not_found)?;
        Ok(Reply::created(self.shape.issue(self.repository, issue)))
    }

    fn edit_issue(&mut self, number: &str) -> Answer {
        let number = self.issue(number)?.number;
        let body = self.body()?;
        let (title, text) = (body["title"].as_str(), body["body"].as_str());
        title.map_or(Ok(()), check_title)?;
        check_issue_body(text)?;
        let state = body["state"].as_str();
        if state.is_some_and(|state| !matches!(state, "open" | "closed")) {
            return Err(Reply::invalid("Issue", "state", "invalid", None));
        }
        let labels = body["labels"].is_array().then(|| self.repository.known(names(&body["labels"])));
        if let Some(issue) = self.repository.issue_mut(number) {
            issue.title = title.map_or_else(|| issue.title.clone(), str::to_owned);
            issue.body = text.map(str::to_owned).or_else(|| issue.body.clone());
            issue.labels = labels.unwrap_or_else(|| issue.labels.clone());
            issue.closed = match state {
                Some("closed") => issue.closed.or_else(|| Some(now())),
                Some(_) => None,
                None => issue.closed,
            };
            issue.updated = now();
        }
        let number = number.to_string();
        Ok(Reply::ok(self.shape.issue(self.repository, self.issue(&number)?)))
    }

    /// Of one issue they come in the order of their ids.
    fn comments(&self, number: &str) -> Answer {
        let (issue, since) = (self.issue(number)?.number, self.question.query.since()?);
        let found = self.repository.comments.iter().filter(|comment| comment.issue == issue && late(comment, since));
        Ok(self.page(found.map(|comment| self.shape.comment(comment)).collect()))
    }

    fn all_comments(&self) -> Answer {
        let query = &self.question.query;
        let since = query.since()?;
        let mut found: Vec<&Comment> = self.repository.comments.iter().filter(|comment| late(comment, since)).collect();
        match query.get("sort") {
            Some("updated") => found.sort_by_key(|comment| (comment.updated, comment.id)),
            _ => found.sort_by_key(|comment| (comment.created, comment.id)),
        }
        // The direction is for whoever says what to sort by.
        if query.get("sort").is_some() && query.descending() {
            found.reverse();
        }
        Ok(self.page(found.into_iter().map(|comment| self.shape.comment(comment)).collect()))
    }

    fn post_comment(&mut self, number: &str) -> Answer {
        let issue = self.issue(number)?;
        if issue.locked {
            return Err(Reply::locked());
        }
        let issue = issue.number;
        let text = self.comment_body()?;
        let id = self.repository.comment(self.token.login, issue, &text).ok_or_else(Reply::not_found)?;
        let comment = self.repository.find_comment(id).ok_or_else(Reply::not_found)?;
        Ok(Reply::created(self.shape.comment(comment)))
    }

    fn edit_comment(&mut self, id: &str) -> Answer {
        let id = self.comment(id)?.id;
        let text = self.comment_body()?;
        let comment = self.repository.find_comment(id).ok_or_else(Reply::not_found)?;
        comment.body = text;
        comment.updated = now();
        Ok(Reply::ok(self.shape.comment(comment)))
    }

    fn reactions(&self, id: &str) -> Answer {
        let wanted = self.question.query.get("content");
        let reactions = self.comment(id)?.reactions.iter();
        let found = reactions.filter(|reaction| wanted.is_none_or(|wanted| reaction.content == wanted));
        Ok(self.page(found.map(|reaction| self.shape.reaction(reaction)).collect()))
    }

    fn react(&mut self, id: &str) -> Answer {
        let id = self.comment(id)?.id;
        let body = self.body()?;
        let content = body["content"].as_str().ok_or_else(|| Reply::incomplete("content"))?;
        if !shape::is_reaction(content) {
            return Err(Reply::invalid("Reaction", "content", "invalid", None));
        }
        let reacted = self.repository.react(self.token.login, id, content);
        let (reaction, new) = reacted.ok_or_else(Reply::not_found)?;
        let reaction = self.shape.reaction(&reaction);
        Ok(if new { Reply::created(reaction) } else { Reply::ok(reaction) })
    }

    fn page(&self, all: Vec<Value>) -> Reply {
        let path = self.question.path.trim_start_matches('/');
        // `repos/owner/name/…` and `repositories/id/…` are the same; the second is what stands in the header.
        let skip = if path.starts_with("repos/") { 3 } else { 2 };
        let rest: Vec<&str> = path.split('/').skip(skip).collect();
        let address = format!("{}/repositories/{REPOSITORY_ID}/{}", self.shape.0, rest.join("/"));
        let (part, link) = self.question.query.cut(all, &address);
        Reply::page(Value::Array(part), link)
    }

    fn issue(&self, number: &str) -> Result<&Issue, Reply> {
        let number = number.parse().map_err(|_| Reply::not_found())?;
        self.repository.issue(number).ok_or_else(Reply::not_found)
    }

    fn comment(&self, id: &str) -> Result<&Comment, Reply> {
        let id: u64 = id.parse().map_err(|_| Reply::not_found())?;
        self.repository.comments.iter().find(|comment| comment.id == id).ok_or_else(Reply::not_found)
    }

    fn comment_body(&self) -> Result<String, Reply> {
        let body = self.body()?;
        let text = body["body"].as_str().ok_or_else(|| Reply::incomplete("body"))?;
        let refuse = |message| Err(Reply::invalid("IssueComment", "data", "unprocessable", Some(message)));
        if text.trim().is_empty() {
            return refuse("Body cannot be blank");
        }
        if text.chars().count() > LONGEST_BODY {
            return refuse("Body is too long (maximum is 65536 characters)");
        }
        Ok(text.to_owned())
    }

    fn body(&self) -> Result<Value, Reply> {
        let read = serde_json::from_slice(&self.question.body).ok().filter(Value::is_object);
        read.ok_or_else(|| Reply::refused(StatusCode::BAD_REQUEST, "Problems parsing JSON"))
    }
}

fn late(comment: &Comment, since: Option<Timestamp>) -> bool {
    since.is_none_or(|since| comment.updated >= since)
}

fn check_title(title: &str) -> Result<(), Reply> {
    if title.trim().is_empty() {
        return Err(Reply::invalid("Issue", "title", "missing_field", None));
    }
    if title.chars().count() > LONGEST_TITLE {
        let message = "title is too long (maximum is 256 characters)";
        return Err(Reply::invalid("Issue", "title", "custom", Some(message)));
    }
    Ok(())
}

fn check_issue_body(text: Option<&str>) -> Result<(), Reply> {
    if text.is_some_and(|text| text.chars().count() > LONGEST_BODY) {
        let message = "body is too long (maximum is 65536 characters)";
        return Err(Reply::invalid("Issue", "body", "custom", Some(message)));
    }
    Ok(())
}

/// Labels are given by name or as objects that have one.
fn names(labels: &Value) -> Vec<String> {
    let name = |label: &Value| label.as_str().or_else(|| label["name"].as_str()).map(str::to_owned);
    labels.as_array().map(|labels| labels.iter().filter_map(name).collect()).unwrap_or_default()
}
