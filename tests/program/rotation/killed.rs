//! Killed at every stage, as by `kill -9`, and started again: it finishes or explains, the service was asked once, and
//! the keychain holds an address that works.
//!
//! The journal is read every millisecond, and the program is killed by whoever reads as soon as the stage is there. Each
//! stage but the last is held open by something that does not answer: the service, the keychain, the server, a command,
//! Helios.

use std::{fs, ops::ControlFlow, path::Path, time::Duration};

use heliograph_sandbox::upstash::{Fault, ResetFault};
use rustix::process::Signal;
use serde_json::json;

use super::{
    ground::{Ground, clicked, signal},
    journal::{self, STAGES, watch},
};
use crate::session::{LIMIT, Options, Window, found, holds, lives};

/// What does not answer, from when this stage is on the disk.
#[derive(Clone, Copy)]
enum Deaf {
    Nobody,
    Keychain(&'static str),
    Server(&'static str),
}

struct Case {
    stage: &'static str,
    /// How resetting the password goes.
    reset: Option<ResetFault>,
    deaf: Deaf,
    /// So many times the service had changed the key when the program was killed.
    done: u32,
    /// And so many in the end.
    resets: u32,
}

impl Case {
    const fn at(stage: &'static str) -> Self {
        Self { stage, reset: None, deaf: Deaf::Nobody, done: 1, resets: 1 }
    }

    const fn before(stage: &'static str) -> Self {
        Self { done: 0, resets: 0, ..Self::at(stage) }
    }
}

fn place(stage: &str) -> usize {
    journal::place(&STAGES, stage)
}

/// A command that hangs when it is run for the first time, and writes down who it is.
fn command(flag: &Path) -> String {
    let flag = flag.display();
    let script = format!("cat >/dev/null; test -e {flag} || {{ echo $$ > {flag}; exec sleep 20; }}");
    format!("[rotation]\nhandover = \"command\"\ncommand = \"\"\"sh -c '{script}'\"\"\"\n")
}

/// Makes sure that the stage lasts.
async fn hold(ground: &Ground, case: &Case) {
    match case.stage {
        "preflight" => ground.upstash.misbehave(Fault::Silent),
        // Whoever was ready once is waited for.
        "announce" => ground.helios_was_ready().await,
        _ => {}
    }
    if let Some(fault) = case.reset {
        ground.upstash.misbehave_times(Fault::Reset(fault), 1);
    }
}

/// The rotation begins in the window, and the program is killed at the stage.
async fn killed(ground: &Ground, case: &Case, flag: &Path, window: Window) {
    window.press("Keys").await;
    window.press("Rotate now").await;
    window.says("Before it is changed").await;
    hold(ground, case).await;
    let (app, server, keychain) = (window.app(), ground.server().await, ground.session.keychain_process());
    ground.watch(app);
    let (stage, mut deaf) = (case.stage, case.deaf);
    let dies = move |seen: &str| {
        if place(seen) < place(stage) {
            return ControlFlow::Continue(());
        }
        // What the service or the command does is looked at first.
        if !["reset", "hand_over"].contains(&stage) {
            signal(app, Signal::KILL);
        }
        ControlFlow::Break(())
    };
    let killing = watch(&ground.database(), move |seen| {
        match deaf {
            Deaf::Keychain(from) if place(from) <= place(seen) => signal(keychain, Signal::STOP),
            Deaf::Server(from) if place(from) <= place(seen) => signal(server, Signal::STOP),
            _ => return dies(seen),
        }
        deaf = Deaf::Nobody;
        dies(seen)
    });
    clicked(&window, "Rotate all the same").await;
    if case.stage == "reset" {
        let asked = |seen: &heliograph_sandbox::upstash::Seen| seen.path.contains("reset-password");
        holds("the service is asked", LIMIT, async || ground.upstash.seen().iter().any(asked)).await;
        holds("and has done so much", LIMIT, async || ground.resets() == case.done).await;
        signal(app, Signal::KILL);
    }
    if case.stage == "hand_over" {
        let running = || fs::read_to_string(flag).ok()?.trim().parse().ok();
        ground.watch(found("the command runs", LIMIT, async || running()).await);
        signal(app, Signal::KILL);
    }
    if case.stage == "receipt" {
        ground.reaches("await_ack").await;
        // What is asked moves the buttons.
        window.says("Give Helios the new address").await;
        window.has_come_to_rest().await;
        // That it is over can be told to nobody.
        signal(server, Signal::STOP);
        clicked(&window, "Helios has it").await;
    }
    let seen = tokio::task::spawn_blocking(|| killing.join().unwrap()).await.unwrap();
    holds("the program is gone", LIMIT, async || !lives(app)).await;
    for process in [server, keychain] {
        signal(process, Signal::CONT);
    }
    ground.upstash.behave();
    let on_disk = ground.standing().expect("it was begun");
    assert_eq!((on_disk.stage.as_str(), on_disk.ended), (case.stage, false), "seen: {seen:?}");
    assert_eq!(ground.resets(), case.done, "at the death in {}", case.stage);
}

async fn killed_and_started_again(case: Case) {
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("flag");
    let settings = if case.stage == "hand_over" { command(&flag) } else { String::new() };
    let ground = Ground::start(&settings, Options::default()).await;
    let window = ground.session.window(&ground.begin()).await;
    ground.session.tray().shows("Connected").await;
    killed(&ground, &case, &flag, window).await;

    let app = ground.session.app(&ground.begin().in_background());
    ground.watch(app.pid());
    if case.resets == 1 && case.stage != "receipt" {
        ground.reaches("await_ack").await;
        let id = ground.standing().unwrap().id;
        ground.helios_says("rotation.ack", json!({ "rotation_id": id })).await;
    }
    let (receipt, journal) = ground.ends().await;
    let when = format!("killed at {}", case.stage);
    if case.resets == 1 {
        let receipt = receipt.unwrap_or_else(|| panic!("{when}: there is no receipt: {journal}"));
        assert_eq!(receipt["outcome"], "done", "{when}: {receipt}");
        assert!(receipt["notes"].to_string().contains("started anew"), "{when}: {receipt}");
        assert_ne!(receipt["old"], receipt["new"]);
        let by = if case.stage == "receipt" { json!(null) } else { json!("helios") };
        assert_eq!(receipt["acknowledged"]["by"], by, "{when}: {receipt}");
    } else {
        assert_eq!((receipt, &journal["machine"]["end"]), (None, &json!("unchanged")), "{when}");
        assert!(journal["why"].to_string().contains("ended before it had begun"), "{when}: {journal}");
    }
    ground.session.tray().shows("Connected").await;
    ground.ends_well(app.pid(), case.resets, &when).await;
    app.ends_when_asked().await;
}

macro_rules! killed {
    ($($name:ident: $case:expr),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            killed_and_started_again($case).await;
        }
    )*};
}

killed! {
    in_the_preflight: Case::before("preflight"),
    in_the_announcement: Case::before("announce"),
    when_the_reset_is_asked_for_and_not_done: Case {
        reset: Some(ResetFault::DoneLate(Duration::from_secs(4))),
        done: 0,
        ..Case::at("reset")
    },
    when_the_reset_is_done_and_not_answered: Case {
        reset: Some(ResetFault::AnswersLate(Duration::from_secs(20))),
        ..Case::at("reset")
    },
    in_the_storing: Case { deaf: Deaf::Keychain("announce"), ..Case::at("store") },
    in_the_proof: Case { deaf: Deaf::Server("store"), ..Case::at("prove") },
    in_the_adoption: Case { deaf: Deaf::Keychain("prove"), ..Case::at("adopt") },
    in_the_reconnection: Case { deaf: Deaf::Server("adopt"), ..Case::at("reconnect") },
    in_the_handover: Case::at("hand_over"),
    while_helios_is_waited_for: Case::at("await_ack"),
    in_the_receipt: Case::at("receipt"),
}
