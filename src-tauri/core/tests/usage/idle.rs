//! Free databases that count as idle: the weekly write, and the warning after three weeks.

use heliograph_core::{
    engine::Engine,
    message::now,
    notification::Subject,
    store::Amount,
    trouble::TroubleCode,
    usage::{Choice, CommandKind, DAY, day_of},
};
use jiff::ToSpan as _;
use serde_json::json;
use tokio::time::timeout;

use crate::bench::{Admin, LIMIT, Scene, connected, looked_over, of, until};

const KEY: &str = "heliograph:alive";

/// When the key was written; nothing where it was not.
async fn written(admin: &mut Admin) -> Option<i64> {
    let answer = admin.say(&["GET", KEY]).await;
    answer.split_once("\r\n").map(|(_, at)| at.parse().unwrap())
}

async fn until_written(admin: &mut Admin) -> i64 {
    timeout(LIMIT, async {
        loop {
            if let Some(at) = written(admin).await {
                return at;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the key is written")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_left_alone_for_a_week_is_written_to_once() {
    let scene = Scene::new().await;
    let mut admin = scene.admin().await;
    let begun = now();
    scene.earlier(json!({ "database": scene.place(), "alive_at": begun - 8 * DAY }), Vec::new()).await;
    let engine = Engine::start(scene.setup(scene.redis.plain_url().unwrap()));
    connected(&engine).await;
    assert!(until_written(&mut admin).await >= begun);
    let life: i64 = admin.say(&["TTL", KEY]).await.trim_start_matches(':').parse().unwrap();
    assert!((39 * 86_400..=40 * 86_400).contains(&life), "gone by itself once the program is: {life}");
    looked_over(&engine).await;
    assert_eq!(of(&engine.usage(), CommandKind::KeepAlive), 1);
    engine.stop().await;

    // Nor is it by the next run, whose week is not over.
    admin.say(&["DEL", KEY]).await;
    let engine = Engine::start(scene.setup(scene.redis.plain_url().unwrap()));
    connected(&engine).await;
    looked_over(&engine).await;
    assert_eq!(written(&mut admin).await, None);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_or_on_a_paid_plan_nothing_is_written() {
    let scene = Scene::new().await;
    let mut admin = scene.admin().await;
    scene.earlier(json!({ "database": scene.place(), "alive_at": now() - 8 * DAY }), Vec::new()).await;
    let mut setup = scene.setup(scene.redis.plain_url().unwrap());
    setup.settings.usage.keep_alive = false;
    let engine = Engine::start(setup);
    connected(&engine).await;
    looked_over(&engine).await;
    assert_eq!(written(&mut admin).await, None, "switched off");
    let mut settings = engine.settings();
    (settings.usage.keep_alive, settings.usage.plan) = (true, Choice::PayAsYouGo);
    engine.change_settings(engine.settings(), settings.clone()).await.unwrap();
    looked_over(&engine).await;
    assert_eq!(written(&mut admin).await, None, "a paid one needs none");
    settings.usage.plan = Choice::Free;
    engine.change_settings(engine.settings(), settings).await.unwrap();
    until_written(&mut admin).await;
    engine.stop().await;
}

/// Something was last counted so many days ago.
fn used(days: i64) -> Vec<Amount> {
    let day = day_of(now()).saturating_sub(days.days()).to_string();
    vec![Amount { day, what: "heartbeat@elsewhere:6379".into(), amount: 5 }]
}

fn warnings(scene: &Scene) -> Vec<String> {
    let shown = scene.screen.shown.borrow();
    shown.iter().filter(|one| one.subject == Subject::Usage).map(|one| one.title.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_weeks_without_the_program_it_says_so_once() {
    let scene = Scene::new().await;
    scene.earlier(json!({}), used(22)).await;
    // It finds nobody at first: however often it is started then, it is said once.
    let nobody = heliograph_sandbox::port::free().unwrap();
    let mut shown = scene.screen.shown.subscribe();
    for round in 0..2 {
        let engine = Engine::start(scene.setup(scene.through(nobody)));
        if round == 0 {
            let state = until(&engine, |state| !state.troubles.is_empty()).await;
            assert!(state.troubles.iter().any(|one| one.code == TroubleCode::DatabaseIdle), "{:#?}", state.troubles);
            let said = shown.wait_for(|shown| shown.iter().any(|one| one.subject == Subject::Usage));
            timeout(LIMIT, said).await.unwrap().unwrap();
        } else {
            let mut settings = engine.settings();
            settings.usage.most_commands = 9;
            engine.change_settings(engine.settings(), settings).await.unwrap();
        }
        engine.stop().await;
    }
    for _ in 0..2 {
        let engine = Engine::start(scene.setup(scene.redis.plain_url().unwrap()));
        connected(&engine).await;
        let mut settings = engine.settings();
        settings.usage.warn = false;
        engine.change_settings(engine.settings(), settings).await.unwrap();
        looked_over(&engine).await;
        engine.stop().await;
    }
    assert_eq!(warnings(&scene), ["Heliograph was off for 22 days."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_of_less_than_three_weeks_is_no_news() {
    let scene = Scene::new().await;
    scene.earlier(json!({}), used(20)).await;
    let mut setup = scene.setup(scene.redis.plain_url().unwrap());
    setup.settings.usage.warn = false;
    let engine = Engine::start(setup);
    connected(&engine).await;
    looked_over(&engine).await;
    assert_eq!(warnings(&scene), Vec::<String>::new());
    engine.stop().await;
}
