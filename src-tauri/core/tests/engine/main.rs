//! The engine as a whole: a real Redis with TLS, a Helios on it, and a desktop that notes what it is asked to show.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../usage/clock.rs"]
mod clock;
#[cfg(target_os = "linux")]
mod keychain;
mod mailbox;
mod records;
mod reminders;
#[cfg(target_os = "linux")]
#[path = "../credentials/session.rs"]
#[allow(dead_code, reason = "the keychain's own tests do more with it")]
mod session;
mod world;

use std::time::Duration;

use heliograph_core::{
    engine::{Condition, Event, Page, Place, Snapshot},
    home::Home,
    message::ReplyStatus,
    notification::{Action, Subject},
    store::{Filter, TaskState},
    trouble::TroubleCode,
};
use heliograph_sandbox::{HeliosAct, proxy::Mode};
use tokio::time::timeout;

use world::{Desktop, World, engine};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_arrives_is_shown_accepted_and_answered() {
    let mut world = World::new(Desktop::Shows).await;
    world.until(|state| state.condition == Condition::Connected && state.counts.open > 0).await;
    let shown = world.notifications(|shown| !shown.is_empty()).await;
    let Subject::Task(seq) = shown[0].subject else { panic!("{shown:?}") };
    let row = world.rows(Filter::Open).await.into_iter().find(|row| row.seq == seq).unwrap();
    assert_eq!((row.title.as_str(), row.state), (shown[0].title.as_str(), Some(TaskState::New)));
    let id = world.engine.detail(seq).await.unwrap().id.unwrap();
    assert_eq!(world.reply("received").await, id);
    world.engine.acted(Subject::Task(seq), Action::Accept).await.unwrap();
    assert_eq!(world.reply("accepted").await, id);
    world.engine.reply(seq, ReplyStatus::Done, "all of it").await.unwrap();
    assert_eq!(world.reply("done").await, id);
    world.until_heard(true).await;
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_helios_missed_it_gets_when_it_is_heard_again() {
    let mut world = World::new(Desktop::Shows).await;
    world.reply("received").await;
    let row = world.rows(Filter::Open).await.remove(0);
    world.until(|state| state.agents[0].interval_s == Some(1)).await;
    world.helios.act(HeliosAct::Sleep).await.unwrap();
    world.until(|state| state.condition == Condition::HeliosSilent).await;
    world.engine.reply(row.seq, ReplyStatus::Done, "").await.unwrap();
    world.until(|state| state.link.waiting_to_send == 0).await;
    assert!(
        !world.engine.detail(row.seq).await.unwrap().timeline.iter().any(|moment| moment.text == "Heard by helios"),
        "nobody was there to hear it"
    );
    world.helios.act(HeliosAct::Wake).await.unwrap();
    world.reply("done").await;
    world.until_heard(true).await;
    world.until(|state| state.condition == Condition::Connected).await;
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_error_of_the_server_loses_no_answer() {
    let (mut world, proxy) = World::through_a_proxy().await;
    world.reply("received").await;
    let row = world.rows(Filter::Open).await.remove(0);
    world.until(|state| state.agents[0].interval_s == Some(1)).await;
    // Not heard before the error has passed.
    world.helios.act(HeliosAct::Sleep).await.unwrap();
    world.until(|state| state.condition == Condition::HeliosSilent).await;
    proxy.to_live(&Mode::Refuse("ERR internal error".into()));
    world.engine.reply(row.seq, ReplyStatus::Done, "all of it").await.unwrap();
    let answered = timeout(Duration::from_secs(20), async {
        while !world
            .engine
            .detail(row.seq)
            .await
            .unwrap()
            .timeline
            .iter()
            .any(|one| one.text.contains("internal error"))
        {
            tokio::task::yield_now().await;
        }
    });
    answered.await.expect("within twenty seconds");
    proxy.to_live(&Mode::Forward);
    world.helios.act(HeliosAct::Wake).await.unwrap();
    world.reply("done").await;
    world.until_heard(true).await;
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_stored_whole_and_counted_in_one_notification() {
    let world = World::new(Desktop::Shows).await;
    world.until(|state| state.counts.open > 0).await;
    world.helios.act(HeliosAct::Burst).await.unwrap();
    world.until(|state| state.counts.open > 40).await;
    let shown = world.notifications(|shown| shown.iter().any(|one| one.subject == Subject::Summary)).await;
    assert!(shown.len() < 10, "{}", shown.len());
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_notification_server_is_said_once() {
    let world = World::new(Desktop::HasNoServer).await;
    let state = world.until(|state| !state.troubles.is_empty()).await;
    assert_eq!(state.troubles[0].code, TroubleCode::NoNotificationServer);
    assert_eq!(state.condition, Condition::Connected, "tasks arrive all the same");
    world.engine.dismiss(TroubleCode::NoNotificationServer);
    world.until(|state| state.troubles.is_empty()).await;
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_that_hangs_holds_up_nothing() {
    let world = World::new(Desktop::Hangs).await;
    world.until(|state| state.counts.open > 0).await;
    world.helios.act(HeliosAct::Burst).await.unwrap();
    world.until(|state| state.counts.open > 40).await;
    timeout(Duration::from_secs(2), world.engine.stop()).await.expect("within two seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_without_the_program_is_a_gap() {
    let mut world = World::new(Desktop::Shows).await;
    world.until(|state| state.counts.open > 0).await;
    world.engine.stop().await;
    // The gap itself has to last for some time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.engine = engine(&world.folder, &world.redis, &world.screen);
    world.until(|state| state.condition == Condition::Connected).await;
    let gap = timeout(Duration::from_secs(10), async {
        loop {
            let gaps: Vec<_> = world.rows(Filter::All).await.into_iter().flat_map(|row| row.gaps_after).collect();
            if let [gap] = gaps.as_slice() {
                return gap.clone();
            }
            tokio::task::yield_now().await;
        }
    });
    let gap = gap.await.unwrap();
    assert!(gap.until - gap.from >= 300, "{gap:?}");
    assert_eq!(gap.cause, "Heliograph was not running");
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_redis_is_seen_and_the_gap_is_noted() {
    let mut world = World::new(Desktop::Shows).await;
    world.until(|state| state.counts.open > 0).await;
    world.redis.kill().await.unwrap();
    world.until(|state| state.condition == Condition::Offline && state.link.trouble.is_some()).await;
    world.redis.restart().await.unwrap();
    world.until(|state| state.condition == Condition::Connected).await;
    let noted = timeout(Duration::from_secs(10), async {
        loop {
            let gaps: usize = world.rows(Filter::All).await.iter().map(|row| row.gaps_after.len()).sum();
            if gaps > 0 {
                return gaps;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(noted.await.expect("a gap"), 1);
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_asked_for_is_handed_on() {
    let world = World::new(Desktop::Shows).await;
    let mut events = world.engine.events();
    world.engine.acted(Subject::Task(7), Action::Open).await.unwrap();
    let place = timeout(Duration::from_secs(5), async {
        loop {
            if let Some(Event::Open { place }) = events.next().await {
                return place;
            }
        }
    });
    assert_eq!(place.await.unwrap(), Place { page: Page::Inbox, task: Some(7) });
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_said_until_it_is_dismissed_and_nothing_is_lost() {
    let mut world = World::new(Desktop::Shows).await;
    world.until(|state| state.counts.open > 0).await;
    world.engine.stop().await;
    let path = Home::under(world.folder.path()).database();
    let log_into_file = rusqlite::Connection::open(&path).unwrap();
    log_into_file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(log_into_file);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..100].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    world.engine = engine(&world.folder, &world.redis, &world.screen);
    let damaged = |state: &Snapshot| state.troubles.iter().any(|trouble| trouble.code == TroubleCode::StoreDamaged);
    let state = world.until(|state| damaged(state) && state.condition == Condition::Connected).await;
    assert!(state.counts.open > 0, "{state:#?}");
    assert_eq!(state.store_trouble, None);
    world.engine.dismiss(TroubleCode::StoreDamaged);
    world.until(|state| !damaged(state)).await;
    world.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_in_is_kept_as_the_settings_say() {
    let world = World::new(Desktop::Shows).await;
    world.until(|state| state.counts.open > 0).await;
    let line = r#"{"message":{"type":"log","data":"old"},"heliograph":{"channel":"helios→chad","received_at":1}}"#;
    let file = world.folder.path().join("old.jsonl");
    std::fs::write(&file, format!("{line}\n{line}\n")).unwrap();
    assert_eq!(world.engine.import(&file).await.unwrap().added, 2);
    let old = async |world: &World| world.rows(Filter::Feed).await.iter().filter(|row| row.received_at == 1).count();
    assert_eq!(old(&world).await, 2);
    let mut settings = world.engine.settings();
    settings.inbox.keep_days = 30;
    world.engine.change_settings(world.engine.settings(), settings).await.unwrap();
    let gone = timeout(Duration::from_secs(20), async {
        let mut inbox = world.engine.inbox();
        while old(&world).await > 0 {
            inbox.changed().await.unwrap();
        }
    });
    gone.await.unwrap();
    assert!(world.engine.snapshot().counts.open > 0, "what nobody answered stays");
    assert_eq!(world.engine.export(&file).await.unwrap(), u64::try_from(world.rows(Filter::All).await.len()).unwrap());
    world.engine.stop().await;
}
