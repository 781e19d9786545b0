//! What breaks by itself, and how soon it is noticed and mended.

use std::time::Duration;

use heliograph_core::{
    link::{Cause, Delivery, LinkState, Wake},
    trouble::TroubleCode,
};
use heliograph_sandbox::proxy::{Mode, Proxy};
use tokio::time::Instant;

use crate::bench::{RARELY, SOON, Server, Subject};

const SECOND: Duration = Duration::from_secs(1);
/// The first wait is a tenth of a second at most, which the back-off's own test proves; the rest is for a machine that is
/// busy with other tests.
const SOON_AGAIN: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_noticed_at_once_and_found_again_with_the_gap_reported() {
    let mut server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), RARELY);
    assert_eq!(subject.next_connected(SOON).await, None, "nothing is known of the time before the first connection");
    let connected = subject.until(SOON, |status| status.round_trip.is_some()).await;
    assert_eq!((connected.attempts, connected.trouble), (0, None));

    server.redis.kill().await.unwrap();
    let down = subject.left(SECOND, LinkState::Connected).await;
    assert!(down.trouble.is_some());
    let refused = |status: &heliograph_core::link::Status| {
        status.trouble.as_ref().is_some_and(|trouble| trouble.code == TroubleCode::Unreachable)
    };
    subject.until(SOON, refused).await;
    server.redis.restart().await.unwrap();
    let back = Instant::now();
    subject.link.reconnect_now();
    let missed = subject.next_connected(SOON).await.expect("a gap");
    assert!(back.elapsed() < SECOND, "{:?}", back.elapsed());
    assert_eq!(missed.cause, Cause::ConnectionLost);
    assert!(missed.since < missed.until && missed.since >= down.since - 200, "{missed:?} {down:?}");
    assert_eq!(subject.link.publish("work", b"again".to_vec()).await, Ok(1));
    assert_eq!(subject.messages(1, SOON).await[0].payload, b"again");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_by_itself_however_long_the_server_was_away() {
    let mut server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), RARELY);
    subject.next_connected(SOON).await;
    server.redis.kill().await.unwrap();
    subject.until(SOON, |status| status.attempts >= 4).await;
    server.redis.restart().await.unwrap();
    // The fourth wait is at most two seconds, and so on: far from the cap.
    subject.next_connected(SOON).await.expect("a gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_killed_after_a_good_life_is_back_at_once() {
    let server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), SECOND);
    subject.next_connected(SOON).await;
    let good = Instant::now() + Duration::from_millis(5100);
    while Instant::now() < good {
        subject.delivery(SOON).await;
    }
    let _: u64 = server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    let killed = Instant::now();
    let missed = subject.next_connected(SOON).await.expect("a gap");
    assert!(killed.elapsed() < SOON_AGAIN, "{:?}", killed.elapsed());
    assert!(missed.until - missed.since < 4000, "{missed:?}");
    let subscribers: Vec<redis::Value> = server.command(&["PUBSUB", "NUMSUB", "work"]).await;
    assert_eq!(subscribers[1], redis::Value::Int(1), "the old subscription is gone before the new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_server_is_noticed_by_the_heartbeat() {
    let server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), SECOND);
    subject.next_connected(SOON).await;
    subject.until(SOON, |status| status.round_trip.is_some()).await;
    server.redis.freeze().unwrap();
    let frozen = Instant::now();
    let status = subject.left(Duration::from_secs(11), LinkState::Connected).await;
    assert_eq!(status.trouble.unwrap().code, TroubleCode::ConnectionSilent);
    assert!(frozen.elapsed() > Duration::from_secs(4), "not sooner than an answer may take: {:?}", frozen.elapsed());
    server.redis.thaw().unwrap();
    let missed = subject.next_connected(Duration::from_secs(20)).await.expect("a gap");
    assert_eq!(missed.cause, Cause::ConnectionSilent);
    assert!(missed.until - missed.since >= 5000, "the gap begins with the last sign of life: {missed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_swallows_everything_is_noticed_by_the_heartbeat() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.redis.port()).await.unwrap();
    let mut subject = Subject::start(server.tuning(), &server.through(proxy.port(), true), SECOND);
    subject.next_connected(SOON).await;
    subject.until(SOON, |status| status.round_trip.is_some()).await;
    proxy.to_live(&Mode::Swallow);
    let swallowed = Instant::now();
    let missed = subject.next_connected(Duration::from_secs(12)).await.expect("a gap");
    assert!(swallowed.elapsed() < Duration::from_secs(11), "{:?}", swallowed.elapsed());
    assert_eq!(missed.cause, Cause::ConnectionSilent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_woke_the_computer_has_the_connection_proved_within_five_seconds() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.redis.port()).await.unwrap();
    let mut subject = Subject::start(server.tuning(), &server.through(proxy.port(), true), RARELY);
    subject.next_connected(SOON).await;
    subject.until(SOON, |status| status.round_trip.is_some()).await;

    let beats = server.calls("publish").await;
    subject.link.woke(Wake::NetworkChanged);
    subject.messages_on_heartbeat(2).await;
    assert_eq!(server.calls("publish").await, beats + 1, "one heartbeat proves it");

    proxy.to_live(&Mode::Swallow);
    let since = subject.link.status().borrow().since;
    subject.link.woke(Wake::Slept { since });
    let woke = Instant::now();
    let missed = subject.next_connected(SOON).await.expect("a gap");
    assert!(woke.elapsed() < Duration::from_millis(7500), "{:?}", woke.elapsed());
    assert_eq!(missed.cause, Cause::Asleep);
}

impl Subject {
    /// Takes deliveries until so many heartbeats have been heard.
    async fn messages_on_heartbeat(&mut self, mut count: usize) {
        while count > 0 {
            if let Delivery::Messages(batch) = self.delivery(SOON).await {
                count -= batch.iter().filter(|heard| &*heard.channel == "heartbeat").count().min(count);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_says_nothing_is_given_up_after_the_limit() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.redis.port()).await.unwrap();
    proxy.to_new(Mode::Swallow);
    for (url, words) in
        [(server.through(proxy.port(), true), "encryption"), (server.through(proxy.port(), false), "log-in")]
    {
        let began = Instant::now();
        let subject = Subject::start(server.tuning(), &url, RARELY);
        let status = subject.until(Duration::from_secs(12), |status| status.trouble.is_some()).await;
        assert!(began.elapsed() > Duration::from_millis(9900) && began.elapsed() < Duration::from_secs(13));
        let trouble = status.trouble.unwrap();
        assert_eq!(trouble.code, TroubleCode::TimedOut);
        assert!(trouble.message.contains(words), "{}", trouble.message);
    }
}
