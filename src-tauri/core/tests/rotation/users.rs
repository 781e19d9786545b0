//! Each agent is a user of the database, and the old and the new token are valid side by side.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use heliograph_core::{
    credentials::Item,
    engine::{Draft, Engine},
    message::Priority,
    rotation::{
        PreflightKind, PreflightWeight, RotationAsk, RotationOutcome, RotationPlan, RotationReason, RotationStep,
        RotationView, StepState,
    },
    settings::Handover,
};

use crate::{
    helios::Helios,
    server::{Server, hash, login, waits},
    session::{Session, within},
    voice::Voice,
    world::{World, exposed},
};

/// A paid database, on which each agent is a user already; the address that Helios has is given too.
async fn moved(world: &World) -> (Engine, Server, secrecy::SecretString) {
    let server = Server::behind(world).await;
    let engine = world.engine("one").await;
    let helios = world.moves(&engine).await;
    (engine, server, helios)
}

#[test]
fn each_agent_becomes_a_user_of_its_own() {
    within("users::each_agent_becomes_a_user_of_its_own", async |session| {
        session.open().await;
        let world = World::paid().await;
        let server = Server::behind(&world).await;
        let engine = world.engine("one").await;
        let view = engine.rotation().check().await;
        assert!(view.offers_users && view.users_words.contains("user for each agent"), "{view:#?}");
        assert_eq!(view.plan, RotationPlan::OnePassword);
        assert_eq!(server.users().await, ["default"], "looking leaves nothing behind");
        engine.rotation().move_to_users().await.unwrap();
        let view = world.until(&engine, waits).await;
        assert!(view.can_undo && view.plan == RotationPlan::Overlap);
        let helios = engine.rotation().address_for_helios().unwrap();
        world.note(&helios);
        assert_eq!(login(&helios).0, "helios");
        world.helios_says(&helios, "helios", "rotation.ack", &view.id.unwrap()).await;
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Done), "{view:#?}");
        assert!(view.words.contains("user of its own") && !view.can_undo && !view.offers_users, "{view:#?}");
        assert!(view.steps.iter().all(|step| matches!(step.state, StepState::Done | StepState::Warned)), "{view:#?}");
        assert!(view.steps.iter().any(|step| step.step == RotationStep::Revoke));
        assert!(!view.steps.iter().any(|step| step.step == RotationStep::Undo));
        let receipt = view.last.unwrap();
        assert_eq!(
            (receipt.plan, receipt.acknowledged.unwrap().by.as_deref()),
            (RotationPlan::Overlap, Some("helios"))
        );
        let address = world.item(Item::Address).await.unwrap();
        assert_eq!(login(&address).0, "chad");
        assert!(engine.guide().reveal_address().is_err(), "it is not Helios's");
        assert!(engine.guide().kit().unwrap().environment.contains("//helios:PASSWORD@"));
        assert_eq!(exposed(&world.item(Item::Emergency).await.unwrap()), exposed(&world.url()));
        assert_eq!(server.refused().await, [] as [&str; 0]);
        assert_eq!(world.resets(), 0);
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn a_rotation_needs_no_api_key_and_leaves_one_token_to_each() {
    within("users::a_rotation_needs_no_api_key_and_leaves_one_token_to_each", async |session| {
        session.open().await;
        let world = World::paid().await;
        world.account.store(false, Relaxed);
        let (engine, server, before) = moved(&world).await;
        let ours = world.item(Item::Address).await.unwrap();
        let findings = engine.rotation().check().await.findings;
        let barred = findings.iter().find(|finding| finding.weight == PreflightWeight::Bars);
        assert_eq!(barred, None);
        assert!(findings.iter().all(|finding| !finding.consequence.contains("cut off")), "{findings:#?}");
        // One that got lost on its way, as after a crash between the service and the keychain.
        server.ask(&["ACL", "SETUSER", "chad", ">lost"]).await;
        engine.rotation().begin(RotationReason::Monthly).await.unwrap();
        world.until(&engine, waits).await;
        assert_eq!(server.tokens("helios").await.len(), 2, "both are valid");
        assert!(server.lets_in(&before).await && server.lets_in(&ours).await);
        let after = world.hands_over(&engine).await;
        assert_eq!(server.tokens("helios").await, [hash(&after)]);
        assert_eq!(server.tokens("chad").await, [hash(&world.item(Item::Address).await.unwrap())]);
        // The one that is refused is our own proof that it is.
        assert_eq!(server.refused().await, ["chad"]);
        assert!(!server.lets_in(&before).await && !server.lets_in(&ours).await);
        let receipts = engine.rotation().receipts().await.unwrap();
        assert_eq!((receipts.len(), &receipts[0].old), (2, &receipts[1].new));
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn it_is_taken_back_before_helios_has_moved() {
    within("users::it_is_taken_back_before_helios_has_moved", async |session| {
        session.open().await;
        let world = World::paid().await;
        let (engine, server, helios) = moved(&world).await;
        let ours = world.item(Item::Address).await.unwrap();
        assert!(engine.rotation().undo().is_err(), "nothing is under way");
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until(&engine, waits).await;
        engine.rotation().undo().unwrap();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Undone), "{view:#?}");
        assert!(view.steps.iter().any(|step| step.step == RotationStep::Undo && step.state == StepState::Done));
        let state = |step| view.steps.iter().find(|one| one.step == step).unwrap().state;
        assert_eq!(state(RotationStep::Revoke), StepState::Skipped);
        assert_eq!(exposed(&world.item(Item::Address).await.unwrap()), exposed(&ours));
        assert_eq!(
            (server.tokens("chad").await, server.tokens("helios").await),
            (vec![hash(&ours)], vec![hash(&helios)])
        );
        assert_eq!(server.refused().await, [] as [&str; 0]);
        world.users_end_well(&engine, &server, [1, 1]).await;
        // And to default again, from which there is no token left to withdraw but the new ones.
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.hands_over(&engine).await;
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn nobody_says_on_a_channel_for_all_that_helios_has_moved() {
    within("users::nobody_says_on_a_channel_for_all_that_helios_has_moved", async |session| {
        session.open().await;
        let world = World::paid().await;
        let (engine, server, _) = moved(&world).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let id = world.until(&engine, waits).await.id.unwrap();
        let ack = |on: &str| (on.to_owned(), "rotation.ack", serde_json::json!({ "rotation_id": id }));
        let key = age::x25519::Identity::generate().to_public().to_string();
        let offered = ("helios→chad".to_owned(), "rotation.key", serde_json::json!({ "public_key": key }));
        let mut voice = Voice::connect(&exposed(&world.url()), world.upstash.ca_file()).await.unwrap();
        for (channel, kind, data) in [ack("broadcast"), ack("agent.chad"), ack("heartbeat"), offered] {
            voice.say(&channel, &serde_json::json!({ "from": "helios", "type": kind, "data": data })).await.unwrap();
        }
        // What was said before that was heard as well.
        world.until(&engine, |view| view.handover.offered.is_some()).await;
        assert_eq!(server.tokens("helios").await.len(), 2, "the old token still works");
        let receipt = {
            world.hands_over(&engine).await;
            engine.rotation().receipts().await.unwrap().remove(0)
        };
        assert_eq!(receipt.acknowledged.unwrap().by, None, "it is the person's word that counts");
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn moving_to_users_is_taken_back_to_default() {
    within("users::moving_to_users_is_taken_back_to_default", async |session| {
        session.open().await;
        let world = World::paid().await;
        let server = Server::behind(&world).await;
        let engine = world.engine("one").await;
        engine.rotation().move_to_users().await.unwrap();
        world.until(&engine, waits).await;
        world.note(&engine.rotation().address_for_helios().unwrap());
        engine.rotation().undo().unwrap();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!((view.outcome, view.plan), (Some(RotationOutcome::Undone), RotationPlan::OnePassword), "{view:#?}");
        assert_eq!(world.url_of_keychain("one").await, exposed(&world.url()));
        world.users_end_well(&engine, &server, [0, 0]).await;
        world.moves(&engine).await;
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn it_is_taken_back_after_helios_has_moved() {
    within("users::it_is_taken_back_after_helios_has_moved", async |session| {
        session.open().await;
        let world = World::paid().await;
        let (engine, server, url) = moved(&world).await;
        let helios = Helios::start(Server::behind(&world).await, &url).await;
        helios.seen.mute.store(true, Relaxed);
        world.sets(&engine, Handover::Sealed, &helios.public_key, "").await;
        world.until(&engine, |view| view.handover.ready).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        helios.moved(1).await;
        assert_ne!(helios.token(), login(&url).1);
        engine.rotation().undo().unwrap();
        helios.moved(2).await;
        assert_eq!(helios.token(), login(&url).1);
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Undone), "{view:#?}");
        assert_eq!(server.tokens("helios").await, [hash(&url)]);
        assert_eq!(server.refused().await, [] as [&str; 0]);
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn a_keychain_that_locks_in_the_middle_is_waited_for_also_over_a_restart() {
    within("users::a_keychain_that_locks_in_the_middle_is_waited_for_also_over_a_restart", async |session| {
        session.open().await;
        let world = World::paid().await;
        let (engine, server, _) = moved(&world).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let at = |view: &RotationView| {
            view.steps.iter().any(|step| step.step == RotationStep::Reset && step.began.is_some())
        };
        world.until(&engine, at).await;
        Session::lock();
        let view = world.until(&engine, |view| view.asks.is_some()).await;
        assert_eq!(view.asks.unwrap().what, RotationAsk::Keychain);
        engine.stop().await;
        session.unlock().await;
        let engine = world.engine("one").await;
        world.hands_over(&engine).await;
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn default_s_new_password_is_read_or_asked_for() {
    within("users::default_s_new_password_is_read_or_asked_for", async |session| {
        session.open().await;
        let world = World::paid().await;
        let (engine, server, _) = moved(&world).await;
        let old = world.url();
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until(&engine, waits).await;
        world.reset_in_the_console().await;
        world.hands_over(&engine).await;
        assert_eq!(exposed(&world.item(Item::Emergency).await.unwrap()), exposed(&world.url()), "read from the API");
        // The same without an API key.
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until(&engine, waits).await;
        world.reset_in_the_console().await;
        world.upstash.revoke_key();
        world.note(&engine.rotation().address_for_helios().unwrap());
        engine.rotation().finish().unwrap();
        let view =
            world.until(&engine, |view| view.asks.as_ref().is_some_and(|asks| asks.what == RotationAsk::Address)).await;
        assert!(view.asks.unwrap().words.message.contains("default"));
        assert!(engine.rotation().give_address(&old).await.is_err(), "one that is refused");
        assert!(
            engine.rotation().give_address(&world.item(Item::Address).await.unwrap()).await.is_err(),
            "not default's"
        );
        engine.rotation().give_address(&world.url()).await.unwrap();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Done), "{view:#?}");
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn without_default_s_address_nothing_is_begun() {
    within("users::without_default_s_address_nothing_is_begun", async |session| {
        session.open().await;
        let world = World::paid().await;
        let (engine, server, _) = moved(&world).await;
        engine.stop().await;
        world.account.store(false, Relaxed);
        heliograph_core::credentials::Keychain::new(false).delete(Item::Emergency).await.unwrap();
        let engine = world.engine("one").await;
        world.connected(&engine).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Unchanged), "{view:#?}");
        let barred = view.findings.iter().find(|finding| finding.weight == PreflightWeight::Bars).unwrap();
        assert_eq!(barred.kind, PreflightKind::Credentials);
        assert!(barred.consequence.contains("no key can be made"), "{barred:?}");
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn a_free_database_has_no_users() {
    within("users::a_free_database_has_no_users", async |session| {
        session.open().await;
        let world = World::start().await;
        for known in [true, false] {
            world.account.store(known, Relaxed);
            let engine = world.engine("one").await;
            world.connected(&engine).await;
            let view = engine.rotation().check().await;
            assert!(!view.offers_users && view.users_words.contains("no users beside default"), "{view:#?}");
            engine.rotation().move_to_users().await.unwrap();
            let view = world.until(&engine, |view| view.outcome.is_some()).await;
            assert_eq!(view.outcome, Some(RotationOutcome::Unchanged));
            assert!(view.words.contains("no users beside default"), "{}", view.words);
            world.ends_well(&engine, "one", &[], 0).await;
            engine.stop().await;
        }
    });
}

#[test]
fn fifty_messages_a_second_both_ways_go_through_it() {
    within("users::fifty_messages_a_second_both_ways_go_through_it", async |session| {
        session.open().await;
        let world = World::paid().await;
        let (engine, server, url) = moved(&world).await;
        let helios = Helios::start(Server::behind(&world).await, &url).await;
        world.sets(&engine, Handover::Sealed, &helios.public_key, "").await;
        world.until(&engine, |view| view.handover.ready).await;
        helios.seen.talks.store(true, Relaxed);
        let (talking, stop) = tokio::sync::oneshot::channel::<()>();
        let chad = tokio::spawn(talk(engine.clone(), stop));
        tokio::time::sleep(Duration::from_millis(500)).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        let view = world.until(&engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Done), "{view:#?}");
        assert_eq!(helios.seen.moves.load(Relaxed), 1);
        assert_eq!(view.last.unwrap().outage_ms, Some(0));
        drop(talking);
        let said = chad.await.unwrap();
        helios.seen.talks.store(false, Relaxed);
        let wanted = helios.seen.said.load(Relaxed);
        assert!(said > 25 && wanted > 25);
        // Both hear the last of it.
        let place = world.folder.path().join("all.jsonl");
        let all = async {
            loop {
                engine.export(&place).await.unwrap();
                let lines = std::fs::read_to_string(&place).unwrap();
                let heard =
                    lines.lines().filter(|line| line.contains("\"note\"") && line.contains("helios→chad")).count();
                assert!(heard <= wanted as usize, "one is there twice");
                if heard == wanted as usize && helios.seen.heard.lock().unwrap().len() == said {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let whole = tokio::time::timeout(Duration::from_secs(30), all).await;
        assert!(whole.is_ok(), "Helios heard {} of {said}", helios.seen.heard.lock().unwrap().len());
        assert_eq!(server.refused().await, ["chad"], "our own proof alone");
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

#[test]
fn proving_helios_s_key_does_not_listen_in_its_place() {
    within("users::proving_helios_s_key_does_not_listen_in_its_place", async |session| {
        session.open().await;
        let world = World::paid().await;
        let (engine, server, _) = moved(&world).await;
        let stop = Arc::<AtomicBool>::default();
        let (ended, mut voice) =
            (Arc::clone(&stop), Voice::connect(&exposed(&world.url()), world.upstash.ca_file()).await.unwrap());
        let saying = tokio::spawn(async move {
            let mut heard = 0_u64;
            while !ended.load(Relaxed) {
                heard += voice.ask::<u64>(&["PUBLISH", "chad→helios", "{}"]).await.unwrap();
                // The others get their turn as well.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            heard
        });
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.until(&engine, waits).await;
        stop.store(true, Relaxed);
        assert_eq!(saying.await.unwrap(), 0, "what is said while Helios is deaf counts as heard");
        world.hands_over(&engine).await;
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

/// Says something fifty times a second until it is told to stop; gives how often.
async fn talk(engine: Engine, mut stop: tokio::sync::oneshot::Receiver<()>) -> usize {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for number in 0.. {
        tokio::select! {
            _ = &mut stop => return number,
            _ = tick.tick() => {}
        }
        let draft = Draft {
            channel: "chad→helios".into(),
            kind: "note".into(),
            text: format!("{{\"n\":{number}}}"),
            priority: Priority::Normal,
        };
        engine.send(draft).await.unwrap();
    }
    unreachable!("it is told to stop before the numbers end")
}
