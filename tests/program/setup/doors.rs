//! The four doors, each to its end, with a real keychain. After each: no secret is where somebody else could read it,
//! and a program started anew connects by itself.

use std::{process::Stdio, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;

use super::steps::{
    ACCOUNT, Api, COMPUTER, DATABASES, HELIOS, LEND, NAMES, NEW, WORKS, block, connects_by_itself, password, paste,
    secure_world, start, to_the_end,
};
use crate::session::{Keychain, LIMIT, Options, Running, Session, Window, below, found, holds, lives};

async fn with_keychain() -> Session {
    Session::start(Options { keychain: Keychain::Empty, ..Options::default() }).await
}

/// Helios, made of the very lines that the page gives for him.
fn helios(session: &Session, environment: &str, authority: &str, listen: &str) -> Running {
    let (name, address) = environment.split_once('=').unwrap();
    let mut command = session.environment.command("/usr/bin/python3".as_ref());
    command.args(["-c", listen]).env(name, address).env("SSL_CERT_FILE", authority);
    Running::start(command.stdin(Stdio::null()).stdout(Stdio::null()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_pasted() {
    let (mut world, address, start) = secure_world().await;
    let session = with_keychain().await;
    let window = session.window(&start).await;
    let secret = password(&address).to_owned();
    paste(&window, &address).await;
    window.heading(WORKS).await;
    assert!(session.kept("redis-url").is_none(), "what is only tried is not in use");
    window.press("Continue").await;
    window.heading(NAMES).await;
    window.says("helios→chad").await;
    window.press("Continue").await;

    window.heading(HELIOS).await;
    window.says("This database is on this computer only").await;
    assert!(!window.text().await.contains(&secret), "the password is shown on request only");
    window.says("Waiting for Helios").await;
    window.press("Show").await;
    window.says(&secret).await;
    let environment = block(&window, "Environment").await;
    assert_eq!(environment, format!("UPSTASH_REDIS_URL={address}"));
    window.press("Hide").await;
    holds("it is hidden again", LIMIT, async || !window.text().await.contains(&secret)).await;
    let listen = block(&window, "Python: listen").await;
    let helios = helios(&session, &environment, &world.secure().1, &listen);
    holds("Helios listens", LIMIT, async || {
        world.ask(&["PUBSUB", "NUMSUB", "chad→helios"]).await.as_sequence().unwrap()[1] == redis::Value::Int(1)
    })
    .await;
    window.press("Ping Helios").await;
    window.says("Answered in").await;
    window.says("Helios is there").await;
    window.press("Continue").await;
    window.heading(COMPUTER).await;
    window.press("Finish").await;
    window.says("Nothing open").await;
    session.tray().shows("Connected").await;
    assert_eq!(session.kept("redis-url").as_deref(), Some(address.as_str()));
    holds("the copy that was being tried is gone", LIMIT, async || session.kept("redis-url-new").is_none()).await;
    drop(helios);

    session.no_trace_at_all(window.app(), &[&secret], "connected");
    window.ends_by(Signal::TERM).await;
    connects_by_itself(&session, start).await;
}

async fn log_in(window: &Window, api: &Api) {
    window.press("Make one for me").await;
    window.heading(ACCOUNT).await;
    window.write("input[type=email]", api.upstash.email()).await;
    window.write("input[type=password]", api.upstash.key().expose_secret()).await;
}

/// The key, also as it goes over the wire.
fn key(api: &Api) -> [String; 2] {
    let (email, key) = (api.upstash.email(), api.upstash.key().expose_secret());
    [key.to_owned(), BASE64_STANDARD.encode(format!("{email}:{key}"))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_made() {
    let api = Api::start().await;
    let session = with_keychain().await;
    let start = api.start_with().variable("TZ", "Asia/Dhaka");
    let window = session.window(&start).await;
    log_in(&window, &api).await;
    window.press("Check the key").await;
    window.heading(DATABASES).await;
    window.says("There is no database in this account yet").await;
    window.press("Make a new one").await;
    window.heading(NEW).await;
    window.says("Asia/Dhaka").await;
    window.says("500,000 commands a month").await;
    window.press("Make it").await;
    window.heading(WORKS).await;
    window.says("Free").await;
    to_the_end(&window).await;
    session.tray().shows("Connected").await;

    let address = session.kept("redis-url").expect("the address is kept");
    assert!(session.kept("upstash-api").is_none(), "the key is remembered only where that was asked for");
    let [key, header] = key(&api);
    session.no_trace_at_all(window.app(), &[password(&address), &key, &header], "made");
    assert!(api.upstash.seen().iter().all(|seen| !seen.path.contains(&key)));
    window.ends_by(Signal::TERM).await;
    connects_by_itself(&session, start).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_exists_and_a_key_that_is_remembered() {
    let api = Api::start().await;
    let id = api.upstash.make("already-there").await.unwrap();
    let session = with_keychain().await;
    let start = api.start_with();
    let window = session.window(&start).await;
    log_in(&window, &api).await;
    window.choose_labelled("Remember this key").await;
    window.press("Check the key").await;
    window.heading(DATABASES).await;
    window.says("already-there").await;
    window.says("Singapore").await;
    window.says("in the keychain of this computer").await;
    window.press("Use this one").await;
    to_the_end(&window).await;
    session.tray().shows("Connected").await;

    let address = api.upstash.database_url(&id).unwrap();
    assert_eq!(session.kept("redis-url").as_deref(), Some(address.expose_secret()));
    let [key, header] = key(&api);
    assert!(session.kept("upstash-api").unwrap().contains(&key));
    session.no_trace_at_all(window.app(), &[password(address.expose_secret()), &key, &header], "chosen");
    window.ends_by(Signal::TERM).await;

    // It is offered from now on, and the keychain gives it back.
    let window = session.window(&start).await;
    window.press("Settings").await;
    window.press("Open the set-up").await;
    window.says("An API key in the keychain").await;
    window.press("Use it").await;
    window.heading(DATABASES).await;
    window.says("already-there").await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_for_72_hours() {
    let api = Api::start().await;
    let session = with_keychain().await;
    let start = api.start_with();
    let window = session.window(&start).await;
    window.press("72 hours, no account").await;
    window.heading(LEND).await;
    window.press("Lend me one").await;
    window.heading(WORKS).await;
    window.says("This database is lent").await;
    window.press("Claim it in the browser").await;
    let claim = session.browser.page().await;
    assert!(claim.starts_with("https://upstash.com/start-redis/console/"), "{claim}");
    to_the_end(&window).await;
    session.tray().shows("Connected").await;
    let address = session.kept("redis-url").expect("the address is kept");
    let secrets = [password(&address), claim.as_str(), claim.rsplit('/').next().unwrap()];
    session.no_trace_at_all(window.app(), &secrets, "lent");
    window.ends_by(Signal::TERM).await;

    let window = session.window(&start).await;
    session.tray().shows("Connected").await;
    session.browser.forget();
    window.press("Settings").await;
    window.press("Security").await;
    window.says("This database is lent").await;
    window.press("Claim it in the browser").await;
    assert_eq!(session.browser.page().await, claim, "it can be claimed after a restart, too");
    session.no_trace_at_all(window.app(), &secrets, "lent, after a restart");
    window.ends_by(Signal::TERM).await;
}

/// A program that is in no group of the test's.
struct Apart(u32);

impl Apart {
    fn end(&self) {
        let process = i32::try_from(self.0).ok().and_then(Pid::from_raw).unwrap();
        // It may have ended already.
        let _ = kill_process(process, Signal::TERM);
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.end();
    }
}

fn arguments(process: u32) -> String {
    std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_beside_the_set_up() {
    let session = with_keychain().await;
    let window = session.window(&start()).await;
    window.press("Try it on this computer").await;
    window.says("The sandbox opens in a window of its own").await;
    let sandbox = found("the sandbox is started", LIMIT, async || {
        let programs = below(window.app());
        let sandbox = programs.iter().find(|(process, _)| arguments(*process).contains("--sandbox"))?;
        Some(Apart(sandbox.0))
    })
    .await;
    holds("it has a window of its own", LIMIT, async || session.windows().len() == 2).await;
    session.tray().shows("Connected (Sandbox)").await;
    window.heading(super::steps::WHERE).await;
    assert!(session.kept("redis-url").is_none(), "its address is nobody else's");

    let server = session.home().join("data/sandbox/redis/redis.pid");
    let server: u32 = std::fs::read_to_string(server).unwrap().trim().parse().unwrap();
    sandbox.end();
    holds("the sandbox has ended", Duration::from_secs(10), async || !lives(sandbox.0) && !lives(server)).await;
    assert!(lives(window.app()));
    window.ends_by(Signal::TERM).await;
}
