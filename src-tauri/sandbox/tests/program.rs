//! The program `heliograph-sandbox` as other programs use it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends by panicking")]

mod common;

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use common::{LIMIT, eventually, http};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_heliograph-sandbox"))
            .args(arguments)
            .env_remove("UPSTASH_REDIS_URL")
            .env_remove("SSL_CERT_FILE")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        timeout(LIMIT, self.lines.next_line()).await.expect("no line in time").unwrap().expect("it ended")
    }

    /// Reads on until a line contains `text`.
    async fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line().await;
            if line.contains(text) {
                return line;
            }
        }
    }

    async fn value(&mut self, name: &str) -> String {
        let line = self.line().await;
        line.strip_prefix(&format!("{name}=")).unwrap_or_else(|| panic!("{line}")).to_owned()
    }

    async fn order(&mut self, line: &str) {
        self.child.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn end(mut self, signal: Signal) {
        let began = Instant::now();
        kill_process(Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap(), signal).unwrap();
        let status = timeout(LIMIT, self.child.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status}");
        assert!(began.elapsed() < Duration::from_secs(2), "it took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn the_server_prints_how_it_is_reached_and_cleans_up() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut program = Program::start(&["redis"], &[]);
        let url = program.value("UPSTASH_REDIS_URL").await;
        let certificates = program.value("SSL_CERT_FILE").await;
        assert_eq!(program.line().await, "ready");
        assert!(url.starts_with("rediss://default:"));
        let folder = Path::new(&certificates).parent().unwrap();
        let pid: u32 = fs::read_to_string(folder.join("redis.pid")).unwrap().trim().parse().unwrap();
        program.end(signal).await;
        assert!(!folder.exists());
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the server still runs");
    }
}

#[tokio::test]
async fn helios_brings_his_own_server_and_obeys() {
    let mut program = Program::start(&["helios"], &[]);
    program.value("UPSTASH_REDIS_URL").await;
    program.value("SSL_CERT_FILE").await;
    assert_eq!(program.line().await, "ready");
    program.line_with(r#"{"event":"connected"}"#).await;
    for order in ["task", "burst", "sleep", "wake"] {
        program.order(order).await;
    }
    for _ in 0..41 {
        program.line_with(r#""event":"sent""#).await;
    }
    program.line_with(r#""event":"disconnected""#).await;
    program.line_with(r#""event":"connected""#).await;
    program.end(Signal::TERM).await;
}

#[tokio::test]
async fn helios_uses_the_server_from_the_environment() {
    let mut server = Program::start(&["redis"], &[]);
    let url = server.value("UPSTASH_REDIS_URL").await;
    let certificates = server.value("SSL_CERT_FILE").await;
    let environment = [("UPSTASH_REDIS_URL", url.as_str()), ("SSL_CERT_FILE", certificates.as_str())];
    let mut helios = Program::start(&["helios"], &environment);
    assert_eq!(helios.line().await, "ready");
    helios.line_with("connected").await;
    helios.end(Signal::TERM).await;
    server.end(Signal::TERM).await;
}

#[tokio::test]
async fn the_account_prints_how_it_is_reached_obeys_and_cleans_up() {
    let mut program = Program::start(&["upstash", "--database", "agents", "--paid"], &[]);
    let url = program.value("UPSTASH_API_URL").await;
    let email = program.value("UPSTASH_EMAIL").await;
    let key = program.value("UPSTASH_API_KEY").await;
    let certificates = program.value("SSL_CERT_FILE").await;
    assert_eq!(program.line().await, "ready");
    let client = http().build().unwrap();
    let ask = async |method: &str, path: &str| {
        let request = client.request(method.parse().unwrap(), format!("{url}/v2/redis/{path}"));
        let response = request.basic_auth(&email, Some(&key)).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(serde_json::Value::Null))
    };
    let (_, databases) = ask("GET", "databases").await;
    let told = |name: &str| databases[0][name].as_str().unwrap();
    assert_eq!((told("database_name"), told("state"), told("type")), ("agents", "active", "payg"));
    let reset = format!("reset-password/{}", told("database_id"));
    for (order, status) in [
        (r#"{"misbehave":{"reset":"done_error"}}"#, 500),
        (r#"{"misbehave":{"reset":{"answers_late":0.01}}}"#, 200),
        (r#"{"habits":{"cuts_connections":true,"bare_endpoint":true}}"#, 200),
        (r#""behave""#, 200),
        (r#""revoke_key""#, 401),
    ] {
        program.order(order).await;
        assert_eq!(program.line().await, "done");
        assert_eq!(ask("POST", &reset).await.0, status, "{order}");
    }
    let folder = Path::new(&certificates).ancestors().nth(2).unwrap();
    let pid = fs::read_to_string(folder.join("database-0/redis.pid")).unwrap();
    program.end(Signal::TERM).await;
    assert!(!folder.exists());
    assert!(!Path::new(&format!("/proc/{}", pid.trim())).exists(), "the server still runs");
}

#[tokio::test]
async fn the_mailbox_prints_how_it_is_reached_and_obeys() {
    let mut program = Program::start(&["github"], &[]);
    let url = program.value("GITHUB_API_URL").await;
    let token = program.value("GITHUB_TOKEN").await;
    let repository = program.value("GITHUB_REPOSITORY").await;
    assert_eq!(program.line().await, "ready");
    let client = http().user_agent("test").build().unwrap();
    let ask = async || {
        let request = client.get(format!("{url}/repos/{repository}")).bearer_auth(&token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask().await, 200);
    for (order, status) in [(r#"{"misbehave":{"unavailable":503}}"#, 503), (r#""behave""#, 200)] {
        program.order(order).await;
        assert_eq!(program.line().await, "done");
        assert_eq!(ask().await, status);
    }
    program.end(Signal::TERM).await;
}

#[tokio::test]
async fn a_missing_server_is_named_with_what_to_install() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heliograph-sandbox"));
    let output = timeout(LIMIT, command.arg("redis").env("PATH", "/nowhere").output()).await.unwrap().unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("redis-server is not installed") && words.contains("apt install redis-server"), "{words}");
}

#[tokio::test]
async fn a_server_left_behind_by_a_killed_run_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(&["redis", "--folder", folder.path().to_str().unwrap()], &[]);
    program.line_with("ready").await;
    let pid = fs::read_to_string(folder.path().join("redis.pid")).unwrap().trim().to_owned();
    program.child.kill().await.unwrap();
    let process = format!("/proc/{pid}");
    assert!(Path::new(&process).exists(), "without its owner the server goes on");

    let redis = heliograph_sandbox::Redis::start(folder.path(), heliograph_sandbox::RedisOptions::default());
    let redis = redis.await.unwrap();
    eventually(|| !fs::read_to_string(format!("{process}/cmdline")).is_ok_and(|line| !line.is_empty())).await;
    redis.stop().await;
}

#[tokio::test]
async fn a_process_that_only_has_the_same_number_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut stranger = Command::new("sleep").arg("60").kill_on_drop(true).spawn().unwrap();
    fs::write(folder.path().join("redis.pid"), stranger.id().unwrap().to_string()).unwrap();
    let redis = heliograph_sandbox::Redis::start(folder.path(), heliograph_sandbox::RedisOptions::default());
    let redis = redis.await.unwrap();
    assert!(stranger.try_wait().unwrap().is_none());
    redis.stop().await;
}
