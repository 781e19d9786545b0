//! The keychain is locked at each stage: where it is needed it is asked for, nothing is lost, and it goes on once it is
//! open again.

use std::{fs, ops::ControlFlow, path::Path, time::Duration};

use heliograph_core::rotation::{RotationAsk, RotationOutcome, RotationReason, RotationView};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    journal::{self, STAGES, until, watch},
    session::{Session, within},
    world::World,
};

/// The server whose configuration stands in this folder.
fn server(folder: &Path) -> Pid {
    let folder = folder.display().to_string();
    let found = fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let words = String::from_utf8_lossy(&words);
        let ours = words.contains("redis-server") && words.contains(&folder);
        if ours { entry.file_name().to_str()?.parse().ok() } else { None }
    });
    Pid::from_raw(found.expect("the server runs")).unwrap()
}

fn place(stage: &str) -> usize {
    journal::place(&STAGES, stage)
}

async fn opens_and_goes_on(world: &World, session: &mut Session, engine: &heliograph_core::engine::Engine) {
    session.unlock().await;
    engine.reconnect();
    engine.rotation().again();
    world.finishes(engine).await;
    world.ends_well(engine, "one", &[], 1).await;
}

#[test]
fn before_it_begins_nothing_is_begun() {
    within("locked::before_it_begins_nothing_is_begun", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        Session::lock();
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Unchanged));
        assert!(view.words.to_lowercase().contains("keychain"), "{}", view.words);
        assert_eq!(world.resets(), 0);
        session.unlock().await;
        world.rotates(&engine).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn in_the_announcement_it_is_asked_for_when_the_new_key_is_to_be_stored() {
    within("locked::in_the_announcement_it_is_asked_for_when_the_new_key_is_to_be_stored", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        // Somebody who knows how to be ready is waited for.
        world.helios_says(&world.url(), "helios", "rotation.ready", "earlier").await;
        let sight = until(&world.home("one").database(), &STAGES, "announce");
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        tokio::task::spawn_blocking(|| sight.join().unwrap()).await.unwrap();
        Session::lock();
        assert_eq!(world.resets(), 0, "locked before the key was asked for");
        let view = world.until(&engine, |view| view.asks.is_some()).await;
        assert_eq!(view.asks.unwrap().what, RotationAsk::Keychain);
        opens_and_goes_on(&world, session, &engine).await;
    });
}

#[test]
fn in_the_proof_it_is_asked_for_when_the_new_key_takes_the_old_ones_place() {
    within("locked::in_the_proof_it_is_asked_for_when_the_new_key_takes_the_old_ones_place", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let server = server(world.folder.path());
        // Without an answer from the server the proof lasts.
        let mut stopped = false;
        let sight = watch(&world.home("one").database(), move |stage| {
            if !stopped && place(stage) >= place("store") {
                kill_process(server, Signal::STOP).unwrap();
                stopped = true;
            }
            if stage == "prove" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        tokio::task::spawn_blocking(|| sight.join().unwrap()).await.unwrap();
        Session::lock();
        kill_process(server, Signal::CONT).unwrap();
        let view = world.until(&engine, |view| view.asks.is_some()).await;
        assert_eq!(view.asks.unwrap().what, RotationAsk::Keychain);
        assert!(view.steps.iter().any(|step| step.words.contains("old one’s place")), "{:#?}", view.steps);
        opens_and_goes_on(&world, session, &engine).await;
    });
}

/// Behind the last use of the keychain nobody is asked.
fn not_needed_from(name: &str, stage: &'static str) {
    within(name, async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let sight = until(&world.home("one").database(), &STAGES, stage);
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        if stage == "receipt" {
            world.until(&engine, |view| view.helios_behind_since.is_some()).await;
            Session::lock();
            engine.rotation().finish().unwrap();
        }
        tokio::task::spawn_blocking(|| sight.join().unwrap()).await.unwrap();
        Session::lock();
        if stage != "receipt" {
            world.finishes(&engine).await;
        }
        world.until(&engine, |view| view.outcome == Some(RotationOutcome::Done)).await;
        session.unlock().await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

/// The program ends at this stage and is started again while the keychain is locked.
fn locked_at_the_start(name: &str, stage: &'static str) {
    within(name, async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let server = server(world.folder.path());
        if stage == "reset" {
            world.resets_late(Duration::from_secs(20));
        }
        // The one before is the last whose work can be hindered from here.
        let freeze = STAGES[place(stage).saturating_sub(1)];
        let held = ["prove", "reconnect"].contains(&stage);
        let sight = watch(&world.home("one").database(), move |seen| {
            if held && seen == freeze {
                kill_process(server, Signal::STOP).unwrap();
            }
            if place(seen) >= place(stage) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let old = world.url();
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        if stage == "reset" {
            world.until_reset().await;
        }
        tokio::task::spawn_blocking(|| sight.join().unwrap()).await.unwrap();
        engine.stop().await;
        let _ = kill_process(server, Signal::CONT);
        world.upstash.behave();
        assert_eq!(world.resets(), 1);
        let reached = crate::journal::standing(&world.home("one").database()).unwrap().stage;
        Session::lock();
        let engine = world.engine("one").await;
        let asks = |view: &RotationView| view.asks.is_some();
        let view = world.until(&engine, asks).await;
        let what = view.asks.unwrap().what;
        match place(&reached) {
            at if at < place("reconnect") => assert_eq!(what, RotationAsk::Keychain, "at {reached}"),
            at if at == place("reconnect") => assert_eq!(what, RotationAsk::Network, "at {reached}"),
            _ => assert_eq!(what, RotationAsk::HandOver, "at {reached}"),
        }
        world.headline(&engine, "Keychain locked").await;
        opens_and_goes_on(&world, session, &engine).await;
        world.ends_well(&engine, "one", &[&old], 1).await;
    });
}

macro_rules! at {
    ($which:ident: $($name:ident $stage:literal),* $(,)?) => {$(
        #[test]
        fn $name() {
            $which(concat!("locked::", stringify!($name)), $stage);
        }
    )*};
}

at! { not_needed_from:
    in_the_reconnection "reconnect",
    in_the_handover "hand_over",
    while_helios_is_waited_for "await_ack",
    in_the_receipt "receipt",
}

at! { locked_at_the_start:
    at_a_start_in_the_reset "reset",
    at_a_start_in_the_storing "store",
    at_a_start_in_the_proof "prove",
    at_a_start_in_the_adoption "adopt",
    at_a_start_in_the_reconnection "reconnect",
    at_a_start_while_helios_is_waited_for "await_ack",
}
