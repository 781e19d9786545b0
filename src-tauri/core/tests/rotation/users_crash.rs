//! The program ends in the middle of each step of a rotation of users, and is started again.

use heliograph_core::{
    credentials::Item,
    rotation::{RotationOutcome, RotationReason, RotationStep, RotationView, StepState},
};

use crate::{
    server::{Server, hash, waits},
    session::within,
    world::{World, exposed},
};

/// Ends the program as soon as it is at this step, and starts it again. `back`: on the way back.
fn ended_at(name: &str, step: RotationStep, back: bool) {
    within(name, async |session| {
        session.open().await;
        let world = World::paid().await;
        let server = Server::behind(&world).await;
        let engine = world.engine("one").await;
        let helios = world.moves(&engine).await;
        let ours = world.item(Item::Address).await.unwrap();
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let late = matches!(step, RotationStep::Revoke | RotationStep::Receipt | RotationStep::Undo);
        let first = if late { RotationStep::AwaitAck } else { step };
        world.until(&engine, |view| has_begun(view, first)).await;
        if late {
            world.until(&engine, waits).await;
            world.note(&engine.rotation().address_for_helios().unwrap());
            if back { engine.rotation().undo() } else { engine.rotation().finish() }.unwrap();
            world.until(&engine, |view| has_begun(view, step) || view.outcome.is_some()).await;
        }
        world.note_items().await;
        engine.stop().await;
        let engine = world.engine("one").await;
        let over = |view: &RotationView| view.outcome.is_some();
        let view = world.until(&engine, |view| over(view) || waits(view)).await;
        if !over(&view) {
            world.note(&engine.rotation().address_for_helios().unwrap());
            engine.rotation().finish().unwrap();
        }
        let view = world.until(&engine, over).await;
        // The receipt of the first one stands there where this one was never written down.
        let wanted = match step {
            _ if back => RotationOutcome::Undone,
            RotationStep::Preflight | RotationStep::Announce => view.outcome.unwrap(),
            _ => RotationOutcome::Done,
        };
        assert_eq!(view.outcome, Some(wanted), "{view:#?}");
        let kept =
            (exposed(&world.item(Item::Address).await.unwrap()) == exposed(&ours), server.lets_in(&helios).await);
        assert!(kept == (true, true) || kept == (false, false), "ours is the old one, Helios's is: {kept:?}");
        assert!(!back || kept.0);
        world.users_end_well(&engine, &server, [1, 1]).await;
        // Once more, from the beginning: nothing is left over.
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let helios = world.hands_over(&engine).await;
        assert_eq!(server.tokens("helios").await, [hash(&helios)]);
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

fn has_begun(view: &RotationView, step: RotationStep) -> bool {
    let begun = view.steps.iter().rev().find(|one| !matches!(one.state, StepState::Waiting | StepState::Skipped));
    view.running && begun.is_some_and(|one| one.step >= step)
}

macro_rules! at {
    ($($name:ident: $step:ident $back:literal),* $(,)?) => {$(
        #[test]
        fn $name() {
            ended_at(concat!("users_crash::", stringify!($name)), RotationStep::$step, $back);
        }
    )*};
}

at! {
    in_the_preflight: Preflight false,
    in_the_announcement: Announce false,
    in_the_making: Reset false,
    in_the_storing: Store false,
    in_the_proof: Prove false,
    in_the_reconnection: Reconnect false,
    in_the_handover: HandOver false,
    while_helios_is_waited_for: AwaitAck false,
    in_the_revocation: Revoke false,
    in_the_receipt: Receipt false,
    on_the_way_back: Undo true,
    in_the_receipt_of_what_was_taken_back: Receipt true,
}
