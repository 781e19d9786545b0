//! The engine's count equals the server's, whatever happens on the way.

use heliograph_core::{
    engine::Engine,
    link::LinkState,
    trouble::TroubleCode,
    usage::{CommandKind, UsageView},
};
use heliograph_sandbox::proxy::{Mode, Proxy};
use tokio::time::timeout;

use crate::bench::{Admin, Counted, LIMIT, Scene, connected, of, say, say_and_send, sent, until};

const FROM_HELIOS: &str = "helios→chad";
const QUOTA: &str = "ERR max requests limit exceeded. Limit: 500000, Usage: 500001";

/// Waits until both say the same, and gives it. Where they never do, says what differs.
async fn equal(engine: &Engine, admin: &mut Admin, bytes: bool) -> (UsageView, Counted) {
    let mut last = None;
    let same = timeout(LIMIT, async {
        loop {
            let counted = admin.counted().await;
            let view = engine.usage();
            let ours = view.meters[0].ours.unwrap();
            let (bytes_in, bytes_out) =
                view.days.iter().fold((0, 0), |sum, day| (sum.0 + day.bytes_in, sum.1 + day.bytes_out));
            let differ = (ours, bytes_out, bytes_in);
            let theirs = (counted.commands, counted.bytes_in, counted.bytes_out);
            if differ == theirs || (!bytes && ours == counted.commands) {
                return (view, counted);
            }
            last = Some((differ, theirs, view.kinds, counted.by_name));
            tokio::task::yield_now().await;
        }
    });
    let same = same.await;
    same.unwrap_or_else(|_| panic!("ours, then theirs: {last:#?}"))
}

/// Waits until so many of a kind are counted.
async fn out(engine: &Engine, kind: CommandKind, count: u64) {
    let gone = timeout(LIMIT, async {
        while of(&engine.usage(), kind) < count {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("they go out");
}

fn task(id: &str) -> String {
    format!(r#"{{"from":"helios","type":"task","id":"{id}","data":{{"title":"{id}"}}}}"#)
}

/// Helios publishes a task, and it has come. What is in the record as well waits there for whoever was away.
async fn a_task_comes(engine: &Engine, admin: &mut Admin, id: &str) {
    let before = engine.snapshot().counts.open;
    admin.say(&["PUBLISH", FROM_HELIOS, &task(id)]).await;
    until(engine, |state| state.counts.open > before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_and_byte_is_counted_as_the_server_counts_it() {
    let scene = Scene::new().await;
    let proxy = Proxy::start(scene.redis.plain_port().unwrap()).await.unwrap();
    let mut admin = scene.admin().await;
    admin.say(&["XADD", "record:helios→chad", "*", "m", &task("old")]).await;
    admin.reset().await;
    let engine = Engine::start(scene.setup(scene.through(proxy.port())));
    connected(&engine).await;
    let (first, _) = equal(&engine, &mut admin, true).await;
    assert_eq!((of(&first, CommandKind::Connect), of(&first, CommandKind::Heartbeat)), (3, 1));

    // Messages both ways, with receipts and the record.
    a_task_comes(&engine, &mut admin, "one").await;
    for number in 0..5 {
        say_and_send(&engine, "note", &format!("number {number}")).await;
    }
    out(&engine, CommandKind::Receipt, 1).await;
    let (view, _) = equal(&engine, &mut admin, true).await;
    assert_eq!((of(&view, CommandKind::Publish), of(&view, CommandKind::Receipt)), (5, 1));
    assert_eq!(of(&view, CommandKind::Record), 6);

    // Cut off and back, with something to catch up: it stands in the record and was never published.
    for round in 1..=3 {
        admin.say(&["XADD", "record:helios→chad", "*", "m", &task(&format!("missed {round}"))]).await;
        let before = engine.snapshot().counts.open;
        proxy.to_live(&Mode::Close);
        until(&engine, |state| state.counts.open > before && state.link.state == LinkState::Connected).await;
        // Its receipt and a heartbeat too, so that nothing is on its way when the next cut comes.
        out(&engine, CommandKind::Receipt, 1 + round).await;
        out(&engine, CommandKind::Heartbeat, 1 + round).await;
        equal(&engine, &mut admin, true).await;
    }
    let (view, _) = equal(&engine, &mut admin, true).await;
    assert_eq!((of(&view, CommandKind::Connect), of(&view, CommandKind::Heartbeat)), (12, 4));
    assert!(of(&view, CommandKind::CatchUp) > of(&first, CommandKind::CatchUp));

    // Refused: first the record alone, then the message itself.
    admin.say(&["ACL", "SETUSER", "default", "-xadd"]).await;
    say(&engine, "note", "without a record").await;
    until(&engine, |state| state.troubles.iter().any(|one| one.code == TroubleCode::RecordUnusable)).await;
    admin.say(&["ACL", "SETUSER", "default", "+xadd", "-publish"]).await;
    say_and_send(&engine, "note", "refused").await;
    admin.say(&["ACL", "SETUSER", "default", "+@all"]).await;
    equal(&engine, &mut admin, true).await;

    // The connection test.
    engine.guide().start_test().unwrap();
    let mut guide = engine.guide().changes();
    timeout(LIMIT, guide.wait_for(|view| !view.testing && !view.checks.is_empty())).await.unwrap().unwrap();
    let cost = engine.guide().view().cost;
    let (view, _) = equal(&engine, &mut admin, false).await;
    assert_eq!(of(&view, CommandKind::Test), u64::from(cost), "all of them were taken");
    engine.guide().ping().unwrap();
    let (view, _) = timeout(LIMIT, async {
        loop {
            let both = equal(&engine, &mut admin, false).await;
            if of(&both.0, CommandKind::Test) > u64::from(cost) {
                return both;
            }
        }
    })
    .await
    .unwrap();
    assert_eq!(of(&view, CommandKind::Test), u64::from(cost) + 1);

    // A used-up quota: the server hears nothing of what is refused, and nothing of that is counted.
    proxy.to_all(&Mode::Refuse(QUOTA.into()));
    engine.reconnect();
    let state = until(&engine, |state| state.link.state == LinkState::Waiting).await;
    let trouble = state.link.trouble.unwrap();
    assert_eq!((trouble.code, state.headline.as_str()), (TroubleCode::QuotaUsedUp, "Quota used up"));
    assert!(trouble.remedy.contains("They begin anew on 1 "), "{}", trouble.remedy);
    equal(&engine, &mut admin, false).await;
    engine.reconnect();
    until(&engine, |state| state.link.state == LinkState::Waiting).await;
    say(&engine, "note", "waits for better times").await;
    equal(&engine, &mut admin, false).await;
    proxy.to_all(&Mode::Forward);
    engine.reconnect();
    connected(&engine).await;
    sent(&engine).await;
    let (view, counted) = equal(&engine, &mut admin, false).await;

    // Kind by kind, by the names the server knows them under: those of the test are among them.
    let all = |kinds: &[CommandKind]| kinds.iter().map(|kind| of(&view, *kind)).sum::<u64>();
    assert_eq!(counted.named(&["xread", "xrevrange", "xinfo|stream"]), all(&[CommandKind::CatchUp]));
    let published = all(&[CommandKind::Heartbeat, CommandKind::Publish, CommandKind::Receipt]);
    // One of the connection test, one ping to Helios.
    assert_eq!(counted.named(&["publish"]), published + 2);
    // One of the connection test.
    assert_eq!(counted.named(&["xadd"]), all(&[CommandKind::Record]) + 1);
    assert_eq!(all(&[CommandKind::Connect]), 15);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_outlives_the_program_and_counts_once() {
    let scene = Scene::new().await;
    let url = scene.redis.plain_url().unwrap();
    let mut admin = scene.admin().await;
    admin.reset().await;
    let mut before = 0;
    for round in 1..=3 {
        let engine = Engine::start(scene.setup(url.clone()));
        connected(&engine).await;
        say_and_send(&engine, "note", "once more").await;
        let opened = timeout(LIMIT, async {
            while engine.usage().meters[0].ours.unwrap() <= before {
                tokio::task::yield_now().await;
            }
        });
        opened.await.expect("what was counted before is known");
        let (view, _) = equal(&engine, &mut admin, true).await;
        assert_eq!(of(&view, CommandKind::Publish), round);
        before = view.meters[0].ours.unwrap();
        engine.stop().await;
    }
}
