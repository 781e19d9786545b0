//! Another database in the middle of a month: its limits are its own.

use heliograph_core::{
    engine::Engine,
    usage::{CommandKind, Level},
};
use secrecy::SecretString;

use crate::bench::{Scene, connected, move_to, of, say_and_send, until};

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
        assert!(ours(&engine) >= least);
        engine.stop().await;
    }
}
