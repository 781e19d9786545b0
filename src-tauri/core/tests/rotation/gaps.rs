//! Two clicks at the same moment, and an API key that is taken away while the program runs.

use heliograph_core::rotation::{RotationAsk, RotationOutcome, RotationReason};
use heliograph_sandbox::upstash::{Fault as UpstashFault, ResetFault};

use crate::{
    journal::{STAGES, until},
    session::within,
    world::World,
};

#[test]
fn of_clicks_at_the_same_moment_one_counts() {
    within("gaps::of_clicks_at_the_same_moment_one_counts", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let clicks = (0..8).map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.rotation().begin(RotationReason::Asked).await.is_ok() })
        });
        let mut begun = 0;
        for click in clicks.collect::<Vec<_>>() {
            begun += u32::from(click.await.unwrap());
        }
        assert_eq!(begun, 1);
        world.finishes(&engine).await;
        world.ends_well(&engine, "one", &[], 1).await;
        assert_eq!(engine.rotation().receipts().await.unwrap().len(), 1);
    });
}

#[test]
fn an_api_key_that_is_revoked_before_the_reset_leaves_everything_as_it_was() {
    within("gaps::an_api_key_that_is_revoked_before_the_reset_leaves_everything_as_it_was", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        // Somebody who knows how to be ready is waited for.
        world.helios_says(&world.url(), "helios", "rotation.ready", "earlier").await;
        let sight = until(&world.home("one").database(), &STAGES, "announce");
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        tokio::task::spawn_blocking(|| sight.join().unwrap()).await.unwrap();
        world.upstash.revoke_key();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Unchanged));
        assert!(view.words.contains("did not change the key"), "{}", view.words);
        assert_eq!(world.resets(), 0);
        world.ends_well(&engine, "one", &[], 0).await;
    });
}

#[test]
fn an_api_key_that_is_revoked_behind_the_reset_is_told() {
    within("gaps::an_api_key_that_is_revoked_behind_the_reset_is_told", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let old = world.url();
        world.upstash.misbehave_times(UpstashFault::Reset(ResetFault::DoneSilent), 1);
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until_reset().await;
        world.upstash.revoke_key();
        let view = world.until(&engine, |view| view.asks.is_some()).await;
        assert_eq!(view.asks.unwrap().what, RotationAsk::Address, "{}", view.words);
        engine.rotation().give_address(&world.url()).await.unwrap();
        world.finishes(&engine).await;
        world.ends_well(&engine, "one", &[&old], 1).await;
    });
}
