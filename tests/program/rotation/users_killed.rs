//! Killed at every stage of a change in which each agent becomes a user of its own, and started again: it finishes, goes
//! back or explains, `default` is as it was, and the keychain holds an address that works.
//!
//! As in `killed`, whoever reads the journal kills, and each stage is held open by something that does not answer: the
//! server, also only where something is written or said, the keychain, a command, Helios.

use std::{ops::ControlFlow, path::Path};

use rustix::process::Signal;
use serde_json::json;

use super::{
    ground::{Ground, clicked, signal},
    journal::{self, STAGES_OF_USERS, watch},
    voice::Voice,
};
use crate::session::{LIMIT, Window, holds, lives};

fn place(stage: &str) -> usize {
    journal::place(&STAGES_OF_USERS, stage)
}

/// What does not answer, from when this stage is on the disk.
#[derive(Clone, Copy)]
enum Deaf {
    Nobody,
    Keychain(&'static str),
    Server(&'static str),
}

/// What the person does when Helios is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Press {
    Nothing,
    Finish,
    Undo,
}

#[derive(Clone, Copy)]
struct Case {
    stage: &'static str,
    deaf: Deaf,
    press: Press,
}

const fn at(stage: &'static str, deaf: Deaf) -> Case {
    Case { stage, deaf, press: Press::Nothing }
}

const fn after(press: Press, stage: &'static str, deaf: Deaf) -> Case {
    Case { stage, deaf, press }
}

/// A command that hangs when it is run for the first time.
fn command(flag: &Path) -> String {
    let flag = flag.display();
    let script = format!("cat >/dev/null; test -e {flag} || {{ touch {flag}; exec sleep 20; }}");
    format!("[rotation]\nhandover = \"command\"\ncommand = \"\"\"sh -c '{script}'\"\"\"\n")
}

/// Keeps the server from answering whoever writes or says something.
async fn hold_writes(voice: &mut Voice) {
    let () = voice.ask(&["CLIENT", "PAUSE", "60000", "WRITE"]).await.unwrap();
}

async fn let_writes_go(voice: &mut Voice) {
    let () = voice.ask(&["CLIENT", "UNPAUSE"]).await.unwrap();
}

/// Leads it from the announcement, which is held, to the storing, which finds a keychain that does not answer. The
/// making in between needs the keychain once, and then tries to write.
async fn led_to_the_storing(ground: &Ground, keychain: u32) {
    ground.reaches("announce").await;
    signal(keychain, Signal::STOP);
    let id = ground.standing().unwrap().id;
    ground.helios_says("rotation.ready", json!({ "rotation_id": id })).await;
    ground.reaches("make").await;
    let mut voice = ground.voice().await;
    hold_writes(&mut voice).await;
    signal(keychain, Signal::CONT);
    let noted = "SELECT json_extract(journal, '$.users.before') IS NOT NULL FROM rotations ORDER BY id DESC LIMIT 1";
    holds("the keychain was needed, and it is written down who had which keys", LIMIT, async || {
        ground.session.inbox().ask::<bool>(noted) == Some(true)
    })
    .await;
    signal(keychain, Signal::STOP);
    let_writes_go(&mut voice).await;
}

async fn killed(ground: &Ground, case: Case, window: Window) {
    window.press("Keys").await;
    window.press("See whether this database can").await;
    window.button("Make them users").await;
    if ["announce", "store", "prove"].contains(&case.stage) {
        // Whoever was ready once is waited for.
        ground.helios_was_ready().await;
    }
    let (app, server, keychain) = (window.app(), ground.server().await, ground.session.keychain_process());
    ground.watch(app);
    let Case { stage, deaf, .. } = case;
    let killing = watch(&ground.database(), move |seen| {
        match deaf {
            Deaf::Keychain(from) if place(from) <= place(seen) => signal(keychain, Signal::STOP),
            Deaf::Server(from) if place(from) <= place(seen) => signal(server, Signal::STOP),
            _ => {}
        }
        if place(seen) < place(stage) {
            return ControlFlow::Continue(());
        }
        signal(app, Signal::KILL);
        ControlFlow::Break(())
    });
    if case.stage == "preflight" {
        signal(server, Signal::STOP);
    }
    clicked(&window, "Make them users").await;
    if ["store", "prove"].contains(&case.stage) {
        led_to_the_storing(ground, keychain).await;
    }
    if case.stage == "prove" {
        ground.reaches("store").await;
        // The granting writes nothing; the proof would.
        hold_writes(&mut ground.voice().await).await;
        signal(keychain, Signal::CONT);
    }
    if case.press != Press::Nothing {
        ground.reaches("await_ack").await;
        let button = if case.press == Press::Undo { "Undo" } else { "Helios has it" };
        // What is asked moves the buttons.
        window.says("Give Helios the new address").await;
        window.has_come_to_rest().await;
        match case.stage {
            "revoke" => signal(server, Signal::STOP),
            // That it is over is said.
            "receipt" => hold_writes(&mut ground.voice().await).await,
            "go_back" => signal(keychain, Signal::STOP),
            _ => {}
        }
        clicked(&window, button).await;
    }
    let seen = tokio::task::spawn_blocking(|| killing.join().unwrap()).await.unwrap();
    holds("the program is gone", LIMIT, async || !lives(app)).await;
    for process in [server, keychain] {
        signal(process, Signal::CONT);
    }
    let_writes_go(&mut ground.voice().await).await;
    let on_disk = ground.standing().expect("it was begun");
    assert_eq!((on_disk.stage.as_str(), on_disk.ended), (case.stage, false), "seen: {seen:?}");
}

async fn killed_and_started_again(case: Case) {
    let folder = tempfile::tempdir().unwrap();
    let settings = if case.stage == "hand_over" { command(&folder.path().join("flag")) } else { String::new() };
    let ground = Ground::paid(&settings).await;
    let window = ground.session.window(&ground.begin()).await;
    ground.session.tray().shows("Connected").await;
    killed(&ground, case, window).await;

    let app = ground.session.app(&ground.begin().in_background());
    ground.watch(app.pid());
    let when = format!("killed at {}", case.stage);
    let begun = place(case.stage) > place("announce");
    if begun && case.press != Press::Finish {
        let next = if case.press == Press::Undo { "withdraw" } else { "await_ack" };
        ground.reaches(next).await;
        if case.press == Press::Undo {
            // What was said before it began to listen for that does not count.
            ground.session.tray().shows("Connected").await;
        }
        let id = ground.standing().unwrap().id;
        ground.helios_says("rotation.ack", json!({ "rotation_id": id })).await;
    }
    let (receipt, journal) = ground.ends().await;
    let (outcome, user) = match case.press {
        Press::Undo => ("undone", "default"),
        _ if begun => ("done", "chad"),
        _ => ("unchanged", "default"),
    };
    assert_eq!(journal["machine"]["end"], outcome, "{when}: {journal}");
    assert_eq!(receipt.is_some(), begun, "{when}: {journal}");
    ground.session.tray().shows("Connected").await;
    ground.ends_as(user, app.pid(), &when).await;
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
    in_the_preflight: at("preflight", Deaf::Nobody),
    in_the_announcement: at("announce", Deaf::Nobody),
    in_the_making: at("make", Deaf::Keychain("announce")),
    in_the_storing: at("store", Deaf::Nobody),
    in_the_granting: at("grant", Deaf::Server("store")),
    in_the_proof: at("prove", Deaf::Nobody),
    in_the_adoption: at("adopt", Deaf::Keychain("prove")),
    in_the_reconnection: at("reconnect", Deaf::Server("adopt")),
    in_the_handover: at("hand_over", Deaf::Nobody),
    while_helios_is_waited_for: at("await_ack", Deaf::Nobody),
    in_the_revocation: after(Press::Finish, "revoke", Deaf::Nobody),
    in_the_receipt: after(Press::Finish, "receipt", Deaf::Nobody),
    on_the_way_back: after(Press::Undo, "go_back", Deaf::Nobody),
    in_the_old_place_again: after(Press::Undo, "return", Deaf::Server("go_back")),
    in_the_withdrawal: after(Press::Undo, "withdraw", Deaf::Nobody),
}
