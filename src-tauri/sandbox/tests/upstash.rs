//! The stand-in keeps to the published description of the Developer API, and its databases are real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends by panicking")]

mod common;

use std::{fs, path::Path, process::Command};

use common::eventually_async;
use heliograph_sandbox::{Sandbox, Upstash, UpstashOptions, upstash::Fault};
use reqwest::{Client, Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A field's type in the published description.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Whole,
    Number,
    Truth,
    Object,
    /// One of these words.
    OneOf(&'static [&'static str]),
    Texts,
    /// A measured point: `x` and `y` are required.
    Point,
    Points,
    /// How often commands were called.
    Counts,
}

use Kind::{Counts, Number, Object, OneOf, Point, Points, Text, Texts, Truth, Whole};

const REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "sa-east-1",
    "ap-south-1",
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "af-south-1",
    "us-central1",
    "us-east4",
    "europe-west1",
    "asia-northeast1",
];
const YES_NO: &[&str] = &["true", "false"];

/// The published schema `Database`, whole.
const DATABASE: [(&str, Kind); 42] = [
    ("database_id", Text),
    ("database_name", Text),
    ("region", OneOf(&["global"])),
    ("port", Whole),
    ("creation_time", Whole),
    ("state", OneOf(&["active", "suspended", "passive"])),
    ("endpoint", Text),
    ("tls", Truth),
    ("db_max_clients", Whole),
    ("db_max_request_size", Whole),
    ("db_disk_threshold", Whole),
    ("db_max_entry_size", Whole),
    ("db_memory_threshold", Whole),
    ("db_max_commands_per_second", Whole),
    ("db_request_limit", Whole),
    ("type", OneOf(&["free", "payg", "pro", "paid"])),
    ("budget", Whole),
    ("primary_region", OneOf(REGIONS)),
    ("primary_members", Texts),
    ("all_members", Texts),
    ("eviction", Truth),
    ("auto_upgrade", Truth),
    ("consistent", Truth),
    ("modifying_state", Text),
    ("db_resource_size", OneOf(&["S", "M", "L", "XL", "XXL", "3XL"])),
    ("db_type", OneOf(&["bolt", "badger", "pebble"])),
    ("db_conn_idle_timeout", Whole),
    ("db_lua_timeout", Whole),
    ("db_lua_credits_per_min", Whole),
    ("db_store_max_idle", Whole),
    ("db_max_loads_per_sec", Whole),
    ("db_acl_enabled", OneOf(YES_NO)),
    ("db_acl_default_user_status", OneOf(YES_NO)),
    ("db_eviction", Truth),
    ("last_plan_upgrade_time", Whole),
    ("replicas", Whole),
    ("customer_id", Text),
    ("daily_backup_enabled", Truth),
    ("read_regions", Texts),
    ("securityAddons", Object),
    ("prometheus_enabled", OneOf(YES_NO)),
    ("prod_pack_enabled", Truth),
];

/// The published schema `DatabaseStats`, whole.
const STATS: [(&str, Kind); 33] = [
    ("monitor_count", Point),
    ("daily_net_commands", Whole),
    ("daily_read_requests", Whole),
    ("daily_write_requests", Whole),
    ("connection_count", Points),
    ("keyspace", Points),
    ("throughput", Points),
    ("diskusage", Points),
    ("latencymean", Points),
    ("latency_99", Points),
    ("read_latency_mean", Points),
    ("read_latency_99", Points),
    ("write_latency_mean", Points),
    ("write_latency_99", Points),
    ("hits", Points),
    ("misses", Points),
    ("read", Points),
    ("write", Points),
    ("dailyrequests", Points),
    ("days", Texts),
    ("dailybilling", Points),
    ("dailybandwidth", Whole),
    ("bandwidths", Points),
    ("total_monthly_bandwidth", Whole),
    ("total_monthly_requests", Whole),
    ("total_monthly_read_requests", Whole),
    ("total_monthly_write_requests", Whole),
    ("total_monthly_script_requests", Whole),
    ("queue_optimized", Truth),
    ("total_monthly_storage", Whole),
    ("current_storage", Whole),
    ("total_monthly_billing", Number),
    ("command_counts", Counts),
];

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
    fn pong(&self, database: &Value, password: &str) -> bool {
        let (host, port) = database["endpoint"].as_str().unwrap().rsplit_once(':').unwrap();
        ping(self.api.ca_file(), host, port, password)
    }
}

fn ping(ca: &Path, host: &str, port: &str, password: &str) -> bool {
    let output = Command::new("redis-cli")
        .args(["-h", host, "-p", port, "--tls", "--cacert"])
        .arg(ca)
        .arg("PING")
        .env("REDISCLI_AUTH", password)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains("PONG")
}

fn wanted(name: &str, plan: &str) -> Value {
    json!({ "database_name": name, "platform": "aws", "primary_region": "eu-west-1", "plan": plan })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn fits(value: &Value, kind: Kind) -> bool {
    let all = |check: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(check));
    match kind {
        Text => value.is_string(),
        Whole => value.is_u64() || value.is_i64(),
        Number => value.is_number(),
        Truth => value.is_boolean(),
        Object => value.as_object().is_some_and(|object| object.values().all(Value::is_boolean)),
        OneOf(words) => value.as_str().is_some_and(|text| words.contains(&text)),
        Texts => all(&Value::is_string),
        Point => value["x"].is_string() && value["y"].is_number(),
        Points => all(&|point| fits(point, Point)),
        Counts => all(&|count| fits(&count["metric_identifier"], Text) && fits(&count["data_points"], Points)),
    }
}

fn keeps_to(value: &Value, schema: &[(&str, Kind)]) {
    for (name, kind) in schema {
        let found = value.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(fits(found, *kind), "{name} is {found}, and not {kind:?}");
    }
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
    assert!(world.pong(&created, text(&created["password"])));
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
async fn a_reset_password_is_the_servers() {
    let world = World::new().await;
    let id = world.api.make("agents").await.unwrap();
    let before = world.get(&format!("/redis/database/{id}")).await;
    let after = world.post(&format!("/redis/reset-password/{id}"), None).await;
    assert_ne!(before["password"], after["password"]);
    assert!(!world.pong(&after, text(&before["password"])));
    assert!(world.pong(&after, text(&after["password"])));
    assert!(world.api.database_url(&id).unwrap().expose_secret().contains(text(&after["password"])));
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
    assert!(world.pong(&database, text(&database["password"])));
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
    assert!(ping(&ca, host, port, password));
    let address = account.url().to_owned();
    assert_eq!(sandbox.account().await.unwrap().url(), address);
    sandbox.stop().await;
}
