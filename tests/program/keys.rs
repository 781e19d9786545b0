//! The database's key is changed in the window: one reset, the new one in the keychain, the old one dead.

use heliograph_sandbox::{Upstash, UpstashOptions};
use rustix::process::Signal;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::session::{Keychain, LIMIT, Options, QUICK, Session, Start, files, found, holds};

fn password(address: &str) -> String {
    let (_, rest) = address.split_once("default:").unwrap();
    rest.split_once('@').unwrap().0.to_owned()
}

async fn rotates(dark: bool) {
    let name = if dark { "dark" } else { "light" };
    let folder = tempfile::tempdir().unwrap();
    let upstash = Upstash::start(folder.path(), UpstashOptions::default()).await.unwrap();
    let id = upstash.make("calm-owl").await.unwrap();
    let old = upstash.database_url(&id).unwrap().expose_secret().to_owned();
    let options = Options { keychain: Keychain::Holding(old.clone()), settings: QUICK, dark, ..Options::default() };
    let session = Session::start(options).await;
    let start = Start::default()
        .variable("UPSTASH_API_URL", upstash.url())
        .variable("UPSTASH_EMAIL", upstash.email())
        .variable("UPSTASH_API_KEY", upstash.key().expose_secret())
        .variable("SSL_CERT_FILE", upstash.ca_file().display().to_string())
        .variable("HELIOGRAPH_LOG", "trace");
    let window = session.window(&start).await;
    session.tray().shows("Connected").await;
    window.press("Keys").await;
    window.button("Rotate now").await;
    session.screenshot(&format!("keys-{name}"));
    window.press("Rotate now").await;
    // Nobody was heard and there is no mailbox: said, and the person decides.
    window.says("Before it is changed").await;
    session.screenshot(&format!("keys-findings-{name}"));
    window.press("Rotate all the same").await;
    window.says("Give Helios the new address").await;
    session.screenshot(&format!("keys-hand-over-{name}"));
    let new = upstash.database_url(&id).unwrap().expose_secret().to_owned();
    assert_ne!(old, new);
    assert_eq!(upstash.resets(&id), Some(1));
    assert_eq!(session.kept("redis-url").as_deref(), Some(new.as_str()));
    window.press("Helios has it").await;
    window.says("Done").await;
    session.tray().shows("Connected").await;
    session.screenshot(&format!("keys-done-{name}"));
    holds("the copy beside it is gone", LIMIT, async || session.kept("redis-url-next").is_none()).await;
    session.no_trace(window.app(), &[&password(&old), &password(&new)], "rotated");
    window.ends_by(Signal::TERM).await;
    session.no_trace(std::process::id(), &[&password(&old), &password(&new)], "ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_changed_once_and_handed_over_by_hand() {
    rotates(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_in_the_dark() {
    rotates(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usage_page_counts_and_gives_out_a_table() {
    for (dark, name) in [(false, "light"), (true, "dark")] {
        let mut world = crate::session::World::start().await;
        let session = Session::start(Options { settings: QUICK, dark, ..Options::default() }).await;
        let window = session.window(&Start::with(world.address())).await;
        world.heard_within(LIMIT).await;
        let task = json!({"from": "helios", "type": "task", "id": "1", "data": {"title": "One"}});
        world.publish(crate::session::TO_CHAD, task.to_string()).await;
        window.press("Usage").await;
        window.says("Commands").await;
        window.says("Heartbeats").await;
        session.screenshot(&format!("usage-{name}"));
        window.press("Plan a fleet").await;
        window.says("600,000").await;
        session.screenshot(&format!("usage-fleet-{name}"));
        window.press("This month").await;
        window.press("Export").await;
        let table = found("there is a table", LIMIT, async || {
            files(session.root()).into_iter().find(|file| file.extension().is_some_and(|ending| ending == "csv"))
        })
        .await;
        assert!(std::fs::read_to_string(table).unwrap().contains("heartbeat"));
        window.ends_by(Signal::TERM).await;
    }
}
