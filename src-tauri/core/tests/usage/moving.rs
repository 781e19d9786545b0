//! Another database in the middle of a month: its limits are its own.

use heliograph_core::{
    engine::Engine,
    guide::Keep,
    usage::{CommandKind, Level},
};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::bench::{LIMIT, Scene, connected, move_to, of, say_and_send, until};

fn ours(engine: &Engine) -> u64 {
    engine.usage().meters[0].ours.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_database_took_does_not_count_against_the_new_one() {
    let (old, new) = (Scene::new().await, Scene::new().await);
    let [old_url, new_url] = [&old, &new].map(|scene| scene.redis.plain_url().unwrap());
    let setup = |url: &SecretString| {
        let mut setup = old.setup(url.clone());
        setup.settings.usage.most_commands = 400;
        setup
    };
    let engine = Engine::start(setup(&old_url));
    connected(&engine).await;
    while ours(&engine) < 320 {
        say_and_send(&engine, "task", "one more").await;
    }
    until(&engine, |state| state.saving == Level::Careful).await;
    move_to(&engine, &new_url).await;
    let state = until(&engine, |state| state.saving == Level::Usual).await;
    assert_ne!(state.headline, "Connected, saving commands");
    connected(&engine).await;
    say_and_send(&engine, "task", "the first here").await;
    let view = engine.usage();
    assert!(view.elsewhere >= 320 && view.meters[0].ours.unwrap() < 40, "{view:#?}");
    assert_eq!(of(&view, CommandKind::Publish), 1);
    assert_eq!(view.days.last().unwrap().commands, view.meters[0].ours.unwrap());
    let table = engine.export_usage();
    assert!([&old, &new].iter().all(|scene| table.contains(&scene.place())), "{table}");
    engine.stop().await;

    // A restart knows both, and whoever goes back goes on from there.
    for (url, level, least) in [(&new_url, Level::Usual, view.meters[0].ours.unwrap()), (&old_url, Level::Careful, 320)]
    {
        let engine = Engine::start(setup(url));
        connected(&engine).await;
        until(&engine, |state| state.saving == level).await;
        let known = timeout(LIMIT, async {
            while ours(&engine) < least {
                tokio::task::yield_now().await;
            }
        });
        known.await.expect("what was written before is known");
        engine.stop().await;
    }
}

/// Tests an address that is not the one in use; gives how many commands that took.
async fn tests(engine: &Engine, url: &SecretString) -> u64 {
    engine.guide().try_address(url, true).await.unwrap();
    let mut guide = engine.guide().changes();
    timeout(LIMIT, guide.wait_for(|view| !view.testing && !view.checks.is_empty())).await.unwrap().unwrap();
    engine.guide().view().cost.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_counts_for_the_database_that_it_went_to() {
    let (here, there) = (Scene::new().await, Scene::new().await);
    let [url, other] = [&here, &there].map(|scene| scene.redis.plain_url().unwrap());
    let mut admin = there.admin().await;
    admin.reset().await;
    let engine = Engine::start(here.setup(url.clone()));
    connected(&engine).await;
    let cost = tests(&engine, &other).await;
    assert!(cost > 0);
    let view = engine.usage();
    assert_eq!(of(&view, CommandKind::Test), 0, "none of it went here");
    assert_eq!(view.elsewhere, cost);
    assert_eq!(admin.counted().await.commands, cost);
    let line = |table: &str| {
        let of_it = table.lines().find(|line| line.contains(&there.place()));
        of_it.unwrap_or_else(|| panic!("{table}")).to_owned()
    };
    let exported = line(&engine.export_usage());
    engine.stop().await;

    // Over a restart too, and once. The one in use is tested as before, and counts here.
    let engine = Engine::start(here.setup(url));
    connected(&engine).await;
    let known = timeout(LIMIT, async {
        while engine.usage().elsewhere == 0 {
            tokio::task::yield_now().await;
        }
    });
    known.await.expect("what was written before is known");
    assert_eq!((engine.usage().elsewhere, line(&engine.export_usage())), (cost, exported));
    let again = tests(&engine, &other).await;
    assert_eq!((engine.usage().elsewhere, of(&engine.usage(), CommandKind::Test)), (cost + again, 0));
    engine.guide().keep(Keep::Session).await.unwrap();
    until(&engine, |_| of(&engine.usage(), CommandKind::Test) == cost + again).await;
    engine.stop().await;
}
