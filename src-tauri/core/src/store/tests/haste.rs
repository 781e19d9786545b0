//! What may wait, and what must not wait for it.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::poll;

use super::*;

/// Hands messages over one by one, so far apart, until the other future is through.
async fn amid_messages<T>(store: &Store, apart: Duration, what: impl Future<Output = T>) -> T {
    let enough = AtomicBool::new(false);
    let messages = async {
        let arrivals = store.arrivals();
        while !enough.load(Ordering::Relaxed) {
            tokio::time::sleep(apart).await;
            arrivals.send(vec![arrival(br#"{"from":"helios","type":"log"}"#.to_vec())]).await.unwrap();
        }
    };
    let done = async {
        let done = within(what).await;
        enough.store(true, Ordering::Relaxed);
        done
    };
    tokio::join!(messages, done).1
}

/// Takes what is committed, as the engine does.
fn listen(at: &mut Fixture) {
    let (_, nothing) = mpsc::channel(1);
    let mut committed = std::mem::replace(&mut at.committed, nothing);
    tokio::spawn(async move { while committed.recv().await.is_some() {} });
}

#[tokio::test]
async fn what_may_wait_does_not_wait_for_the_end_of_a_flood() {
    let mut at = Fixture::new();
    listen(&mut at);
    assert_eq!(amid_messages(&at.store, Duration::ZERO, at.store.revive("helios".into())).await.unwrap(), 0);
}

#[tokio::test]
async fn a_file_is_tried_again_although_messages_keep_coming() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    std::fs::create_dir(&path).unwrap();
    let mut at = Fixture::at(folder);
    listen(&mut at);
    let mut health = at.store.health();
    let trouble = within(health.wait_for(Option::is_some)).await.unwrap().clone().unwrap();
    assert_eq!(trouble.code, TroubleCode::StoreUnusable);
    std::fs::remove_dir(&path).unwrap();
    let again = async { health.wait_for(Option::is_none).await.map(drop) };
    amid_messages(&at.store, Duration::from_millis(10), again).await.unwrap();
}

#[tokio::test]
async fn a_change_that_waits_is_made_before_one_that_came_later() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x")]).await;
    at.reply(1, ReplyStatus::Accepted, "").await.unwrap();
    let mut sent = Box::pin(at.store.sent(vec![(1, Sent::Unheard)], 6_000));
    assert!(poll!(&mut sent).is_pending(), "it is asked for, and not done");
    at.reply(1, ReplyStatus::Done, "").await.unwrap();
    assert!(poll!(&mut sent).is_ready(), "it did not wait any longer than that");
}

#[tokio::test]
async fn stopping_makes_the_changes_that_wait() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x")]).await;
    let (due, until) = at.store.receipts(names(), true, 10, 0).await.unwrap();
    let given = due.into_iter().map(|receipt| (receipt, Sent::Heard)).collect();
    let mut writing = Box::pin(at.store.receipts_given(given, until, 2_000));
    assert!(poll!(&mut writing).is_pending());
    // Whoever asked is cut off when the program ends.
    drop(writing);
    within(at.store.stop()).await;
    let again = Fixture::at(at.folder);
    within(again.store.inbox().wait_for(|inbox| inbox.file > 0)).await.unwrap();
    assert!(again.store.receipts(names(), true, 10, 0).await.unwrap().0.is_empty(), "it is not given twice");
}

#[test]
fn many_receipts_follow_each_other_without_a_pause() {
    assert_eq!((Haste::of(1), Haste::of(128)), (Haste::Soon, Haste::Now));
}
