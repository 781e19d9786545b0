//! The answer to the one question that must not be asked twice goes astray.

use std::time::Duration;

use heliograph_core::{
    credentials::{Item, Keychain},
    rotation::{RotationAsk, RotationOutcome, RotationReason},
};
use heliograph_sandbox::upstash::{Fault as UpstashFault, Habits as UpstashHabits, ResetFault};

use crate::{
    session::within,
    world::{self, World},
};

#[test]
fn done_with_500_or_without_the_password_is_read_back() {
    within("lost::done_with_500_or_without_the_password_is_read_back", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let faults = [
            ResetFault::DoneError,
            ResetFault::WithoutPassword,
            ResetFault::AnswersLate(Duration::from_secs(1)),
            ResetFault::DoneLate(Duration::from_secs(1)),
        ];
        for (number, fault) in faults.into_iter().enumerate() {
            world.upstash.misbehave_times(UpstashFault::Reset(fault), 1);
            world.rotates(&engine).await;
            let done = u32::try_from(number).unwrap() + 1;
            assert_eq!(world.resets(), done, "{fault:?}");
        }
        world.ends_well(&engine, "one", &[], 4).await;
    });
}

#[test]
fn done_and_never_answered_is_read_back() {
    within("lost::done_and_never_answered_is_read_back", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        world.upstash.misbehave_times(UpstashFault::Reset(ResetFault::DoneSilent), 1);
        world.rotates(&engine).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn not_done_leaves_everything_as_it_was() {
    within("lost::not_done_leaves_everything_as_it_was", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        world.upstash.misbehave_times(UpstashFault::Reset(ResetFault::Error), 1);
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Unchanged), "{view:#?}");
        assert_eq!(world.url_of_keychain("one").await, world::exposed(&world.url()));
        world.ends_well(&engine, "one", &[], 0).await;
    });
}

#[test]
fn a_key_that_comes_after_all_is_followed() {
    within("lost::a_key_that_comes_after_all_is_followed", async |session| {
        session.open().await;
        let world = World::start().await;
        world.upstash.adopt(UpstashHabits { cuts_connections: true, ..UpstashHabits::default() });
        let engine = world.engine("one").await;
        world.upstash.misbehave_times(UpstashFault::Reset(ResetFault::Error), 1);
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until(&engine, |view| view.outcome == Some(RotationOutcome::Unchanged)).await;
        // As if the service had carried it out at last.
        world.reset_in_the_console().await;
        let view = world.until(&engine, |view| view.outcome == Some(RotationOutcome::Adopted)).await;
        assert_eq!(view.reason, Some(RotationReason::Followed));
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn a_new_key_that_the_server_takes_late_is_kept_until_it_does() {
    within("lost::a_new_key_that_the_server_takes_late_is_kept_until_it_does", async |session| {
        session.open().await;
        let world = World::start().await;
        {
            let mut tuning = world.tuning.lock().unwrap();
            (tuning.prove_limit, tuning.long_pause) = (Duration::from_millis(100), Duration::from_millis(100));
        }
        let engine = world.engine("one").await;
        for (hidden, resets) in [(true, 1), (false, 2)] {
            world.upstash.adopt(UpstashHabits { protected_credentials: hidden, ..UpstashHabits::default() });
            let late = ResetFault::TakenLate(Duration::from_secs(10));
            world.upstash.misbehave_times(UpstashFault::Reset(late), 1);
            engine.rotation().begin(RotationReason::Asked).await.unwrap();
            let view = world.until(&engine, |view| view.asks.is_some() || view.outcome.is_some()).await;
            let asked = view.asks.unwrap_or_else(|| panic!("hidden: {hidden}: {}", view.words));
            assert_eq!(asked.what, RotationAsk::Network);
            assert!(asked.words.message.contains("does not take it yet"), "{}", asked.words.message);
            let kept = Keychain::new(false).read(Item::NextAddress).await.unwrap();
            assert_eq!(world::exposed(&kept.unwrap()), world::exposed(&world.url()));
            world.finishes(&engine).await;
            world.ends_well(&engine, "one", &[], resets).await;
        }
    });
}

#[test]
fn hidden_passwords_are_asked_for() {
    within("lost::hidden_passwords_are_asked_for", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        world.upstash.adopt(UpstashHabits { protected_credentials: true, ..UpstashHabits::default() });
        world.upstash.misbehave_times(UpstashFault::Reset(ResetFault::DoneError), 1);
        let old = world.url();
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let view = world.until(&engine, |view| view.asks.is_some()).await;
        assert_eq!(view.asks.unwrap().what, RotationAsk::Address);
        assert!(engine.rotation().give_address(&old).await.is_err(), "the old one is tried and not taken");
        assert!(engine.rotation().give_address(&"nonsense".into()).await.is_err());
        engine.rotation().give_address(&world.url()).await.unwrap();
        world.finishes(&engine).await;
        world.ends_well(&engine, "one", &[&old], 1).await;
    });
}

#[test]
fn an_api_key_that_is_revoked_in_the_middle_is_told() {
    within("lost::an_api_key_that_is_revoked_in_the_middle_is_told", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        world.resets_late(Duration::from_secs(20));
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until_reset().await;
        engine.stop().await;
        world.upstash.behave();
        world.upstash.revoke_key();
        let engine = world.engine("one").await;
        let view = world.until(&engine, |view| view.asks.is_some()).await;
        assert_eq!(view.asks.unwrap().what, RotationAsk::Address, "{:?}", view.words);
        engine.rotation().give_address(&world.url()).await.unwrap();
        world.finishes(&engine).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}
