//! Near a limit and beyond it.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use futures_util::StreamExt as _;
use heliograph_core::{
    engine::{Condition, Engine, Page, Place},
    link::LinkState,
    message::now,
    notification::{Action, Notification, Subject},
    settings::Settings,
    store::Amount,
    trouble::TroubleCode,
    usage::{CommandKind, KnownFrom, Level, Month, day_of},
};
use heliograph_sandbox::{
    Github, GithubOptions,
    proxy::{Mode, Proxy},
};
use jiff::{ToSpan as _, Zoned};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

use crate::bench::{LIMIT, Scene, connected, looked_over, of, say, say_and_send, sent, until};

const QUOTA: &str = "ERR max requests limit exceeded. Limit: 60, Usage: 61";

fn ours(engine: &Engine) -> u64 {
    engine.usage().meters[0].ours.unwrap()
}

/// Sends until so many commands are used.
async fn use_up(engine: &Engine, commands: u64) {
    while ours(engine) < commands {
        say_and_send(engine, "task", "one more").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn near_a_limit_it_slows_itself_says_so_and_goes_on_when_that_is_over() {
    let scene = Scene::new().await;
    let mut setup = scene.setup(scene.redis.plain_url().unwrap());
    setup.settings.usage.most_commands = 100;
    let engine = Engine::start(setup);
    connected(&engine).await;
    assert_eq!(engine.usage().meters[0].limit_from, KnownFrom::Settings);
    assert_eq!(engine.snapshot().saving, Level::Usual);
    use_up(&engine, 80).await;
    let state = until(&engine, |state| state.saving == Level::Careful).await;
    assert_eq!(state.headline, "Connected, saving commands");
    use_up(&engine, 95).await;
    let state = until(&engine, |state| state.saving == Level::Scarce).await;
    assert_eq!((state.condition, state.headline.as_str()), (Condition::Connected, "Connected, tasks and replies only"));

    let before = engine.usage();
    say(&engine, "note", "can wait").await;
    // The task that follows is sent, and the note still waits then.
    until(&engine, |state| state.link.waiting_to_send == 1).await;
    say(&engine, "task", "cannot").await;
    let published = || of(&engine.usage(), CommandKind::Publish);
    let gone = async {
        while published() == of(&before, CommandKind::Publish) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, gone).await.expect("the task goes out");
    until(&engine, |state| state.link.waiting_to_send == 1).await;
    let after = engine.usage();
    let grew = |kind| of(&after, kind) - of(&before, kind);
    assert_eq!((grew(CommandKind::Publish), grew(CommandKind::Record)), (1, 0));
    assert_eq!(after.saving.until, Some(after.turns_at));

    let mut shown = scene.screen.shown.subscribe();
    let warnings = |shown: &[Notification]| -> Vec<String> {
        shown.iter().filter(|one| one.subject == Subject::Usage).map(|one| one.title.clone()).collect()
    };
    // Said at once when the level changes: at 80 and at 95 percent. That of 50 was passed between two looks.
    timeout(LIMIT, shown.wait_for(|shown| warnings(shown).len() >= 2)).await.unwrap().unwrap();
    let said = warnings(&scene.screen.shown.borrow());
    assert!(said.iter().all(|title| title.ends_with("% of this month’s commands are used")), "{said:?}");
    let body = scene.screen.shown.borrow().last().unwrap().body.clone();
    assert!(body.contains("What uses it: ") && body.contains(" of 100. "), "{body}");
    let mut events = engine.events();
    engine.acted(Subject::Usage, Action::Open).await.unwrap();
    timeout(LIMIT, async {
        use heliograph_core::engine::Event::Open;
        while !matches!(events.next().await, Some(Open { place: Place { page: Page::Usage, task: None } })) {}
    })
    .await
    .unwrap();

    // Switched off, and what waited goes out.
    let mut settings: Settings = engine.settings();
    settings.usage.slow_down = false;
    engine.change_settings(engine.settings(), settings).await.unwrap();
    sent(&engine).await;
    let state = until(&engine, |state| state.saving == Level::Usual).await;
    assert_eq!(state.headline, "Connected");
    assert_eq!(warnings(&scene.screen.shown.borrow()), said, "nothing is said twice");
    engine.stop().await;

    // Nor after a restart.
    let mut setup = scene.setup(scene.redis.plain_url().unwrap());
    setup.settings.usage.most_commands = 100;
    let engine = Engine::start(setup);
    until(&engine, |state| state.saving == Level::Scarce).await;
    connected(&engine).await;
    engine.stop().await;
    assert_eq!(warnings(&scene.screen.shown.borrow()), said);
}

/// Has it look again and again, until so many were refused or shown.
async fn looks_until(engine: &Engine, warnings: &watch::Sender<Vec<Notification>>, count: usize) {
    let looked = timeout(LIMIT, async {
        while warnings.borrow().iter().filter(|one| one.subject == Subject::Usage).count() < count {
            let mut settings = engine.settings();
            settings.heartbeat.every -= 1;
            engine.change_settings(engine.settings(), settings).await.unwrap();
        }
    });
    looked.await.expect("it is said");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_waits_for_the_end_of_quiet_hours_and_is_said_again_where_it_was_refused() {
    let scene = Scene::new().await;
    scene.screen.refuses.store(true, Relaxed);
    let mut setup = scene.setup(scene.redis.plain_url().unwrap());
    let around = |minutes: i64| (Zoned::now() + minutes.minutes()).strftime("%H:%M").to_string();
    let quiet = &mut setup.settings.notifications.quiet;
    (quiet.on, quiet.from, quiet.until) = (true, around(-60), around(60));
    let engine = Engine::start(setup);
    connected(&engine).await;
    looked_over(&engine).await;
    assert_eq!(*scene.screen.refused.borrow(), [], "not in quiet hours");

    let mut settings = engine.settings();
    settings.usage.most_commands = 1;
    settings.notifications.quiet.on = false;
    engine.change_settings(engine.settings(), settings).await.unwrap();
    looks_until(&engine, &scene.screen.refused, 1).await;
    looks_until(&engine, &scene.screen.refused, 2).await;
    scene.screen.refuses.store(false, Relaxed);
    looks_until(&engine, &scene.screen.shown, 1).await;
    looked_over(&engine).await;
    assert_eq!(scene.screen.shown.borrow().len(), 1, "and once it was shown, no more");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_nothing_is_lost_the_mailbox_takes_over_and_next_month_all_returns() {
    let scene = Scene::new().await;
    let proxy = Proxy::start(scene.redis.plain_port().unwrap()).await.unwrap();
    let github = Github::start(GithubOptions::default()).await.unwrap();
    let mut setup = scene.setup(scene.through(proxy.port()));
    setup.settings.usage.most_commands = 60;
    setup.github = Some(github.url().parse().unwrap());
    let engine = Engine::start(setup);
    connected(&engine).await;
    engine.use_mailbox(github.repository(), Some(github.token().clone()), Vec::new()).await.unwrap();

    // Helios listens past the proxy: what the service takes, he hears.
    let client = redis::Client::open(scene.redis.plain_url().unwrap().expose_secret()).unwrap();
    let mut ears = client.get_async_pubsub().await.unwrap();
    ears.subscribe("chad→helios").await.unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    let helios = tokio::spawn(async move {
        let mut messages = ears.into_on_message();
        while let Some(message) = messages.next().await {
            hearing.lock().await.push(message.get_payload::<String>().unwrap());
        }
    });

    let mut said = 0;
    while ours(&engine) < 60 {
        said += 1;
        say_and_send(&engine, "task", &format!("number {said}.")).await;
    }
    proxy.to_all(&Mode::Refuse(QUOTA.into()));
    engine.reconnect();
    let state = until(&engine, |state| state.link.state == LinkState::Waiting).await;
    assert_eq!(state.link.trouble.map(|trouble| trouble.code), Some(TroubleCode::QuotaUsedUp));
    for _ in 0..3 {
        said += 1;
        say(&engine, "task", &format!("number {said}.")).await;
    }
    until(&engine, |state| state.condition == Condition::ViaGithub && state.link.waiting_to_send == 0).await;
    said += 1;
    say(&engine, "note", &format!("number {said}.")).await;

    // The month turns: the service takes everything again, and the limit is another one.
    let mut settings = engine.settings();
    settings.usage.most_commands = 0;
    engine.change_settings(engine.settings(), settings).await.unwrap();
    proxy.to_all(&Mode::Forward);
    engine.reconnect();
    connected(&engine).await;
    sent(&engine).await;
    said += 1;
    say(&engine, "note", &format!("number {said}.")).await;
    sent(&engine).await;

    let arrived = timeout(LIMIT, async {
        loop {
            let mut all: Vec<String> = heard.lock().await.clone();
            all.extend(github.comments().into_iter().map(|one| one.body));
            let missing: Vec<_> =
                (1..=said).filter(|number| !all.iter().any(|one| one.contains(&format!("number {number}.")))).collect();
            if missing.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    arrived.await.expect("every one came by the one way or the other");
    assert!(github.comments().iter().any(|one| one.body.contains("number ")), "some by the mailbox");
    assert_eq!(engine.snapshot().saving, Level::Usual);
    helios.abort();
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_month_before_took_holds_nothing_back() {
    let this = Month::at(now());
    let before = this.first().yesterday().unwrap();
    for (day, level) in [(day_of(now()), Level::Scarce), (before, Level::Usual)] {
        let scene = Scene::new().await;
        let amount = Amount { day: day.to_string(), what: format!("publish@{}", scene.place()), amount: 960 };
        scene.earlier(json!({ "database": scene.place() }), vec![amount]).await;
        let mut setup = scene.setup(scene.redis.plain_url().unwrap());
        setup.settings.usage.most_commands = 1_000;
        let engine = Engine::start(setup);
        connected(&engine).await;
        let known = timeout(LIMIT, async {
            while !engine.export_usage().contains(&format!("{day},")) {
                tokio::task::yield_now().await;
            }
        });
        known.await.expect("what was written before is known");
        let state = until(&engine, |state| state.saving == level).await;
        assert_eq!(state.headline == "Connected", level == Level::Usual, "{}", state.headline);
        assert_eq!(engine.usage().meters[0].ours.unwrap() >= 960, level == Level::Scarce);
        engine.stop().await;
    }
}
