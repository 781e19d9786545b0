//! The stand-in keeps to the published description of GitHub's API, for the paths that a mailbox needs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends by panicking")]

mod common;

use std::time::{Duration, Instant};

use common::eventually;
use heliograph_sandbox::{
    Github, GithubOptions,
    github::{Access, Fault, Order},
};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::time::timeout;

/// The fields that the description requires.
const PERSON: &str = "avatar_url events_url followers_url following_url gists_url gravatar_id html_url id node_id login \
                      organizations_url received_events_url repos_url site_admin starred_url subscriptions_url type url";
const COMMENT: &str = "id node_id html_url issue_url user url created_at updated_at body author_association reactions";
const ISSUE: &str = "assignee closed_at comments comments_url events_url html_url id node_id labels labels_url milestone \
                     number repository_url state locked title url user created_at updated_at author_association";
const LABEL: &str = "id node_id url name description color default";
const REACTION: &str = "id node_id user content created_at";
const ROLLUP: &str = "url total_count +1 -1 laugh confused heart hooray eyes rocket";
const REPOSITORY: &str = "archive_url assignees_url blobs_url branches_url collaborators_url comments_url commits_url \
     compare_url contents_url contributors_url deployments_url description downloads_url events_url fork forks_url \
     full_name git_commits_url git_refs_url git_tags_url hooks_url html_url id node_id issue_comment_url \
     issue_events_url issues_url keys_url labels_url languages_url merges_url milestones_url name notifications_url \
     owner private pulls_url releases_url stargazers_url statuses_url subscribers_url subscription_url tags_url \
     teams_url trees_url url clone_url default_branch forks forks_count git_url has_downloads has_issues has_projects \
     has_wiki has_pages has_discussions homepage language archived disabled mirror_url open_issues open_issues_count \
     license pushed_at size ssh_url stargazers_count svn_url watchers watchers_count created_at updated_at \
     network_count subscribers_count permissions";

struct World {
    api: Github,
    http: Client,
}

impl World {
    async fn new() -> Self {
        let api = Github::start(GithubOptions::default()).await.unwrap();
        Self { api, http: common::http().user_agent("test").build().unwrap() }
    }

    fn ask(&self, method: Method, path: &str, token: &SecretString) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.api.url()) };
        self.http
            .request(method, url)
            .bearer_auth(token.expose_secret())
            .header("Accept", "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
    }

    fn of_repository(&self, path: &str) -> String {
        format!("/repos/{}{path}", self.api.repository())
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, &self.of_repository(path), self.api.token()).send().await.unwrap()
    }

    async fn look(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK);
        value(response).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.ask(method, &self.of_repository(path), self.api.token());
        let response = request.body(body.to_string()).send().await.unwrap();
        (response.status(), value(response).await)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.send(Method::POST, path, body).await;
        assert_eq!(status, StatusCode::CREATED, "{value}");
        value
    }

    async fn issue(&self, title: &str) -> u64 {
        self.post("/issues", json!({ "title": title, "labels": ["heliograph"] })).await["number"].as_u64().unwrap()
    }
}

async fn value(response: Response) -> Value {
    assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

fn head<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("{name} is missing")).to_str().unwrap()
}

fn number(response: &Response, name: &str) -> i64 {
    head(response, name).parse().unwrap()
}

fn keeps_to(value: &Value, fields: &str) {
    for name in fields.split_whitespace() {
        assert!(value.get(name).is_some(), "{name} is missing in {value}");
    }
}

fn bodies(page: &Value) -> Vec<&str> {
    page.as_array().unwrap().iter().map(|comment| comment["body"].as_str().unwrap()).collect()
}

/// The address of a further page.
fn link(response: &Response, relation: &str) -> Option<String> {
    let links = response.headers().get("link")?.to_str().unwrap();
    let end = format!("; rel=\"{relation}\"");
    let one = links.split(", ").find_map(|one| one.strip_suffix(&end))?;
    Some(one.trim_start_matches('<').trim_end_matches('>').to_owned())
}

#[tokio::test]
async fn every_answer_has_the_fields_of_the_description() {
    let world = World::new().await;
    let me = value(world.ask(Method::GET, "/user", world.api.token()).send().await.unwrap()).await;
    keeps_to(&me, PERSON);
    assert_eq!(me["login"], world.api.login());
    let repository = world.look("").await;
    keeps_to(&repository, REPOSITORY);
    keeps_to(&repository["owner"], PERSON);
    assert_eq!(
        (&repository["private"], &repository["has_issues"], &repository["permissions"]["push"]),
        (&json!(true), &json!(true), &json!(true))
    );

    let label = world.post("/labels", json!({ "name": "heliograph", "color": "f5a623" })).await;
    keeps_to(&label, LABEL);
    assert_eq!(world.look("/labels/Heliograph").await, label);
    assert_eq!(world.look("/labels").await, json!([label]));
    let opened = json!({ "title": "heliograph: helios→chad", "body": "Kept by a program", "labels": ["heliograph"] });
    let issue = world.post("/issues", opened).await;
    keeps_to(&issue, ISSUE);
    keeps_to(&issue["reactions"], ROLLUP);
    assert_eq!((&issue["title"], &issue["labels"][0]), (&json!("heliograph: helios→chad"), &label));

    let comment = world.post("/issues/1/comments", json!({ "body": "Good morning" })).await;
    keeps_to(&comment, COMMENT);
    keeps_to(&comment["user"], PERSON);
    keeps_to(&comment["reactions"], ROLLUP);
    assert_eq!(comment["created_at"], comment["updated_at"]);
    assert!(comment["issue_url"].as_str().unwrap().ends_with("/repos/newcomer/mailbox/issues/1"));
    let at = format!("/issues/comments/{}", comment["id"]);
    assert_eq!(world.look(&at).await, comment);
    let reaction = world.post(&format!("{at}/reactions"), json!({ "content": "eyes" })).await;
    keeps_to(&reaction, REACTION);
    let again = world.send(Method::POST, &format!("{at}/reactions"), json!({ "content": "eyes" })).await;
    assert_eq!(again, (StatusCode::OK, reaction.clone()));
    assert_eq!(world.look(&format!("{at}/reactions")).await, json!([reaction]));
    let seen = world.look(&at).await;
    assert_eq!((&seen["reactions"]["eyes"], &seen["updated_at"]), (&json!(1), &comment["updated_at"]));
    assert_eq!(world.look("/issues/1").await["comments"], 1);
    world.api.stop().await;
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again_and_does_not_count() {
    let world = World::new().await;
    world.issue("one").await;
    let path = world.of_repository("/issues/comments?sort=updated");
    let first = world.ask(Method::GET, &path, world.api.token()).send().await.unwrap();
    let (tag, left) = (head(&first, "etag").to_owned(), number(&first, "x-ratelimit-remaining"));
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(number(&first, "x-ratelimit-used"), 5_000 - left);

    let ask = async || {
        let request = world.ask(Method::GET, &path, world.api.token()).header("If-None-Match", &tag);
        request.send().await.unwrap()
    };
    for _ in 0..3 {
        let same = ask().await;
        assert_eq!((same.status(), number(&same, "x-ratelimit-remaining")), (StatusCode::NOT_MODIFIED, left));
        assert_eq!(head(&same, "etag"), tag);
        assert!(same.bytes().await.unwrap().is_empty());
    }
    assert_eq!((world.api.counted(), world.api.not_modified()), (2, 3));
    world.api.comment_as("stranger", 1, "Something new").unwrap();
    let other = ask().await;
    assert_eq!((other.status(), number(&other, "x-ratelimit-remaining")), (StatusCode::OK, left - 1));
    assert_eq!(bodies(&value(other).await), ["Something new"]);
    let by_path = world.api.seen().into_iter().filter(|seen| seen.path == path && seen.status == 304).count();
    assert_eq!(by_path, 3);
    world.api.stop().await;
}

#[tokio::test]
async fn pages_follow_each_other_by_the_header() {
    let world = World::new().await;
    let one = world.issue("one").await;
    let two = world.issue("two").await;
    for index in 0..25 {
        world.api.comment_as(world.api.other_login(), if index % 2 == 0 { one } else { two }, &index.to_string());
    }
    let mut next = Some(world.of_repository("/issues/comments?sort=created&direction=asc&per_page=10"));
    let mut found = Vec::new();
    let mut pages = 0;
    while let Some(path) = next.take() {
        let response = world.ask(Method::GET, &path, world.api.token()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(link(&response, "prev").is_some(), pages > 0);
        next = link(&response, "next");
        pages += 1;
        let page = value(response).await;
        found.extend(bodies(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(pages, 3);
    assert_eq!(found, (0..25).map(|index| index.to_string()).collect::<Vec<_>>());
    assert_eq!(world.look("/issues/comments?sort=created&per_page=2").await[0]["body"], "24");
    assert_eq!(world.look("/issues/comments?per_page=2").await[0]["body"], "0");
    assert_eq!(bodies(&world.look("/issues/2/comments?per_page=100").await).len(), 12);
    let open = world.get("/issues?labels=heliograph&state=open&per_page=1").await;
    assert!(link(&open, "last").unwrap().starts_with(&format!("{}/repositories/", world.api.url())));
    assert_eq!(value(open).await[0]["title"], "two");
    let closed = world.send(Method::PATCH, "/issues/2", json!({ "state": "closed" })).await.1;
    assert_eq!(closed["state"], "closed");
    assert_eq!(world.look("/issues?labels=heliograph").await.as_array().unwrap().len(), 1);
    assert_eq!(world.look("/issues?labels=heliograph&state=all").await.as_array().unwrap().len(), 2);
    assert_eq!(world.look("/issues?labels=other&state=all").await, json!([]));
    world.api.stop().await;
}

#[tokio::test]
async fn an_edited_comment_is_told_by_its_times_and_comes_again() {
    let world = World::new().await;
    world.issue("one").await;
    let id = world.api.comment_as("stranger", 1, "What I meant").unwrap();
    let before = world.look(&format!("/issues/comments/{id}")).await;
    assert_eq!(before["updated_at"], before["created_at"]);
    assert!(world.api.edit_comment(id, "What I now say"));
    let after = world.look(&format!("/issues/comments/{id}")).await;
    assert_ne!(after["updated_at"], after["created_at"]);
    let since = after["updated_at"].as_str().unwrap();
    assert_eq!(bodies(&world.look(&format!("/issues/comments?since={since}")).await), ["What I now say"]);
    assert_eq!(world.look("/issues/comments?since=2100-01-01T00:00:00Z").await, json!([]));
    assert_eq!(world.get("/issues/comments?since=yesterday").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let (status, edited) =
        world.send(Method::PATCH, &format!("/issues/comments/{id}"), json!({ "body": "By me" })).await;
    assert_eq!((status, &edited["body"]), (StatusCode::OK, &json!("By me")));
    let gone = world.ask(Method::DELETE, &world.of_repository(&format!("/issues/comments/{id}")), world.api.token());
    assert_eq!(gone.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(world.get(&format!("/issues/comments/{id}")).await.status(), StatusCode::NOT_FOUND);
    world.api.stop().await;
}

#[tokio::test]
async fn the_limits_are_told_and_kept() {
    let world = World::new().await;
    world.issue("one").await;
    world.api.limit_requests(2);
    let first = world.get("").await;
    assert_eq!((number(&first, "x-ratelimit-limit"), number(&first, "x-ratelimit-remaining")), (2, 1));
    assert_eq!(head(&first, "x-ratelimit-resource"), "core");
    assert_eq!(world.get("").await.status(), StatusCode::OK);
    let refused = world.get("").await;
    assert_eq!((refused.status(), number(&refused, "x-ratelimit-remaining")), (StatusCode::FORBIDDEN, 0));
    let reset = number(&refused, "x-ratelimit-reset") - jiff::Timestamp::now().as_second();
    assert!((3_590..=3_600).contains(&reset), "{reset}");
    assert!(!refused.headers().contains_key("retry-after"));
    assert!(value(refused).await["message"].as_str().unwrap().starts_with("API rate limit exceeded"));
    // The other login's hour is his own.
    let other = world.ask(Method::GET, &world.of_repository(""), world.api.other_token()).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);

    world.api.limit_requests(5_000);
    world.api.limit_creations(3);
    world.post("/issues/1/comments", json!({ "body": "two" })).await;
    world.post("/issues/1/comments", json!({ "body": "three" })).await;
    let request = world.ask(Method::POST, &world.of_repository("/issues/1/comments"), world.api.token());
    let refused = request.body(json!({ "body": "four" }).to_string()).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!((1..=60).contains(&number(&refused, "retry-after")));
    assert!(number(&refused, "x-ratelimit-remaining") > 0);
    assert!(value(refused).await["message"].as_str().unwrap().contains("secondary rate limit"));
    assert_eq!(world.api.comments().len(), 2);
    assert_eq!(world.get("").await.status(), StatusCode::OK);
    world.api.stop().await;
}

#[tokio::test]
async fn tokens_may_what_they_may() {
    let world = World::new().await;
    let home = world.of_repository("");
    let ask = async |method: Method, path: &str, token: &SecretString| {
        world.ask(method, path, token).body(json!({ "title": "x", "name": "x" }).to_string()).send().await.unwrap()
    };
    let [write, read, classic, elsewhere] =
        [Access::Write, Access::Read, Access::Classic, Access::Elsewhere].map(|access| world.api.token_with(access));
    assert!(write.expose_secret().starts_with("github_pat_") && write.expose_secret().len() == 93);
    assert!(classic.expose_secret().starts_with("ghp_") && classic.expose_secret().len() == 40);
    for (token, scopes) in [(write, None), (read, None), (classic, Some("repo"))] {
        let response = ask(Method::GET, &home, token).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers().get("x-oauth-scopes").map(|value| value.to_str().unwrap()), scopes);
    }
    let refused = ask(Method::POST, &format!("{home}/issues"), read).await;
    assert_eq!(
        (refused.status(), head(&refused, "x-accepted-github-permissions")),
        (StatusCode::FORBIDDEN, "issues=write")
    );
    assert_eq!(value(refused).await["message"], "Resource not accessible by personal access token");
    assert_eq!(ask(Method::POST, &format!("{home}/issues"), classic).await.status(), StatusCode::CREATED);
    assert_eq!(ask(Method::GET, &home, elsewhere).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ask(Method::GET, "/user", elsewhere).await.status(), StatusCode::OK);
    assert_eq!(ask(Method::GET, "/repos/newcomer/other", write).await.status(), StatusCode::NOT_FOUND);
    world.api.set_private(false);
    assert_eq!(ask(Method::GET, &home, elsewhere).await.status(), StatusCode::OK);
    let wrong = ask(Method::GET, &home, &"github_pat_wrong".to_owned().into()).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(number(&wrong, "x-ratelimit-limit"), 60);
    assert_eq!(value(wrong).await["message"], "Bad credentials");
    let nameless = common::http().build().unwrap().get(format!("{}/user", world.api.url()));
    assert_eq!(nameless.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let old = world.http.get(format!("{}/user", world.api.url())).header("X-GitHub-Api-Version", "2001-01-01");
    assert_eq!(old.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    world.api.set_issues(false);
    assert_eq!(world.get("/issues").await.status(), StatusCode::GONE);
    assert_eq!(world.look("").await["has_issues"], false);
    world.api.stop().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_its_words() {
    let world = World::new().await;
    world.issue("one").await;
    let longest = "→".repeat(65_536);
    world.post("/issues/1/comments", json!({ "body": longest })).await;
    let (status, refusal) =
        world.send(Method::POST, "/issues/1/comments", json!({ "body": format!("{longest}→") })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let error = json!({
        "resource": "IssueComment", "code": "unprocessable", "field": "data",
        "message": "Body is too long (maximum is 65536 characters)",
    });
    assert_eq!((&refusal["message"], &refusal["errors"]), (&json!("Validation Failed"), &json!([error])));
    assert_eq!(refusal["status"], "422");
    for (path, body, code) in [
        ("/labels", json!({ "name": "Heliograph" }), "already_exists"),
        ("/labels", json!({ "name": "x", "color": "red" }), "invalid"),
        ("/issues", json!({ "title": " " }), "missing_field"),
        ("/issues", json!({ "title": "x".repeat(257) }), "custom"),
        ("/issues", json!({ "title": "x", "body": "x".repeat(65_537) }), "custom"),
        ("/issues/1/comments", json!({ "body": "" }), "unprocessable"),
    ] {
        let (status, refusal) = world.send(Method::POST, path, body).await;
        assert_eq!((status, &refusal["errors"][0]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)));
    }
    assert_eq!(world.send(Method::POST, "/issues/1/comments", json!({})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.send(Method::POST, "/issues/1/comments", json!([])).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.send(Method::POST, "/issues/9/comments", json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/pulls").await.status(), StatusCode::NOT_FOUND);
    world.api.stop().await;
}

#[tokio::test]
async fn it_misbehaves_on_request() {
    let world = World::new().await;
    let minute = Duration::from_mins(1);
    for (fault, status) in [
        (Fault::Unavailable(503), 503),
        (Fault::RateLimited { reset_in: minute }, 403),
        (Fault::Secondary { retry_after: minute }, 403),
        (Fault::Unauthorized, 401),
        (Fault::Forbidden, 403),
        (Fault::NotFound, 404),
        (Fault::Garbage, 200),
    ] {
        world.api.misbehave_times(fault.clone(), 1);
        let response = world.get("").await;
        assert_eq!(response.status().as_u16(), status, "{fault:?}");
        let left = number(&response, "x-ratelimit-remaining");
        match fault {
            Fault::RateLimited { .. } => {
                let reset = number(&response, "x-ratelimit-reset") - jiff::Timestamp::now().as_second();
                assert!(left == 0 && (55..=60).contains(&reset), "{left} left, {reset}");
            }
            Fault::Secondary { .. } => assert_eq!(number(&response, "retry-after"), 60),
            _ => assert!(left > 0),
        }
        assert_eq!(world.get("").await.status(), StatusCode::OK);
    }
    world.api.misbehave(Fault::Slow(Duration::from_millis(150)));
    let began = Instant::now();
    assert_eq!(world.get("").await.status(), StatusCode::OK);
    assert!(began.elapsed() >= Duration::from_millis(150));
    world.api.behave();

    world.api.stop().await;
}

#[tokio::test]
async fn it_stops_while_somebody_waits_for_an_answer() {
    for fault in [Fault::Silent, Fault::Slow(Duration::from_mins(1))] {
        let world = World::new().await;
        world.api.misbehave(fault);
        let mut asked = tokio::spawn(world.ask(Method::GET, "/user", world.api.token()).send());
        assert!(timeout(Duration::from_millis(200), &mut asked).await.is_err(), "an answer came");
        let began = Instant::now();
        world.api.stop().await;
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        eventually(|| asked.is_finished()).await;
    }
}

#[tokio::test]
async fn an_order_is_a_line_of_json() {
    let world = World::new().await;
    world.issue("one").await;
    let order = |line: &str| world.api.obey(serde_json::from_str::<Order>(line).unwrap());
    order(r#"{"comment":{"login":"stranger","issue":1,"body":"Hello"}}"#).unwrap();
    let posted = world.api.comments().pop().unwrap();
    assert_eq!((posted.login.as_str(), posted.issue.as_str()), ("stranger", "one"));
    order(&format!(r#"{{"edit":{{"comment":{},"body":"Hm"}}}}"#, posted.id)).unwrap();
    assert_eq!(world.api.comments()[0].body, "Hm");
    order(r#"{"misbehave":{"unavailable":502}}"#).unwrap();
    assert_eq!(world.get("").await.status(), StatusCode::BAD_GATEWAY);
    order(r#"{"misbehave":{"secondary":{"retry_after":1.5}}}"#).unwrap();
    assert_eq!(number(&world.get("").await, "retry-after"), 1);
    order(r#"{"misbehave":{"slow":0.01}}"#).unwrap();
    order(r#""behave""#).unwrap();
    order(r#"{"limit_requests":1}"#).unwrap();
    assert_eq!(world.get("").await.status(), StatusCode::OK);
    assert_eq!(world.get("").await.status(), StatusCode::FORBIDDEN);
    assert!(order(r#"{"comment":{"login":"stranger","issue":9,"body":"Hello"}}"#).is_err());
    world.api.stop().await;
}
