//! The window, driven as a person would: by looking for what is on it and clicking there.

use std::{
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key, wd::Capabilities};
use heliograph_sandbox::port;
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{
    Session,
    app::{self, Start},
    running::{Running, below, lives, program},
    wait::{LIMIT, found, holds},
};

/// The program under the driver, with its window.
pub(crate) struct Window {
    pub(crate) client: Client,
    driver: Running,
}

impl Session {
    /// Starts the program under the driver.
    pub(crate) async fn window(&self, start: &Start) -> Window {
        let (port, native) = (port::free().unwrap(), port::free().unwrap());
        let mut command = self.environment.command(&tauri_driver());
        command.args(["--port", &port.to_string(), "--native-port", &native.to_string()]);
        command.arg("--native-driver").arg(program("WebKitWebDriver"));
        // The program inherits them from its driver.
        command.envs(start.variables().iter().map(|(name, value)| (name, value)));
        let driver = quiet(command, self);
        let listens = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        holds("the driver listens", LIMIT, async || listens(port) && listens(native)).await;
        let options = json!({ "application": app::file(), "args": start.words() });
        let capabilities = Capabilities::from_iter([("tauri:options".to_owned(), options)]);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the driver starts the program");
        let window = Window { client, driver };
        window.element("main").await;
        window
    }
}

fn quiet(mut command: Command, session: &Session) -> Running {
    let out = std::fs::File::options().create(true).append(true).open(session.root().join("app.out")).unwrap();
    Running::start(command.stdin(std::process::Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out))
}

/// Where `cargo xtask` puts it, unless it is named or in PATH.
fn tauri_driver() -> PathBuf {
    if let Some(path) = std::env::var_os("HELIOGRAPH_TEST_TAURI_DRIVER") {
        return path.into();
    }
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/tauri-driver");
    if installed.is_file() { installed } else { program("tauri-driver") }
}

impl Window {
    /// The program's process.
    pub(crate) fn app(&self) -> u32 {
        let programs = below(self.driver.pid());
        programs.iter().find(|(_, name)| name == "heliograph").expect("the program runs").0
    }

    /// Ends the program by this signal, and waits until it is gone.
    pub(crate) async fn ends_by(self, signal: Signal) {
        let app = self.app();
        kill_process(i32::try_from(app).ok().and_then(Pid::from_raw).unwrap(), signal).unwrap();
        holds("the program is gone", LIMIT, async || !lives(app)).await;
    }

    /// Waits until the page has this heading.
    pub(crate) async fn heading(&self, words: &str) {
        let began = std::time::Instant::now();
        holds(&format!("the page is headed {words:?}"), LIMIT * 2, async || {
            let code = "return document.querySelector('main h1')?.textContent ?? ''";
            let heading = self.script(code).await;
            if heading != words && began.elapsed() >= LIMIT {
                let page = self.text().await;
                panic!("the page is not headed {words:?} but {heading}: {page}");
            }
            heading == words
        })
        .await;
    }

    /// Presses the switch, the box or the choice with these words beside it.
    pub(crate) async fn choose_labelled(&self, words: &str) {
        let path = format!("//label[contains(normalize-space(.), \"{words}\")]");
        let wait = self.client.wait().at_most(LIMIT).every(Duration::from_millis(20));
        let label = wait.for_element(Locator::XPath(&path)).await;
        label.unwrap_or_else(|error| panic!("nothing is labelled {words}: {error}")).click().await.unwrap();
    }

    /// Waits for what the selector means.
    pub(crate) async fn element(&self, selector: &str) -> Element {
        let wait = self.client.wait().at_most(LIMIT).every(Duration::from_millis(20));
        wait.for_element(Locator::Css(selector)).await.unwrap_or_else(|error| panic!("no {selector}: {error}"))
    }

    /// Waits for the button with that word on it, until it can be pressed.
    pub(crate) async fn button(&self, word: &str) -> Element {
        let path = format!("//button[starts-with(normalize-space(.), \"{word}\") and not(@disabled)]");
        let wait = self.client.wait().at_most(LIMIT).every(Duration::from_millis(20));
        wait.for_element(Locator::XPath(&path)).await.unwrap_or_else(|error| panic!("no button {word}: {error}"))
    }

    pub(crate) async fn press(&self, word: &str) {
        self.button(word).await.click().await.unwrap();
    }

    /// Writes into a field, after what is there.
    pub(crate) async fn write(&self, selector: &str, text: &str) {
        self.element(selector).await.send_keys(text).await.unwrap();
    }

    /// Empties a field as a person does.
    pub(crate) async fn clear(&self, selector: &str) {
        let keys = format!("{}a{}{}", char::from(Key::Control), char::from(Key::Null), char::from(Key::Delete));
        self.element(selector).await.send_keys(&keys).await.unwrap();
    }

    /// Waits until nothing moves on the page: colours that are about to change are nobody's choice.
    pub(crate) async fn has_come_to_rest(&self) {
        // What turns while something is waited for never ends.
        let moves =
            "return document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < Infinity).length";
        holds("the page has come to rest", LIMIT, async || self.script(moves).await == 0).await;
    }

    /// What a script in the page returns.
    pub(crate) async fn script(&self, code: &str) -> Value {
        self.client.execute(code, Vec::new()).await.unwrap_or_else(|error| panic!("{code}: {error}"))
    }

    /// Everything that can be read on the page.
    pub(crate) async fn text(&self) -> String {
        self.script("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says this.
    pub(crate) async fn says(&self, words: &str) {
        let mut last = String::new();
        let began = std::time::Instant::now();
        holds(&format!("the page says {words:?}"), LIMIT * 2, async || {
            last = self.text().await;
            assert!(began.elapsed() < LIMIT, "the page does not say {words:?} but {last}");
            last.contains(words)
        })
        .await;
    }

    /// The rows that are drawn now: their titles.
    pub(crate) async fn titles(&self) -> Vec<String> {
        let rows = self.script("return [...document.querySelectorAll('.row .title')].map(e => e.textContent)").await;
        serde_json::from_value(rows).unwrap()
    }

    /// Chooses the row with that title, and waits until the message is shown.
    pub(crate) async fn choose(&self, title: &str) {
        let path = format!("//*[@role='option'][.//*[contains(normalize-space(.), \"{title}\")]]");
        // What comes meanwhile moves it, and a press that begins on one row and ends on another is none.
        let mut before = None;
        let what = format!("the row {title:?} stands still");
        let row = found(&what, LIMIT, async || {
            let row = self.client.find(Locator::XPath(&path)).await.ok()?;
            let place = row.rectangle().await.ok();
            let stands = place.is_some() && place == before;
            before = place;
            stands.then_some(row)
        });
        row.await.click().await.unwrap();
        self.element("article[aria-busy=false] h2").await;
    }
}
