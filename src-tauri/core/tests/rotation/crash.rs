//! The program ends in the middle of each step, and is started again.

use std::time::Duration;

use heliograph_core::rotation::{RotationAsk, RotationOutcome, RotationReason, RotationStep, RotationView, StepState};

use crate::{session::within, world::World};

/// Ends the program as soon as it is at this step, and starts it again.
fn ended_at(name: &str, step: RotationStep) {
    within(name, async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        if step == RotationStep::Reset {
            world.resets_late(Duration::from_secs(20));
        }
        let old = world.url();
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let last = if step == RotationStep::Receipt { RotationStep::AwaitAck } else { step };
        let begun = |view: &RotationView| {
            let begun = view.steps.iter().rev().find(|one| one.state != StepState::Waiting);
            begun.is_some_and(|one| one.step >= last)
        };
        world.until(&engine, begun).await;
        if step == RotationStep::Reset {
            world.until_reset().await;
        }
        if step == RotationStep::Receipt {
            engine.rotation().finish().unwrap();
        }
        engine.stop().await;
        world.upstash.behave();
        let engine = world.engine("one").await;
        // One that was not even written down was never begun.
        let never = |view: &RotationView| view.id.is_none() && view.due.since.is_some();
        let over = |view: &RotationView| view.outcome.is_some() || never(view);
        let view = world.until(&engine, |view| over(view) || view.helios_behind_since.is_some()).await;
        if !over(&view) {
            engine.rotation().finish().unwrap();
        }
        let view = world.until(&engine, over).await;
        let resets = match view.outcome {
            Some(RotationOutcome::Done) => 1,
            None | Some(RotationOutcome::Unchanged) => 0,
            other => panic!("{other:?}: {view:#?}"),
        };
        if step >= RotationStep::Reset {
            assert_eq!(resets, 1, "{view:#?}");
        }
        world.ends_well(&engine, "one", &[&old], resets).await;
        // Once more, from the beginning: nothing is left over.
        world.rotates(&engine).await;
        world.ends_well(&engine, "one", &[&old], resets + 1).await;
    });
}

/// Rotates until Helios is waited for, ends there, and has the journal say something else of what has not ended.
async fn ends_with_journal(world: &World, values: &str) {
    let engine = world.engine("one").await;
    engine.rotation().begin(RotationReason::Asked).await.unwrap();
    world.until(&engine, |view| view.helios_behind_since.is_some()).await;
    engine.stop().await;
    let sql = format!("UPDATE rotations SET journal = json_set(journal, {values}) WHERE ended IS NULL");
    let changed = rusqlite::Connection::open(world.home("one").database()).unwrap().execute(&sql, []);
    assert_eq!(changed.unwrap(), 1);
}

/// It ended while it looked for a still newer key, and the one from before is known nowhere any more.
#[test]
fn with_the_old_key_forgotten_it_goes_on_with_the_new_one() {
    within("crash::with_the_old_key_forgotten_it_goes_on_with_the_new_one", async |session| {
        session.open().await;
        let world = World::start().await;
        ends_with_journal(&world, "'$.machine.stage', 'reset', '$.machine.ask', NULL").await;
        let engine = world.engine("one").await;
        let asks = |view: &RotationView| view.asks.as_ref().is_some_and(|asks| asks.what == RotationAsk::Address);
        let view = world.until(&engine, |view| view.helios_behind_since.is_some() || asks(view)).await;
        assert!(!asks(&view), "{view:#?}");
        world.finishes(&engine).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

/// As after a power cut, with a computer whose clock stands behind the journal's since.
#[test]
fn a_clock_that_was_set_back_does_not_hold_it_up() {
    within("crash::a_clock_that_was_set_back_does_not_hold_it_up", async |session| {
        session.open().await;
        let world = World::start().await;
        let later = "'$.adopted_at', json_extract(journal, '$.adopted_at') + 3600000";
        ends_with_journal(&world, &format!("'$.machine.stage', 'reconnect', '$.machine.ask', NULL, {later}")).await;
        let engine = world.engine("one").await;
        world.finishes(&engine).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

macro_rules! at {
    ($($name:ident: $step:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            ended_at(concat!("crash::", stringify!($name)), RotationStep::$step);
        }
    )*};
}

at! {
    in_the_preflight: Preflight,
    in_the_announcement: Announce,
    in_the_reset: Reset,
    in_the_storing: Store,
    in_the_proof: Prove,
    in_the_reconnection: Reconnect,
    in_the_handover: HandOver,
    while_helios_is_waited_for: AwaitAck,
    in_the_receipt: Receipt,
}
