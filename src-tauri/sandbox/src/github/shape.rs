//! What there is, with the fields of the published description.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    repository::{Comment, Issue, Label, Reaction, Repository},
    service::{OTHER, OWNER, REPOSITORY, REPOSITORY_ID, REPOSITORY_NAME},
};

/// Where a person would look at it.
const SITE: &str = "https://github.com";
const REACTIONS: [&str; 8] = ["+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"];
/// The addresses that a repository names of itself.
const REPOSITORY_ADDRESSES: [(&str, &str); 36] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];
const USER_ADDRESSES: [(&str, &str); 9] = [
    ("events_url", "/events{/privacy}"),
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("organizations_url", "/orgs"),
    ("received_events_url", "/received_events"),
    ("repos_url", "/repos"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
];

/// Describes things under the address at which the service is reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a>(pub(super) &'a str);

impl Shape<'_> {
    /// The repository's own address.
    pub(super) fn home(self) -> String {
        format!("{}/repos/{REPOSITORY}", self.0)
    }

    /// Somebody, as he stands beside what he wrote.
    pub(super) fn person(self, login: &str) -> Value {
        let (url, id) = (format!("{}/users/{login}", self.0), person_id(login));
        let mut person = json!({
            "login": login,
            "id": id,
            "node_id": node_id("U", id),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
            "gravatar_id": "",
            "url": url,
            "html_url": format!("{SITE}/{login}"),
            "type": "User",
            "user_view_type": "public",
            "site_admin": false,
        });
        for (name, rest) in USER_ADDRESSES {
            person[name] = format!("{url}{rest}").into();
        }
        person
    }

    /// Somebody, as he is told of himself.
    pub(super) fn myself(self, login: &str, since: Timestamp) -> Value {
        let more = json!({
            "name": null,
            "company": null,
            "blog": "",
            "location": null,
            "email": null,
            "hireable": null,
            "bio": null,
            "twitter_username": null,
            "notification_email": null,
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": since,
            "updated_at": since,
        });
        joined(self.person(login), more)
    }

    pub(super) fn repository(self, repository: &Repository, login: &str) -> Value {
        let (html, url) = (format!("{SITE}/{REPOSITORY}"), self.home());
        let (created, private) = (repository.created, repository.private);
        let open = repository.issues.iter().filter(|issue| issue.closed.is_none()).count();
        let owns = login == OWNER;
        let mut whole = joined(
            json!({
                "id": REPOSITORY_ID,
                "node_id": node_id("R", REPOSITORY_ID),
                "name": REPOSITORY_NAME,
                "full_name": REPOSITORY,
                "private": private,
                "owner": self.person(OWNER),
                "html_url": html,
                "description": null,
                "fork": false,
                "url": url,
                "created_at": created,
                "updated_at": created,
                "pushed_at": created,
                "git_url": format!("git://github.com/{REPOSITORY}.git"),
                "ssh_url": format!("git@github.com:{REPOSITORY}.git"),
                "clone_url": format!("{html}.git"),
                "svn_url": html,
                "mirror_url": null,
                "homepage": null,
                "language": null,
                "license": null,
                "default_branch": "main",
                "visibility": if private { "private" } else { "public" },
                "topics": [],
            }),
            json!({
                "has_issues": repository.has_issues,
                "has_projects": true,
                "has_downloads": true,
                "has_wiki": false,
                "has_pages": false,
                "has_discussions": false,
                "archived": false,
                "disabled": false,
                "allow_forking": true,
                "is_template": false,
                "web_commit_signoff_required": false,
                "size": 0,
                "stargazers_count": 0,
                "watchers_count": 0,
                "watchers": 0,
                "forks_count": 0,
                "forks": 0,
                "network_count": 0,
                "subscribers_count": 1,
                "open_issues_count": open,
                "open_issues": open,
                // The person's, and not the token's: so it is there.
                "permissions": {
                    "admin": owns, "maintain": owns, "push": owns || login == OTHER, "triage": owns || login == OTHER,
                    "pull": true,
                },
            }),
        );
        for (name, rest) in REPOSITORY_ADDRESSES {
            whole[name] = format!("{url}{rest}").into();
        }
        whole
    }

    pub(super) fn label(self, label: &Label) -> Value {
        json!({
            "id": label.id,
            "node_id": node_id("LA", label.id),
            "url": format!("{}/labels/{}", self.home(), label.name),
            "name": label.name,
            "description": label.description,
            "color": label.color,
            "default": false,
        })
    }

    pub(super) fn issue(self, repository: &Repository, issue: &Issue) -> Value {
        let url = format!("{}/issues/{}", self.home(), issue.number);
        let labels = issue.labels.iter().filter_map(|name| repository.label(name)).map(|label| self.label(label));
        json!({
            "id": issue.id,
            "node_id": node_id("I", issue.id),
            "url": url,
            "repository_url": self.home(),
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "html_url": format!("{SITE}/{REPOSITORY}/issues/{}", issue.number),
            "timeline_url": format!("{url}/timeline"),
            "number": issue.number,
            "state": if issue.closed.is_some() { "closed" } else { "open" },
            "state_reason": issue.closed.map(|_| "completed"),
            "title": issue.title,
            "body": issue.body,
            "user": self.person(&issue.author),
            "labels": labels.collect::<Vec<_>>(),
            "assignee": null,
            "assignees": [],
            "milestone": null,
            "locked": issue.locked,
            "active_lock_reason": null,
            "comments": issue.comments,
            "closed_at": issue.closed,
            "closed_by": null,
            "created_at": issue.created,
            "updated_at": issue.updated,
            "author_association": association(&issue.author),
            "performed_via_github_app": null,
            "reactions": rollup(&url, &[]),
        })
    }

    pub(super) fn comment(self, comment: &Comment) -> Value {
        let url = format!("{}/issues/comments/{}", self.home(), comment.id);
        json!({
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "url": url,
            "html_url": format!("{SITE}/{REPOSITORY}/issues/{}#issuecomment-{}", comment.issue, comment.id),
            "issue_url": format!("{}/issues/{}", self.home(), comment.issue),
            "user": self.person(&comment.author),
            "created_at": comment.created,
            "updated_at": comment.updated,
            "body": comment.body,
            "author_association": association(&comment.author),
            "performed_via_github_app": null,
            "reactions": rollup(&url, &comment.reactions),
        })
    }

    pub(super) fn reaction(self, reaction: &Reaction) -> Value {
        json!({
            "id": reaction.id,
            "node_id": node_id("REA", reaction.id),
            "user": self.person(&reaction.author),
            "content": reaction.content,
            "created_at": reaction.created,
        })
    }
}

/// Is there such a reaction?
pub(super) fn is_reaction(content: &str) -> bool {
    REACTIONS.contains(&content)
}

fn rollup(url: &str, reactions: &[Reaction]) -> Value {
    let mut counts: BTreeMap<&str, usize> = REACTIONS.iter().map(|content| (*content, 0)).collect();
    for reaction in reactions {
        *counts.entry(&reaction.content).or_default() += 1;
    }
    joined(json!({ "url": format!("{url}/reactions"), "total_count": reactions.len() }), json!(counts))
}

fn association(login: &str) -> &'static str {
    match login {
        OWNER => "OWNER",
        OTHER => "COLLABORATOR",
        _ => "NONE",
    }
}

/// The same for the same login, and nothing more is asked of it.
fn person_id(login: &str) -> u64 {
    login.bytes().fold(5_381, |id: u64, byte| (id * 33 + u64::from(byte)) % 100_000_007)
}

fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_{}", BASE64_STANDARD.encode(id.to_be_bytes()).trim_end_matches('='))
}

fn joined(one: Value, other: Value) -> Value {
    let (Value::Object(one), Value::Object(other)) = (one, other) else { return Value::Null };
    Value::Object(one.into_iter().chain(other).collect::<Map<_, _>>())
}
