//! Rotations as a whole: Upstash's stand-in with a real server behind it, a real keychain, GitHub's stand-in, and a
//! Helios that is given the new key and says so.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod crash;
mod gaps;
mod helios;
mod journal;
mod locked;
mod lost;
mod outage;
mod power;
mod rollback;
mod server;
#[path = "../credentials/session.rs"]
#[allow(dead_code, reason = "the keychain's own tests do more with it")]
mod session;
mod two;
mod users;
mod users_crash;
mod users_power;
mod voice;
mod way;
#[allow(dead_code, reason = "the test of what all of it costs does more with it")]
mod world;

use heliograph_core::{
    engine::Condition,
    rotation::{PreflightKind, PreflightWeight, RotationAsk, RotationOutcome, RotationReason, StepState},
};
use heliograph_sandbox::upstash::Habits as UpstashHabits;

use crate::{session::within, world::World};

#[test]
fn the_key_is_changed_and_everybody_has_the_new_one() {
    within("the_key_is_changed_and_everybody_has_the_new_one", async |session| {
        session.open().await;
        let world = World::start().await;
        world.upstash.adopt(UpstashHabits { cuts_connections: true, ..UpstashHabits::default() });
        let engine = world.engine("one").await;
        let old = world.url();
        let before = world.held(&engine).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until(&engine, |view| view.helios_behind_since.is_some()).await;
        world.headline(&engine, "Helios on the old key").await;
        assert_eq!(engine.snapshot().condition, Condition::HeliosSilent, "it is not shown as well");
        let (new, id) = (engine.rotation().address_for_helios().unwrap(), world.view(&engine).id.unwrap());
        world.helios_says(&new, "helios", "rotation.ack", &id).await;
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Done), "{view:#?}");
        assert!(view.steps.iter().all(|step| matches!(step.state, StepState::Done | StepState::Warned)), "{view:#?}");
        let receipt = engine.rotation().receipts().await.unwrap().remove(0);
        assert_eq!(view.last.as_ref(), Some(&receipt));
        assert_eq!(receipt.acknowledged.unwrap().by.as_deref(), Some("helios"));
        assert_eq!((receipt.old.unwrap().len(), receipt.new.unwrap().len()), (8, 8));
        assert!(receipt.outage_ms.is_some_and(|ms| (0..20_000).contains(&ms)), "{:?}", receipt.outage_ms);
        assert!(receipt.ended >= receipt.begun && receipt.begun >= before);
        assert_eq!(view.due.days, Some(30), "{:?}", view.due);
        world.ends_well(&engine, "one", &[&old], 1).await;
    });
}

#[test]
fn what_is_missing_is_said_with_its_consequence() {
    within("what_is_missing_is_said_with_its_consequence", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let findings = engine.rotation().check().await.findings;
        let of = |kind| findings.iter().find(|finding| finding.kind == kind).unwrap();
        for kind in [
            PreflightKind::Address,
            PreflightKind::ApiKey,
            PreflightKind::Database,
            PreflightKind::Active,
            PreflightKind::Credentials,
            PreflightKind::Keychain,
            PreflightKind::Disk,
            PreflightKind::Alone,
            PreflightKind::Link,
            PreflightKind::Elsewhere,
        ] {
            assert_eq!(of(kind).weight, PreflightWeight::Good, "{:?}", of(kind));
        }
        for kind in [PreflightKind::Helios, PreflightKind::Handover] {
            assert_eq!(of(kind).weight, PreflightWeight::Warning, "{:?}", of(kind));
            assert!(of(kind).consequence.contains("cut off"), "{:?}", of(kind));
        }
        let said = of(PreflightKind::Handover).consequence.clone();
        let mut settings = engine.settings();
        settings.agents.peers.push("sol".into());
        engine.change_settings(engine.settings(), settings).await.unwrap();
        let findings = engine.rotation().check().await.findings;
        let handover = findings.into_iter().find(|finding| finding.kind == PreflightKind::Handover).unwrap();
        assert!(handover.consequence.starts_with(&said) && handover.consequence.ends_with(": sol."), "{handover:?}");
        // Without the API nothing is begun.
        world.upstash.revoke_key();
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Unchanged));
        assert!(view.words.contains("refused"), "{}", view.words);
        assert_eq!(engine.rotation().receipts().await.unwrap(), []);
        world.ends_well(&engine, "one", &[], 0).await;
    });
}

#[test]
fn an_endpoint_that_is_a_bare_name_is_found_all_the_same() {
    within("an_endpoint_that_is_a_bare_name_is_found_all_the_same", async |session| {
        session.open().await;
        let world = World::start().await;
        world.upstash.adopt(UpstashHabits { bare_endpoint: true, ..UpstashHabits::default() });
        let engine = world.engine("one").await;
        world.rotates(&engine).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn a_second_click_is_refused() {
    within("a_second_click_is_refused", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        assert!(engine.rotation().begin(RotationReason::Asked).await.unwrap_err().message.contains("already"));
        world.until(&engine, |view| view.helios_behind_since.is_some()).await;
        assert!(engine.rotation().begin(RotationReason::Monthly).await.is_err());
        engine.rotation().finish().unwrap();
        world.until(&engine, |view| view.outcome.is_some()).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn a_key_that_may_have_leaked_is_looked_for_in_our_files() {
    within("a_key_that_may_have_leaked_is_looked_for_in_our_files", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let stray = world.home("one").logs.join("stray.log");
        std::fs::write(&stray, format!("once: {}\n", world::exposed(&world.url()))).unwrap();
        engine.rotation().begin(RotationReason::MayHaveLeaked).await.unwrap();
        world.finishes(&engine).await;
        let receipt = engine.rotation().receipts().await.unwrap().remove(0);
        assert!(receipt.notes.iter().any(|note| note.contains("stray.log")), "{:?}", receipt.notes);
        std::fs::remove_file(stray).unwrap();
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn a_locked_keychain_is_waited_for() {
    within("a_locked_keychain_is_waited_for", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        world.resets_late(std::time::Duration::from_secs(2));
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until_reset().await;
        session::Session::lock();
        let view = world.until(&engine, |view| view.asks.is_some()).await;
        assert_eq!(view.asks.unwrap().what, RotationAsk::Keychain);
        session.unlock().await;
        engine.rotation().again();
        world.finishes(&engine).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn receipts_go_into_a_file() {
    within("receipts_go_into_a_file", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        world.rotates(&engine).await;
        world.rotates(&engine).await;
        let place = world.folder.path().join("receipts.jsonl");
        let exported = engine.rotation().export_receipts(&place).await.unwrap();
        assert_eq!(exported.messages, 2);
        let lines = std::fs::read_to_string(place).unwrap();
        let read: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0]["new"], read[1]["old"], "oldest first, and one after the other");
        world.ends_well(&engine, "one", &[], 2).await;
    });
}
