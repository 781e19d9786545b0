//! The power fails at every stage of a change in which each agent is a user, as in `power`.
//!
//! The engine goes on for a moment after the files were copied, so the world is often further than a power cut leaves it.
//! In the announcement it is held there, by somebody who is waited for until he is ready: nothing of what follows is done
//! before that is on the disk, and a spare user would stand there of which the store has never heard.

use heliograph_core::{
    credentials::Item,
    rotation::{RotationOutcome, RotationReason, RotationView},
};

use crate::{
    journal::{STAGES_OF_USERS, until},
    power::{Cut, copied, cut, put_back},
    server::{Server, hash, waits},
    session::within,
    world::{READY_LIMIT, SOON, World},
};

/// What the person does when Helios is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Press {
    Nothing,
    Finish,
    Undo,
}

fn power_fails(name: &str, stage: &'static str, lost: Cut, press: Press) {
    within(name, async |session| {
        session.open().await;
        let world = World::paid().await;
        let server = Server::behind(&world).await;
        let mut engine = world.engine("one").await;
        let before = world.moves(&engine).await;
        let ours = world.item(Item::Address).await.unwrap();
        if stage == "announce" {
            engine.stop().await;
            world.tuning.lock().unwrap().ready_limit = SOON;
            engine = world.engine("one").await;
            world.connected(&engine).await;
            world.helios_says(&before, "helios", "rotation.ready", "earlier").await;
        }
        let database = world.home("one").database();
        let sight = until(&database, &STAGES_OF_USERS, stage);
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        if press != Press::Nothing {
            world.until(&engine, waits).await;
            world.note(&engine.rotation().address_for_helios().unwrap());
        }
        match press {
            Press::Nothing => {}
            Press::Finish => drop(engine.rotation().finish().unwrap()),
            Press::Undo => drop(engine.rotation().undo().unwrap()),
        }
        tokio::task::spawn_blocking(|| sight.join().unwrap()).await.unwrap();
        let copy = copied(&database);
        world.note_items().await;
        engine.stop().await;
        cut(&copy.path().join("messages.db"), stage, lost);
        put_back(&copy, &database);
        world.tuning.lock().unwrap().ready_limit = READY_LIMIT;
        let engine = world.engine("one").await;
        // One that was not even written down was never begun; what is shown then is the one before it.
        let over = |view: &RotationView| view.outcome.is_some();
        let view = world.until(&engine, |view| over(view) || waits(view)).await;
        if !over(&view) {
            // Gone where everything was over already but the store's part.
            if let Ok(theirs) = engine.rotation().address_for_helios() {
                world.note(&theirs);
            }
            engine.rotation().finish().unwrap();
        }
        let view = world.until(&engine, over).await;
        match (stage, press) {
            ("preflight", _) => {}
            ("announce", _) => assert_eq!(view.outcome, Some(RotationOutcome::Unchanged), "{view:#?}"),
            (_, Press::Undo) => assert_eq!(view.outcome, Some(RotationOutcome::Undone), "{view:#?}"),
            _ => assert_eq!(view.outcome, Some(RotationOutcome::Done), "{view:#?}"),
        }
        assert_eq!(
            world.item(Item::Address).await.map(|url| hash(&url)) == Some(hash(&ours)),
            server.lets_in(&before).await
        );
        world.users_end_well(&engine, &server, [1, 1]).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let helios = world.hands_over(&engine).await;
        assert_eq!(server.tokens("helios").await, [hash(&helios)]);
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

macro_rules! at {
    ($($name:ident: $stage:literal $cut:ident $press:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            power_fails(concat!("users_power::", stringify!($name)), $stage, Cut::$cut, Press::$press);
        }
    )*};
}

at! {
    behind_preflight: "preflight" Behind Nothing,
    behind_announce: "announce" Behind Nothing,
    behind_make: "make" Behind Nothing,
    behind_store: "store" Behind Nothing,
    behind_grant: "grant" Behind Nothing,
    behind_prove: "prove" Behind Nothing,
    behind_adopt: "adopt" Behind Nothing,
    behind_reconnect: "reconnect" Behind Nothing,
    behind_hand_over: "hand_over" Behind Nothing,
    behind_await_ack: "await_ack" Behind Nothing,
    behind_revoke: "revoke" Behind Finish,
    behind_receipt: "receipt" Behind Finish,
    behind_go_back: "go_back" Behind Undo,
    behind_return: "return" Behind Undo,
    behind_withdraw: "withdraw" Behind Undo,
    within_announce: "announce" Within Nothing,
    within_store: "store" Within Nothing,
    within_grant: "grant" Within Nothing,
    within_prove: "prove" Within Nothing,
    within_adopt: "adopt" Within Nothing,
    within_reconnect: "reconnect" Within Nothing,
    within_hand_over: "hand_over" Within Nothing,
    within_await_ack: "await_ack" Within Nothing,
    within_revoke: "revoke" Within Finish,
    within_receipt: "receipt" Within Finish,
}
