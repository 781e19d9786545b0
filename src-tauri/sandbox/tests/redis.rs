//! The server is real: other clients reach it, and it can be disturbed in the ways the tests of the link need.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends by panicking")]

mod common;

use std::{
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
    time::{Duration, Instant},
};

use common::{eventually, eventually_async};
use heliograph_sandbox::{
    Redis, RedisOptions,
    proxy::{Mode, Proxy},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

async fn start() -> (Redis, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let redis = Redis::start(folder.path(), RedisOptions { plain: true, ..Default::default() }).await.unwrap();
    (redis, folder)
}

/// Asks with `redis-cli` over TLS, as anybody would; the password goes through the environment.
fn cli(redis: &Redis, host: &str, password: &str, command: &[&str]) -> Output {
    Command::new("redis-cli")
        .args(["-h", host, "-p", &redis.port().to_string(), "--tls", "--cacert"])
        .arg(redis.ca_file())
        .args(command)
        .env("REDISCLI_AUTH", password)
        .output()
        .unwrap()
}

fn says(output: &Output, text: &str) -> bool {
    String::from_utf8_lossy(&output.stdout).contains(text)
}

fn password(url: &SecretString) -> String {
    let (_, rest) = url.expose_secret().split_once("default:").unwrap();
    rest.split_once('@').unwrap().0.to_owned()
}

async fn plain_client(redis: &Redis) -> redis::aio::MultiplexedConnection {
    let url = redis.plain_url().unwrap();
    let client = redis::Client::open(url.expose_secret()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

#[tokio::test]
async fn other_clients_reach_it_over_tls_under_both_names() {
    let (redis, _folder) = start().await;
    let password = password(&redis.url());
    for host in ["127.0.0.1", "localhost"] {
        let output = cli(&redis, host, &password, &["PING"]);
        assert!(says(&output, "PONG"), "{output:?}");
    }
    assert!(!says(&cli(&redis, "127.0.0.1", "not-the-password", &["PING"]), "PONG"));
}

#[tokio::test]
async fn a_client_that_trusts_nobody_is_not_let_through() {
    let (redis, _folder) = start().await;
    let output = Command::new("redis-cli")
        .args(["-p", &redis.port().to_string(), "--tls", "PING"])
        .env("REDISCLI_AUTH", password(&redis.url()))
        .output()
        .unwrap();
    assert!(!says(&output, "PONG"), "{output:?}");
}

#[tokio::test]
async fn the_password_is_in_no_command_line_and_no_open_file() {
    let (redis, folder) = start().await;
    let password = password(&redis.url());
    let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", redis.pid().unwrap())).unwrap();
    assert!(!arguments.contains(&password));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        if text.contains(&password) || text.contains("PRIVATE KEY") {
            assert_eq!(mode, 0o600, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_new_password_shuts_out_the_old_one_but_no_standing_connection() {
    let (mut redis, _folder) = start().await;
    let old = password(&redis.url());
    let mut standing = plain_client(&redis).await;
    redis.set_password("the-new-one".to_owned().into()).await.unwrap();
    assert!(!says(&cli(&redis, "127.0.0.1", &old, &["PING"]), "PONG"));
    assert!(says(&cli(&redis, "127.0.0.1", "the-new-one", &["PING"]), "PONG"));
    assert_eq!(password(&redis.url()), "the-new-one");
    let answer: String = redis::cmd("PING").query_async(&mut standing).await.unwrap();
    assert_eq!(answer, "PONG");

    redis.restart().await.unwrap();
    assert!(says(&cli(&redis, "127.0.0.1", "the-new-one", &["PING"]), "PONG"));
}

#[tokio::test]
async fn a_password_that_means_something_in_a_url_is_refused_before_the_server_has_it() {
    let (mut redis, _folder) = start().await;
    let before = password(&redis.url());
    for odd in ["", "a@b", "two words", "#", "line\nbreak"] {
        assert!(redis.set_password(odd.to_owned().into()).await.is_err(), "{odd:?}");
    }
    assert!(says(&cli(&redis, "127.0.0.1", &before, &["PING"]), "PONG"));
}

#[tokio::test]
async fn a_restart_keeps_port_and_password() {
    let (mut redis, _folder) = start().await;
    let (url, pid) = (redis.url(), redis.pid());
    redis.kill().await.unwrap();
    assert_eq!(redis.pid(), None);
    assert!(TcpStream::connect(("127.0.0.1", redis.port())).await.is_err());
    redis.restart().await.unwrap();
    assert_ne!(redis.pid(), pid);
    assert_eq!(redis.url().expose_secret(), url.expose_secret());
    assert!(says(&cli(&redis, "127.0.0.1", &password(&url), &["PING"]), "PONG"));
}

#[tokio::test]
async fn a_frozen_server_says_nothing_until_it_is_thawed() {
    let (redis, _folder) = start().await;
    let mut client = plain_client(&redis).await;
    client.set_response_timeout(Duration::from_millis(300));
    redis.freeze().unwrap();
    assert!(redis::cmd("PING").query_async::<String>(&mut client).await.is_err());
    redis.thaw().unwrap();
    eventually_async(async || redis::cmd("PING").query_async::<String>(&mut client).await.is_ok()).await;
}

#[tokio::test]
async fn stop_ends_even_a_frozen_server_in_time() {
    let (redis, _folder) = start().await;
    let pid = redis.pid().unwrap();
    redis.freeze().unwrap();
    let began = Instant::now();
    redis.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(!runs(pid));
}

#[tokio::test]
async fn dropping_it_ends_the_server() {
    let (redis, _folder) = start().await;
    let pid = redis.pid().unwrap();
    drop(redis);
    eventually(|| !runs(pid)).await;
}

#[tokio::test]
async fn a_second_sandbox_in_the_same_folder_is_refused() {
    let (first, folder) = start().await;
    let error = Redis::start(folder.path(), RedisOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("another sandbox"), "{error:#}");
    assert!(says(&cli(&first, "127.0.0.1", &password(&first.url()), &["PING"]), "PONG"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_in_the_error() {
    let (first, _folder) = start().await;
    let other = tempfile::tempdir().unwrap();
    let options = RedisOptions { port: Some(first.port()), ..RedisOptions::default() };
    let error = Redis::start(other.path(), options).await.unwrap_err();
    assert!(format!("{error:#}").contains("Address already in use"), "{error:#}");
}

#[tokio::test]
async fn the_proxy_swallows_closes_and_refuses() {
    let (redis, _folder) = start().await;
    let proxy = Proxy::start(redis.plain_port().unwrap()).await.unwrap();
    let mut passed = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    let unauthorised = "-NOAUTH Authentication required.\r\n";
    assert_eq!(ask(&mut passed).await.as_deref(), Some(unauthorised));

    proxy.to_live(&Mode::Swallow);
    assert_eq!(ask(&mut passed).await, None);
    let mut fresh = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    assert_eq!(ask(&mut fresh).await.as_deref(), Some(unauthorised), "new connections still pass");

    proxy.to_all(&Mode::Close);
    assert_eq!(passed.read(&mut [0; 8]).await.unwrap_or(0), 0);
    eventually(|| proxy.connections() == 0).await;

    let text = "ERR max requests limit exceeded. Limit: 500000, Usage: 500000.";
    proxy.to_new(Mode::Refuse(text.into()));
    let mut refused = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    assert_eq!(ask(&mut refused).await, Some(format!("-{text}\r\n")));

    proxy.to_new(Mode::RefuseAfterLogin(text.into()));
    let url = format!("redis://default:any@127.0.0.1:{}", proxy.port());
    let mut client = redis::Client::open(url).unwrap().get_async_pubsub().await.unwrap();
    let error = client.subscribe("helios→chad").await.unwrap_err();
    assert!(error.to_string().contains("max requests limit exceeded"), "{error}");
}

/// Sends a PING and returns what comes back, if something does.
async fn ask(stream: &mut TcpStream) -> Option<String> {
    stream.write_all(b"*1\r\n$4\r\nPING\r\n").await.unwrap();
    let mut buffer = [0; 256];
    let read = timeout(Duration::from_millis(500), stream.read(&mut buffer)).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&buffer[..read]).into_owned())
}

fn runs(pid: u32) -> bool {
    // A process that ended and was not yet waited for has no command line any more.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn what_it_holds_survives_a_kill_only_where_that_is_wanted() {
    for keeps in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let options = RedisOptions { plain: true, keeps, ..Default::default() };
        let mut redis = Redis::start(folder.path(), options).await.unwrap();
        let set = |mut client: redis::aio::MultiplexedConnection| async move {
            let () = redis::cmd("SET").arg("a").arg(1).query_async(&mut client).await.unwrap();
        };
        let there = |mut client: redis::aio::MultiplexedConnection| async move {
            redis::cmd("EXISTS").arg("a").query_async::<bool>(&mut client).await.unwrap()
        };
        set(plain_client(&redis).await).await;
        redis.restart().await.unwrap();
        assert_eq!(there(plain_client(&redis).await).await, keeps);
        set(plain_client(&redis).await).await;
        redis.restart_empty().await.unwrap();
        assert!(!there(plain_client(&redis).await).await);
        redis.stop().await;
    }
}

#[tokio::test]
async fn new_connections_can_be_led_elsewhere() {
    let ((one, _folder), (other, _other_folder)) = (start().await, start().await);
    let proxy = Proxy::start(one.plain_port().unwrap()).await.unwrap();
    proxy.to_new(Mode::Elsewhere(other.plain_port().unwrap()));
    // Only the other one knows this password.
    let url = other
        .plain_url()
        .unwrap()
        .expose_secret()
        .replace(&format!(":{}", other.plain_port().unwrap()), &format!(":{}", proxy.port()));
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd("PING").query_async(&mut connection).await.unwrap();
}
