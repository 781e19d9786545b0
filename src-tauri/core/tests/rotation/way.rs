//! The ways to Helios.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use heliograph_core::{
    notification::{Notification, Subject},
    rotation::{RotationOutcome, RotationReason, key_fingerprint},
    settings::Handover,
};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::{
    session::within,
    world::{SOON, World, exposed},
};

#[test]
fn sealed_in_the_mailbox() {
    within("way::sealed_in_the_mailbox", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let identity = age::x25519::Identity::generate();
        world.mailbox(&engine).await;
        world.sets(&engine, Handover::Sealed, &identity.to_public().to_string(), "").await;
        world.until(&engine, |view| view.handover.ready).await;
        assert!(engine.rotation().test_handover().await.handover.tested.unwrap().worked);
        let old = world.url();
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let view = world.until(&engine, |view| view.helios_behind_since.is_some()).await;
        let id = view.id.unwrap();
        // What Helios finds in the mailbox, and nobody else can read.
        let sealed = world.sealed(&id);
        let opened = String::from_utf8(age::decrypt(&identity, sealed.as_bytes()).unwrap()).unwrap();
        assert_eq!(opened, exposed(&world.url()));
        world.helios_says(&opened.into(), "helios", "rotation.ack", &id).await;
        world.until(&engine, |view| view.outcome == Some(RotationOutcome::Done)).await;
        let receipt = engine.rotation().receipts().await.unwrap().remove(0);
        assert!(receipt.handed_over.unwrap().worked);
        world.ends_well(&engine, "one", &[&old], 1).await;
    });
}

#[test]
fn by_a_command() {
    within("way::by_a_command", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let got = world.folder.path().join("got");
        let command = format!("sh -c 'tee {}'", got.display());
        world.sets(&engine, Handover::Command, "", &command).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until(&engine, |view| view.helios_behind_since.is_some()).await;
        assert_eq!(std::fs::read_to_string(&got).unwrap().trim(), exposed(&world.url()));
        engine.rotation().finish().unwrap();
        world.until(&engine, |view| view.outcome.is_some()).await;
        let handed = engine.rotation().receipts().await.unwrap().remove(0).handed_over.unwrap();
        assert!(handed.worked && handed.words.contains("[removed]"), "{}", handed.words);
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn a_key_that_helios_sends_is_used_once_it_is_confirmed() {
    within("way::a_key_that_helios_sends_is_used_once_it_is_confirmed", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let key = age::x25519::Identity::generate().to_public().to_string();
        for (from, offered) in [("mallory", false), ("helios", true)] {
            world.helios_says(&world.url(), from, "rotation.key", &key).await;
            if offered {
                let view = world.until(&engine, |view| view.handover.offered.is_some()).await;
                assert_eq!(view.handover.offered.unwrap().fingerprint, key_fingerprint(&key));
            }
        }
        assert_eq!(engine.settings().rotation.helios_key, "");
        assert_eq!(engine.confirm_key(true).await.unwrap().rotation.helios_key, key);
        let view = world.until(&engine, |view| view.handover.key_fingerprint.is_some()).await;
        assert_eq!(view.handover.offered, None);
        assert!(engine.confirm_key(true).await.is_err());
        assert!(!world.url().expose_secret().is_empty());
        engine.stop().await;
    });
}

#[test]
fn that_helios_is_behind_is_said_until_it_was_shown_and_then_no_more() {
    let name = "way::that_helios_is_behind_is_said_until_it_was_shown_and_then_no_more";
    within(name, async |session| {
        session.open().await;
        let world = World::start().await;
        world.tuning.lock().unwrap().remind_after = Duration::from_millis(100);
        world.desktop.refuses.store(2, Relaxed);
        let engine = world.engine("one").await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let behind = |asked: &Vec<Notification>| asked.iter().filter(|one| one.subject == Subject::Key).count();
        let mut asked = world.desktop.asked.subscribe();
        timeout(SOON, asked.wait_for(|asked| behind(asked) == 3)).await.expect("it is said again").unwrap();
        // Ten times as long as until it was said again.
        assert!(timeout(Duration::from_secs(1), asked.wait_for(|asked| behind(asked) > 3)).await.is_err());
        engine.rotation().finish().unwrap();
        world.until(&engine, |view| view.outcome.is_some()).await;
        world.ends_well(&engine, "one", &[], 1).await;
    });
}
