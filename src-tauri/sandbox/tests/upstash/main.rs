//! The stand-in keeps to the published description of the Developer API, and its databases are real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends by panicking")]

mod acl;
#[path = "../common/mod.rs"]
mod common;
mod reset;
mod schema;
mod wire;

use std::{fs, path::Path};

use common::eventually_async;
use heliograph_sandbox::{
    Sandbox, Upstash, UpstashOptions,
    upstash::{Fault, Habits},
};
use reqwest::{Client, Method, StatusCode};
use schema::{DATABASE, STATS, keeps_to};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

struct World {
    api: Upstash,
    http: Client,
    home: TempDir,
}

impl World {
    async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let api = Upstash::start(home.path(), UpstashOptions::default()).await.unwrap();
        Self { api, http: common::http().build().unwrap(), home }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = self.http.request(method, format!("{}/v2{path}", self.api.url()));
        let request = request.basic_auth(self.api.email(), Some(self.api.key().expose_secret()));
        let request = if let Some(body) = body { request.body(body.to_string()) } else { request };
        let response = request.send().await.unwrap();
        let status = response.status();
        assert_eq!(response.headers()["content-type"], "application/json");
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{value}");
        value
    }

    async fn post(&self, path: &str, body: Option<Value>) -> Value {
        let (status, value) = self.ask(Method::POST, path, body).await;
        assert_eq!(status, StatusCode::OK, "{value}");
        value
    }

    async fn refusal(&self, path: &str, body: Value) -> String {
        let (status, value) = self.ask(Method::POST, path, Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        value["error"].as_str().unwrap().to_owned()
    }

    /// Asks the database's server with `redis-cli` over TLS, as anybody would.
    async fn pong(&self, database: &Value, password: &str) -> bool {
        let (host, port) = database["endpoint"].as_str().unwrap().rsplit_once(':').unwrap();
        ping(self.api.ca_file(), host, port, password).await
    }
}

async fn ping(ca: &Path, host: &str, port: &str, password: &str) -> bool {
    let output = Command::new("redis-cli")
        .args(["-h", host, "-p", port, "--tls", "--cacert"])
        .arg(ca)
        .arg("PING")
        .env("REDISCLI_AUTH", password)
        .output()
        .await
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains("PONG")
}

fn wanted(name: &str, plan: &str) -> Value {
    json!({ "database_name": name, "platform": "aws", "primary_region": "eu-west-1", "plan": plan })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn every_answer_keeps_to_the_description() {
    let world = World::new().await;
    let created = world.post("/redis/database", Some(wanted("agents", "free"))).await;
    keeps_to(&created, &DATABASE);
    let id = text(&created["database_id"]).to_owned();
    let look = format!("/redis/database/{id}");
    eventually_async(async || world.get(&look).await["state"] == "active").await;
    keeps_to(&world.get(&look).await, &DATABASE);
    keeps_to(&world.get(&format!("{look}?credentials=hide")).await, &DATABASE);
    keeps_to(&world.get("/redis/databases").await[0], &DATABASE);
    keeps_to(&world.post(&format!("/redis/reset-password/{id}"), None).await, &DATABASE);
    keeps_to(&world.post(&format!("/redis/enable-tls/{id}"), None).await, &DATABASE);
    let renamed = world.post(&format!("/redis/rename/{id}"), Some(json!({ "name": "others" }))).await;
    keeps_to(&renamed, &DATABASE);
    assert_eq!(renamed["database_name"], "others");
    keeps_to(&world.get(&format!("/redis/stats/{id}")).await, &STATS);
    let (status, answer) = world.ask(Method::DELETE, &look, None).await;
    assert_eq!((status, answer), (StatusCode::OK, json!("OK")));
    assert_eq!(world.get("/redis/databases").await, json!([]));
    world.api.stop().await;
}

#[tokio::test]
async fn a_database_is_passive_and_then_a_server_answers() {
    let world = World::new().await;
    let created = world.post("/redis/database", Some(wanted("agents", "payg"))).await;
    assert_eq!((&created["state"], &created["type"]), (&json!("passive"), &json!("payg")));
    let look = format!("/redis/database/{}", text(&created["database_id"]));
    eventually_async(async || world.get(&look).await["state"] == "active").await;
    assert!(world.pong(&created, text(&created["password"])).await);
    world.api.misbehave(Fault::StaysPassive);
    assert_eq!(world.get(&look).await["state"], "passive");
}

#[tokio::test]
async fn credentials_are_told_only_when_a_database_is_asked_for() {
    let world = World::new().await;
    let id = world.api.make("agents").await.unwrap();
    let told = world.get(&format!("/redis/database/{id}")).await;
    assert!(told["password"].is_string() && told["rest_token"] == told["password"]);
    for hidden in [
        world.get(&format!("/redis/database/{id}?credentials=hide")).await,
        world.get("/redis/databases").await[0].clone(),
    ] {
        assert!(hidden.get("password").is_none() && hidden.get("rest_token").is_none(), "{hidden}");
    }
}

#[tokio::test]
async fn the_plan_says_whether_there_is_an_access_control_list() {
    let world = World::new().await;
    let free = world.api.make("free").await.unwrap();
    let paid = world.api.make_paid("paid").await.unwrap();
    let fixed = world.post("/redis/database", Some(wanted("fixed", "fixed_250mb"))).await;
    let rows =
        [(free.as_str(), "free", "false"), (&paid, "payg", "true"), (text(&fixed["database_id"]), "pro", "true")];
    for (id, plan, acl) in rows {
        let database = world.get(&format!("/redis/database/{id}")).await;
        keeps_to(&database, &DATABASE);
        assert_eq!((text(&database["type"]), text(&database["db_acl_enabled"])), (plan, acl));
    }
}

#[tokio::test]
async fn what_the_documents_leave_open_can_be_chosen() {
    let world = World::new().await;
    let look = format!("/redis/database/{}", world.api.make("agents").await.unwrap());
    let full = world.get(&look).await;
    assert!(full["password"].is_string());
    world.api.adopt(Habits { bare_endpoint: true, protected_credentials: true, cuts_connections: false });
    for answer in [world.get(&look).await, world.get("/redis/databases").await[0].clone()] {
        keeps_to(&answer, &DATABASE);
        let port = full["port"].as_u64().unwrap();
        assert_eq!(text(&answer["endpoint"]), format!("calm-owl-{port}"));
        assert!(answer.get("password").is_none() && answer.get("rest_token").is_none(), "{answer}");
    }
    world.api.adopt(Habits::default());
    assert_eq!(world.get(&look).await, full);
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_a_new_password_is_not_made() {
    let world = World::new().await;
    let id = world.api.make("agents").await.unwrap();
    world.api.revoke_key();
    for (method, path) in [(Method::GET, format!("database/{id}")), (Method::POST, format!("reset-password/{id}"))] {
        let request = world.http.request(method, format!("{}/v2/redis/{path}", world.api.url()));
        let request = request.basic_auth(world.api.email(), Some(world.api.key().expose_secret()));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(world.api.resets(&id), Some(0));
}

#[tokio::test]
async fn the_key_is_checked_on_every_path_of_the_account() {
    let world = World::new().await;
    let id = world.api.make("agents").await.unwrap();
    let asked = [
        (Method::GET, "databases".to_owned()),
        (Method::POST, "database".to_owned()),
        (Method::GET, format!("database/{id}")),
        (Method::DELETE, format!("database/{id}")),
        (Method::GET, format!("stats/{id}")),
        (Method::POST, format!("reset-password/{id}")),
        (Method::POST, format!("rename/{id}")),
        (Method::POST, format!("enable-tls/{id}")),
    ];
    for (method, path) in asked {
        let request = world.http.request(method, format!("{}/v2/redis/{path}", world.api.url()));
        let wrong = request.try_clone().unwrap().basic_auth(world.api.email(), Some("wrong"));
        for request in [request, wrong] {
            assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::new().await;
    let mut elsewhere = wanted("a", "free");
    elsewhere["region"] = json!("eu-west-1");
    let mut mixed = wanted("a", "free");
    mixed["platform"] = json!("gcp");
    let rows = [
        (json!({ "database_name": "a" }), "required"),
        (json!([]), "required"),
        (elsewhere, "region must be global"),
        (mixed, "not a region of this platform"),
        (wanted("a", "gratis"), "plan is unknown"),
        (wanted(" ", "free"), "database_name"),
    ];
    for (body, words) in rows {
        let refusal = world.refusal("/redis/database", body.clone()).await;
        assert!(refusal.contains(words), "{body}: {refusal}");
    }
    world.api.make("the free one").await.unwrap();
    let refusal = world.refusal("/redis/database", wanted("another", "free")).await;
    assert!(refusal.contains("free database limit"), "{refusal}");
    for path in ["/redis/database/none", "/redis/stats/none", "/nothing"] {
        assert_eq!(world.ask(Method::GET, path, None).await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_counters_count() {
    let world = World::new().await;
    let id = world.api.make("agents").await.unwrap();
    let stats = format!("/redis/stats/{id}");
    let before = world.get(&stats).await["total_monthly_requests"].as_u64().unwrap();
    let database = world.get(&format!("/redis/database/{id}")).await;
    assert!(world.pong(&database, text(&database["password"])).await);
    let after = world.get(&stats).await;
    assert!(after["total_monthly_requests"].as_u64().unwrap() > before);
    let counts = after["command_counts"].as_array().unwrap();
    assert!(counts.iter().any(|count| count["metric_identifier"] == "PING"), "{counts:?}");
}

#[tokio::test]
async fn stopping_ends_every_server() {
    let world = World::new().await;
    world.api.make("one").await.unwrap();
    world.post("/redis/database", Some(wanted("starting", "payg"))).await;
    let pid = fs::read_to_string(world.home.path().join("database-0/redis.pid")).unwrap().trim().to_owned();
    world.api.stop().await;
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert!(!world.home.path().join("database-0").exists());
}

#[tokio::test]
async fn the_sandbox_s_authority_vouches_for_its_account_s_databases() {
    let home = tempfile::tempdir().unwrap();
    let mut sandbox = Sandbox::start(home.path()).await.unwrap();
    let ca = sandbox.ca_file().to_owned();
    let account = sandbox.account().await.unwrap();
    let id = account.make("agents").await.unwrap();
    let url = account.database_url(&id).unwrap();
    let (password, place) = url.expose_secret().strip_prefix("rediss://default:").unwrap().split_once('@').unwrap();
    let (host, port) = place.split_once(':').unwrap();
    assert!(ping(&ca, host, port, password).await);
    let address = account.url().to_owned();
    assert_eq!(sandbox.account().await.unwrap().url(), address);
    sandbox.stop().await;
}
