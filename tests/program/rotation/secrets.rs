//! The keys stand nowhere but in the keychain and in memory: looked for in every file, at trace level, in the words and
//! environments of processes and on the page, all through rotations that go well and that do not.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use heliograph_sandbox::upstash::{Fault, Habits, ResetFault};
use rustix::process::Signal;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{
    ground::{Ground, signal},
    journal::watch,
};
use crate::session::{LIMIT, Options, Window, holds};

/// Everything that the page was, as it is written.
pub(crate) struct Pages {
    seen: Arc<Mutex<HashSet<String>>>,
    looking: JoinHandle<()>,
}

/// How often is looked.
const LOOK: Duration = Duration::from_millis(50);

/// The page, what the person wrote into it, and what it keeps.
const PAGE: &str = "const kept = [localStorage, sessionStorage].map((one) => JSON.stringify(one));
    const written = [...document.querySelectorAll('input, textarea')].map((one) => one.value);
    return [document.documentElement.outerHTML, document.title, location.href, ...written, ...kept].join('\\n')";

impl Pages {
    pub(crate) fn of(window: &Window) -> Self {
        let seen = Arc::<Mutex<HashSet<String>>>::default();
        let (client, pages) = (window.client.clone(), Arc::clone(&seen));
        let looking = tokio::spawn(async move {
            // At the program's end there is no page any more.
            while let Ok(page) = client.execute(PAGE, Vec::new()).await {
                pages.lock().unwrap().insert(page.as_str().unwrap_or_default().to_owned());
                tokio::time::sleep(LOOK).await;
            }
        });
        Self { seen, looking }
    }

    pub(crate) fn hold_none(&self, ground: &Ground, when: &str) {
        let began = Instant::now();
        while !self.seen.lock().unwrap().iter().any(|page| page.contains("The database’s key")) {
            assert!(began.elapsed() < LIMIT, "the page was not looked at");
            // Whoever looks does so in another thread.
            std::thread::sleep(LOOK);
        }
        let (seen, secrets) = (self.seen.lock().unwrap(), ground.secrets());
        for page in seen.iter() {
            let there = secrets.iter().find(|secret| page.contains(secret.as_str()));
            assert!(there.is_none(), "{when}: a secret stood on the page: {page}");
        }
    }

    /// Until now there was something that the person wrote.
    fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

/// The page with the keys, all of whose states are kept from now on.
async fn opened(ground: &Ground) -> (Window, u32, Pages) {
    let window = ground.session.window(&ground.begin()).await;
    let app = window.app();
    ground.watch(app);
    ground.session.tray().shows("Connected").await;
    window.press("Keys").await;
    let pages = Pages::of(&window);
    (window, app, pages)
}

async fn begins(window: &Window) {
    window.press("Rotate now").await;
    window.says("Before it is changed").await;
    window.press("Rotate all the same").await;
}

async fn finishes(ground: &Ground, window: &Window, resets: u32) {
    ground.reaches("await_ack").await;
    // What is asked moves the buttons.
    window.says("Give Helios the new address").await;
    window.has_come_to_rest().await;
    assert_eq!(ground.resets(), resets);
    ground.address();
    window.press("Helios has it").await;
    let (receipt, journal) = ground.ends().await;
    assert_eq!(receipt.unwrap_or(journal)["outcome"], "done");
    window.button("Rotate now").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_success_and_after_each_failure() {
    let mut ground = Ground::start("", Options::default()).await;
    let (window, app, pages) = opened(&ground).await;
    let look = |ground: &Ground, when: &str| {
        ground.no_trace(app, when);
        pages.hold_none(ground, when);
    };

    begins(&window).await;
    finishes(&ground, &window, 1).await;
    look(&ground, "all went well");

    ground.upstash.misbehave_times(Fault::Reset(ResetFault::DoneError), 1);
    begins(&window).await;
    finishes(&ground, &window, 2).await;
    look(&ground, "500 after doing it");

    ground.upstash.adopt(Habits { protected_credentials: true, cuts_connections: true, ..Habits::default() });
    ground.upstash.misbehave_times(Fault::Reset(ResetFault::WithoutPassword), 1);
    begins(&window).await;
    window.says("Paste the address").await;
    look(&ground, "the new key is not told");
    let before = ground.session.kept("redis-url").unwrap();
    window.write(".asked input", &before).await;
    window.press("Use this address").await;
    window.says("is refused").await;
    window.clear(".asked input").await;
    window.write(".asked input", &ground.address()).await;
    window.press("Use this address").await;
    window.says("Give Helios the new address").await;
    pages.forget();
    finishes(&ground, &window, 3).await;
    look(&ground, "the person gave the new key");
    ground.upstash.adopt(Habits::default());

    ground.upstash.misbehave_times(Fault::Reset(ResetFault::AnswersLate(Duration::from_secs(3))), 1);
    begins(&window).await;
    holds("the key is changed", LIMIT, async || ground.resets() == 4).await;
    ground.session.lock_keychain().await;
    window.says("Unlock the keychain").await;
    look(&ground, "the keychain is locked");
    ground.session.screenshot("keys-locked");
    ground.session.unlock_keychain().await;
    window.press("Try again").await;
    finishes(&ground, &window, 4).await;
    look(&ground, "the keychain was locked");

    ground.upstash.revoke_key();
    window.press("Rotate now").await;
    window.says("It cannot be changed like this").await;
    look(&ground, "the API key is revoked");
    assert_eq!(ground.resets(), 4);
    ground.session.tray().shows("Connected").await;
    window.ends_by(Signal::TERM).await;
    ground.ends_well(std::process::id(), 4, "ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_user_for_each_agent_too() {
    let mut ground = Ground::paid("").await;
    let (window, app, pages) = opened(&ground).await;
    let look = |ground: &Ground, when: &str| {
        ground.keep_out_what_is_kept();
        ground.no_trace(app, when);
        pages.hold_none(ground, when);
    };
    let goes_back = async |ground: &Ground, when: &str| {
        window.says("Give Helios the new address").await;
        look(ground, when);
        window.has_come_to_rest().await;
        window.press("Undo").await;
        ground.reaches("withdraw").await;
        // What was said before it began to listen for that does not count.
        ground.session.tray().shows("Connected").await;
        let id = ground.standing().unwrap().id;
        ground.helios_says("rotation.ack", json!({ "rotation_id": id })).await;
        let (receipt, journal) = ground.ends().await;
        assert_eq!(receipt.unwrap_or(journal)["outcome"], "undone");
        look(ground, when);
    };

    window.press("See whether this database can").await;
    window.press("Make them users").await;
    goes_back(&ground, "the move is undone").await;

    window.button("Make them users").await;
    window.press("Make them users").await;
    window.says("Give Helios the new address").await;
    look(&ground, "both keys work");
    finishes(&ground, &window, 0).await;
    look(&ground, "each is a user");

    begins(&window).await;
    goes_back(&ground, "the change is undone").await;

    let pid = ground.session.keychain_process();
    let stopping = watch(&ground.database(), move |seen| {
        if seen == "announce" {
            signal(pid, Signal::STOP);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    begins(&window).await;
    tokio::task::spawn_blocking(|| stopping.join().unwrap()).await.unwrap();
    ground.session.lock_keychain().await;
    window.says("Unlock the keychain").await;
    look(&ground, "the keychain is locked");
    ground.session.unlock_keychain().await;
    window.press("Try again").await;
    finishes(&ground, &window, 0).await;
    look(&ground, "the keychain was locked");
    window.ends_by(Signal::TERM).await;
    ground.ends_as("chad", std::process::id(), "ended").await;
}
