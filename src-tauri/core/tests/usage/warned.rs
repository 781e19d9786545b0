//! The forecast passes the limit: said once each month, over restarts and in a program that runs on.

use heliograph_core::{
    engine::Engine,
    message::now,
    notification::Subject,
    store::{Amount, Store},
    usage::DAY,
};
use jiff::{ToSpan as _, civil::Date};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    bench::{Admin, LIMIT, Scene, connected},
    calendar,
};

const KEY: &str = "heliograph:alive";

/// Five days of a month in which so much was sent that it does not last: 30 % of the limit in five days.
fn used(scene: &Scene, from: &str) -> Vec<Amount> {
    let from: Date = from.parse().unwrap();
    let of = |day: Date| Amount { day: day.to_string(), what: format!("record@{}", scene.place()), amount: 6_000 };
    from.series(1.day()).take(5).map(of).collect()
}

/// Title and body of what was said of usage.
fn said(scene: &Scene) -> Vec<(String, String)> {
    let shown = scene.screen.shown.borrow();
    let of_usage = shown.iter().filter(|one| one.subject == Subject::Usage);
    of_usage.map(|one| (one.title.clone(), one.body.clone())).collect()
}

async fn start(scene: &Scene) -> Engine {
    let mut setup = scene.setup(scene.redis.plain_url().unwrap());
    setup.settings.usage.most_commands = 100_000;
    let engine = Engine::start(setup);
    connected(&engine).await;
    engine
}

/// A start that says nothing. What is due is said before the weekly write, which is made due and waited for.
async fn says_nothing(scene: &Scene, admin: &mut Admin) {
    let before = said(scene);
    admin.say(&["DEL", KEY]).await;
    let (committed, _nobody) = mpsc::channel(1);
    let store = Store::open(scene.home().database(), committed);
    let mut kept: Value = store.kept("usage").await.unwrap().unwrap();
    kept["alive_at"] = json!(now() - 8 * DAY);
    store.keep("usage", &kept).await.unwrap();
    store.stop().await;
    let engine = start(scene).await;
    let written = timeout(LIMIT, async {
        while admin.say(&["EXISTS", KEY]).await != ":1" {
            tokio::task::yield_now().await;
        }
    });
    written.await.expect("the round is over");
    engine.stop().await;
    assert_eq!(said(scene), before);
}

#[test]
fn that_the_month_does_not_last_is_said_once_in_each() {
    let name = "warned::that_the_month_does_not_last_is_said_once_in_each";
    calendar::from("2026-10-12 12:00:00", name, async |calendar| {
        let scene = Scene::new().await;
        let mut admin = scene.admin().await;
        let amounts = [used(&scene, "2026-10-07"), used(&scene, "2026-11-07")].concat();
        scene.earlier(json!({ "database": scene.place() }), amounts).await;
        let mut shown = scene.screen.shown.subscribe();
        let mut told = async |times: usize| {
            let of_usage =
                shown.wait_for(|shown| shown.iter().filter(|one| one.subject == Subject::Usage).count() == times);
            timeout(LIMIT, of_usage).await.expect("it is said").unwrap();
        };

        let engine = start(&scene).await;
        told(1).await;
        engine.stop().await;
        let (title, body) = said(&scene).remove(0);
        // 70,000 are left, for 6,000 a day: eleven days and two thirds from noon of the 12th.
        assert_eq!(title, "This month’s commands will run out on 24 October");
        assert!(body.contains("What uses it: the record 30 %"), "{body}");
        assert!(body.contains("Do without the record, or take a larger plan."), "{body}");
        says_nothing(&scene, &mut admin).await;
        calendar.turn_to("2026-10-12 23:00:00").await;
        says_nothing(&scene, &mut admin).await;

        // The month turns while it runs. It would be noticed within a minute; a changed setting has it look now.
        let engine = start(&scene).await;
        calendar.turn_to("2026-11-12 12:00:00").await;
        let mut settings = engine.settings();
        settings.heartbeat.every -= 1;
        engine.change_settings(engine.settings(), settings).await.unwrap();
        told(2).await;
        engine.stop().await;
        assert_eq!(said(&scene)[1].0, "This month’s commands will run out on 24 November");
        says_nothing(&scene, &mut admin).await;
        calendar.turn_to("2026-11-13 12:00:00").await;
        says_nothing(&scene, &mut admin).await;
    });
}
