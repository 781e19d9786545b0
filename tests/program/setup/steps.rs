//! What a person does on the pages of the set-up, one after the other.

use heliograph_sandbox::upstash::{Upstash, UpstashOptions};
use tempfile::TempDir;

use crate::session::{Session, Start, Window, World};

pub(super) const WHERE: &str = "Where is the database?";
pub(super) const PASTE: &str = "Paste the address";
pub(super) const ACCOUNT: &str = "Your Upstash account";
pub(super) const DATABASES: &str = "Which database?";
pub(super) const NEW: &str = "A new database";
pub(super) const LEND: &str = "A database for 72 hours";
pub(super) const UNTRIED: &str = "Test the connection";
pub(super) const WORKS: &str = "The connection works";
pub(super) const FAILS: &str = "The connection does not work yet";
pub(super) const NAMES: &str = "Who talks with whom?";
pub(super) const HELIOS: &str = "Connect Helios";
pub(super) const COMPUTER: &str = "On this computer";

/// Everything is logged, so that nothing secret could hide below the usual level.
pub(super) fn start() -> Start {
    Start::default().variable("HELIOGRAPH_LOG", "trace")
}

/// The start, where the authority behind the server's certificate is trusted.
pub(super) fn trusting(authority: &str) -> Start {
    start().variable("SSL_CERT_FILE", authority)
}

/// The password in an address of the sandbox.
pub(super) fn password(address: &str) -> &str {
    let (_, rest) = address.split_once("default:").unwrap();
    rest.split_once('@').unwrap().0
}

/// From the first page to the test of this address.
pub(super) async fn paste(window: &Window, address: &str) {
    window.heading(WHERE).await;
    window.press("I have one").await;
    window.heading(PASTE).await;
    window.write("textarea", address).await;
    window.press("Test this address").await;
}

/// From a test that passed to the end, with everything left as it is.
pub(super) async fn to_the_end(window: &Window) {
    window.heading(WORKS).await;
    window.press("Continue").await;
    after_the_test(window).await;
}

/// From the names to the end.
pub(super) async fn after_the_test(window: &Window) {
    window.heading(NAMES).await;
    window.press("Continue").await;
    window.heading(HELIOS).await;
    window.press("Skip for now").await;
    window.heading(COMPUTER).await;
    window.press("Finish").await;
    window.says("Nothing open").await;
}

/// The program is started anew, and connects by itself with what it kept.
pub(super) async fn connects_by_itself(session: &Session, start: Start) {
    let app = session.app(&start.in_background());
    session.tray().shows("Connected").await;
    app.ends_when_asked().await;
}

/// An account at a stand-in for Upstash.
pub(super) struct Api {
    pub(super) upstash: Upstash,
    _folder: TempDir,
}

impl Api {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstash = Upstash::start(folder.path(), UpstashOptions::default()).await.unwrap();
        Self { upstash, _folder: folder }
    }

    /// The start of a program that takes it for the real one.
    pub(super) fn start_with(&self) -> Start {
        trusting(&self.upstash.ca_file().display().to_string()).variable("UPSTASH_API_URL", self.upstash.url())
    }
}

/// The lines of one of the blocks that are there to be copied.
pub(super) async fn block(window: &Window, title: &str) -> String {
    let code = format!(
        "return [...document.querySelectorAll('.block')].find(e => e.innerText.startsWith('{title}'))?.querySelector('code').textContent ?? ''"
    );
    window.script(&code).await.as_str().unwrap().to_owned()
}

/// A server that shows a certificate, its address, and how the program is started to trust it.
pub(super) async fn secure_world() -> (World, String, Start) {
    let world = World::start().await;
    let (address, authority) = world.secure();
    (world, address, trusting(&authority))
}
