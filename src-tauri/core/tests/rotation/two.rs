//! Two computers change the key at once.

use heliograph_core::rotation::{RotationOutcome, RotationReason};
use heliograph_sandbox::upstash::Habits as UpstashHabits;

use crate::{session::within, world::World};

#[test]
fn one_goes_first_and_the_other_takes_the_new_key_over() {
    within("two::one_goes_first_and_the_other_takes_the_new_key_over", async |session| {
        session.open().await;
        let world = World::start().await;
        world.upstash.adopt(UpstashHabits { cuts_connections: true, ..UpstashHabits::default() });
        let (one, two) = (world.engine("one").await, world.engine("sandbox-two").await);
        let old = world.url();
        one.rotation().begin(RotationReason::Asked).await.unwrap();
        two.rotation().begin(RotationReason::Asked).await.unwrap();
        let (first, second) = tokio::join!(world.settles(&one), world.settles(&two));
        let mut outcomes = [first, second];
        outcomes.sort_by_key(|outcome| *outcome == RotationOutcome::Adopted);
        assert_eq!(outcomes, [RotationOutcome::Done, RotationOutcome::Adopted]);
        world.ends_well(&one, "one", &[&old], 1).await;
        world.ends_well(&two, "sandbox-two", &[&old], 1).await;
    });
}

#[test]
fn one_that_only_looks_on_takes_the_new_key_over() {
    within("two::one_that_only_looks_on_takes_the_new_key_over", async |session| {
        session.open().await;
        let world = World::start().await;
        world.upstash.adopt(UpstashHabits { cuts_connections: true, ..UpstashHabits::default() });
        let (one, two) = (world.engine("one").await, world.engine("sandbox-two").await);
        world.rotates(&one).await;
        let view = world.until(&two, |view| view.outcome.is_some()).await;
        assert_eq!((view.outcome, view.reason), (Some(RotationOutcome::Adopted), Some(RotationReason::Followed)));
        world.ends_well(&one, "one", &[], 1).await;
        world.ends_well(&two, "sandbox-two", &[], 1).await;
    });
}
