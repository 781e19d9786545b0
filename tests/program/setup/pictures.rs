//! Every step as pictures for people, light and dark, at its usual size and at twice that in the smallest window; and
//! each looked at by a checker of accessibility.

use rustix::process::Signal;
use secrecy::ExposeSecret as _;

use super::steps::{ACCOUNT, Api, COMPUTER, DATABASES, FAILS, HELIOS, LEND, NAMES, NEW, PASTE, WHERE, WORKS};
use crate::session::{Keychain, Options, Session, Window, World};

struct Album {
    session: Session,
    window: Window,
    name: String,
}

impl Album {
    /// A picture of the page as it is, from its top and, where it is longer than the window, from its end.
    async fn take(&self, step: &str) {
        let page = format!("setup-{step}-{}", self.name);
        self.window.has_come_to_rest().await;
        self.window.is_accessible(&page).await;
        let over = "const page = document.documentElement;
            return [page.scrollWidth - innerWidth, page.scrollHeight - innerHeight,
                ...[...document.querySelectorAll('.scroll')].map((box) => box.scrollWidth - box.clientWidth)]";
        let over = self.window.script(over).await;
        assert!(over.as_array().unwrap().iter().all(|over| over == 0), "{page}: something hangs over the edge: {over}");
        self.session.screenshot(&page);
        let scrolled = "const box = document.querySelector('.scroll');
            if (!box || box.scrollHeight <= box.clientHeight) return false;
            box.scrollTop = box.scrollHeight;
            return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        if self.window.script(scrolled).await == true {
            self.session.screenshot(&format!("{page}-end"));
            self.window.script("document.querySelector('.scroll').scrollTop = 0; return 0").await;
        }
    }
}

async fn every_step(dark: bool, twice: bool) {
    let name = format!("{}-{}", if dark { "dark" } else { "light" }, if twice { "200" } else { "100" });
    let world = World::start().await;
    let api = Api::start().await;
    api.upstash.make("already-there").await.unwrap();
    let options = Options { keychain: Keychain::Empty, notifications: false, dark, twice, ..Options::default() };
    let session = Session::start(options).await;
    let window = session.window(&api.start_with().variable("TZ", "Asia/Dhaka")).await;
    if twice {
        session.resize(1440, 960).await;
    }
    let album = Album { session, window, name };
    let window = &album.window;

    window.heading(WHERE).await;
    album.take("1-where").await;
    window.press("Make one for me").await;
    window.heading(ACCOUNT).await;
    album.take("2-account").await;
    window.write("input[type=email]", api.upstash.email()).await;
    window.write("input[type=password]", api.upstash.key().expose_secret()).await;
    window.press("Check the key").await;
    window.heading(DATABASES).await;
    window.says("already-there").await;
    album.take("2-databases").await;
    window.press("Make a new one").await;
    window.heading(NEW).await;
    window.says("Asia/Dhaka").await;
    album.take("2-new").await;
    window.press("Back to the list").await;
    window.heading(DATABASES).await;
    window.press("Back").await;
    window.heading(WHERE).await;
    window.press("72 hours, no account").await;
    window.heading(LEND).await;
    album.take("2-lend").await;
    window.press("Back").await;
    window.heading(WHERE).await;
    window.press("I have one").await;
    window.heading(PASTE).await;
    let address = world.address();
    window.write("textarea", &address).await;
    window.element("dl[aria-label='What was understood']").await;
    album.take("2-paste").await;
    window.clear("textarea").await;
    window.write("textarea", "redis://default:secret-word@example.com:6379").await;
    window.button("Open the Upstash console").await;
    window.element("input[type=checkbox]").await;
    album.take("2-paste-consent").await;
    window.clear("textarea").await;
    window.write("textarea", "rediss://default:secret-word@localhost:1").await;
    window.press("Test this address").await;
    window.heading(FAILS).await;
    album.take("3-test-fails").await;
    window.press("Back").await;
    window.heading(PASTE).await;
    window.write("textarea", &address).await;
    window.press("Test this address").await;
    window.heading(WORKS).await;
    album.take("3-test-works").await;
    window.press("Continue").await;
    window.heading(NAMES).await;
    window.says("helios→chad").await;
    album.take("4-names").await;
    window.press("Continue").await;
    window.heading(HELIOS).await;
    window.says("Python: listen").await;
    album.take("5-helios").await;
    window.press("Skip for now").await;
    window.heading(COMPUTER).await;
    window.says("Quiet hours").await;
    album.take("6-computer").await;
    window.press("Finish").await;
    window.says("Nothing open").await;
    album.take("7-inbox").await;
    window.press("Settings").await;
    for section in ["General", "Notifications", "Connection", "Prices and limits", "Security", "About"] {
        window.press(section).await;
        window.element(&format!("section[aria-label='{section}'] .card")).await;
        album.take(&format!("8-settings-{}", section.to_lowercase().replace(' ', "-"))).await;
    }
    album.window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_in_the_light() {
    every_step(false, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_in_the_dark() {
    every_step(true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_in_the_light_at_twice_the_size() {
    every_step(false, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_in_the_dark_at_twice_the_size() {
    every_step(true, true).await;
}
