//! The service's own counters, beside ours.

use heliograph_core::{
    engine::{Engine, Source},
    usage::{KnownFrom, PlanKind, WhatIf},
};
use heliograph_sandbox::upstash::{Upstash, UpstashOptions};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::bench::{LIMIT, Scene, connected, move_to};

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_others_are_known_and_the_service_is_asked_once() {
    let scene = Scene::new().await;
    let upstash = Upstash::start(&scene.folder.path().join("upstash"), UpstashOptions::default()).await.unwrap();
    let id = upstash.make("mine").await.unwrap();
    let mut setup = scene.setup(upstash.database_url(&id).unwrap());
    setup.address = Some((upstash.database_url(&id).unwrap(), Source::Environment));
    setup.authorities = Some(upstash.ca_file().to_owned());
    setup.api = Some(upstash.url().parse().unwrap());
    let engine = Engine::start(setup);
    connected(&engine).await;
    let view = engine.usage();
    assert_eq!((view.meters[0].known_from, view.meters[0].others), (KnownFrom::Ours, None));
    assert!(view.unread.is_some() && view.read_at.is_none());

    let key = upstash.key().expose_secret().to_owned();
    engine.guide().account_login(upstash.email(), key.into(), false).await.unwrap();
    let read = timeout(LIMIT, async {
        loop {
            let view = engine.usage();
            if view.read_at.is_some() {
                return view;
            }
            tokio::task::yield_now().await;
        }
    });
    let view = read.await.expect("the counters are read once there is a key");
    let commands = &view.meters[0];
    assert_eq!((commands.known_from, view.unread.as_deref()), (KnownFrom::Service, None));
    assert_eq!(commands.used.unwrap() - commands.ours.unwrap(), commands.others.unwrap());
    assert!(commands.others.unwrap() > 0, "the stand-in's own questions count");
    assert_eq!((view.plan.plan, view.plan.from), (PlanKind::Free, KnownFrom::Service));
    assert_eq!(view.meters[2].known_from, KnownFrom::Service, "data is known from the service alone");

    let stats = || upstash.seen().iter().filter(|one| one.path.contains("/stats/")).count();
    assert_eq!(stats(), 1);
    for _ in 0..50 {
        engine.usage();
        tokio::task::yield_now().await;
    }
    assert_eq!(stats(), 1, "however often the page asks");
    engine.stop().await;
    upstash.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_another_database_the_service_is_asked_anew() {
    let scene = Scene::new().await;
    let upstash = Upstash::start(&scene.folder.path().join("upstash"), UpstashOptions::default()).await.unwrap();
    let (free, paid) = (upstash.make("free").await.unwrap(), upstash.make_paid("paid").await.unwrap());
    let mut setup = scene.setup(upstash.database_url(&free).unwrap());
    setup.authorities = Some(upstash.ca_file().to_owned());
    setup.api = Some(upstash.url().parse().unwrap());
    let engine = Engine::start(setup);
    connected(&engine).await;
    let key = upstash.key().expose_secret().to_owned();
    engine.guide().account_login(upstash.email(), key.into(), false).await.unwrap();
    let read = async |plan| {
        let read = timeout(LIMIT, async {
            loop {
                let view = engine.usage();
                if (view.plan.plan, view.plan.from) == (plan, KnownFrom::Service) {
                    return view;
                }
                tokio::task::yield_now().await;
            }
        });
        read.await.unwrap_or_else(|_| panic!("{:#?}", engine.usage()))
    };
    let wanted = WhatIf { heartbeat_s: 60, record: true, receipts: true };
    assert_eq!(read(PlanKind::Free).await.meters[0].limit, Some(500_000));
    assert_eq!(engine.usage_what_if(wanted).cost, None);

    move_to(&engine, &upstash.database_url(&paid).unwrap()).await;
    let view = read(PlanKind::PayAsYouGo).await;
    // The stand-in's budget of $20.
    assert_eq!(view.meters[0].limit, Some(10_000_000));
    let then = engine.usage_what_if(wanted);
    assert!(then.cost.unwrap() > then.cost_change.unwrap() && then.cost_change.unwrap() > 0.0, "{then:?}");
    engine.stop().await;
    upstash.stop().await;
}
