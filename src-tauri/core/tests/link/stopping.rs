//! Cancelled in each of its states, the link ends at once and leaves nothing behind.

use std::time::Duration;

use heliograph_core::link::{LinkState, PublishFailed};
use heliograph_sandbox::proxy::{Mode, Proxy};

use crate::bench::{RARELY, SOON, Server, Subject};

/// What is promised is 100 ms; the rest is for a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn without_a_plan() {
    let server = Server::start().await;
    let subject = Subject::idle(server.tuning());
    assert_eq!(subject.link.publish("work", vec![1]).await, Err(PublishFailed::NotConnected));
    let link = subject.link.clone();
    assert!(subject.end().await < AT_ONCE);
    assert_eq!(link.publish("work", vec![1]).await, Err(PublishFailed::NotConnected));
    link.reconnect_now();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_encrypting_logging_in_and_subscribing() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.redis.plain_port().unwrap()).await.unwrap();
    for (mode, tls) in [(Mode::Swallow, true), (Mode::Swallow, false), (Mode::Delay(Duration::from_secs(3)), false)] {
        proxy.to_new(mode);
        let subject = Subject::start(server.tuning(), &server.through(proxy.port(), tls), RARELY);
        subject.until(SOON, |status| status.state == LinkState::Connecting).await;
        let connections = async {
            while proxy.connections() < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, connections).await.unwrap();
        assert!(subject.end().await < AT_ONCE);
        proxy.to_all(&Mode::Close);
        let closed = async {
            while proxy.connections() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, closed).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_connected_waiting_and_stopped() {
    let mut server = Server::start().await;
    let subject = Subject::start(server.tuning(), &server.redis.url(), RARELY);
    subject.connected().await;
    assert!(subject.end().await < AT_ONCE);
    let closed = async { while !server.command::<String>(&["CLIENT", "LIST", "TYPE", "pubsub"]).await.is_empty() {} };
    tokio::time::timeout(SOON, closed).await.expect("the socket is closed");

    let url = server.redis.url();
    server.redis.set_password("another-one".into()).await.unwrap();
    let subject = Subject::start(server.tuning(), &url, RARELY);
    subject.until(SOON, |status| status.state == LinkState::Stopped).await;
    assert!(subject.end().await < AT_ONCE);

    server.redis.kill().await.unwrap();
    let subject = Subject::start(server.tuning(), &url, RARELY);
    subject.until(SOON, |status| status.state == LinkState::Waiting && status.attempts > 2).await;
    assert!(subject.end().await < AT_ONCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_taker_who_takes_nothing() {
    let server = Server::start().await;
    let subject = Subject::start(server.tuning(), &server.redis.plain_url().unwrap(), RARELY);
    subject.connected().await;
    let mut commands = server.commands().await;
    let mut pipeline = redis::Pipeline::new();
    for _ in 0..20_000 {
        pipeline.cmd("PUBLISH").arg("work").arg(vec![7_u8; 300]).ignore();
    }
    let () = pipeline.query_async(&mut commands).await.unwrap();
    subject.until(SOON, |status| status.slow).await;
    assert!(subject.end().await < AT_ONCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_message_on_its_way() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.redis.port()).await.unwrap();
    let subject = Subject::start(server.tuning(), &server.through(proxy.port(), true), RARELY);
    subject.until(SOON, |status| status.round_trip.is_some()).await;
    proxy.to_live(&Mode::Swallow);
    let link = subject.link.clone();
    let publish = tokio::spawn(async move { link.publish("work", vec![1]).await });
    let outcome = tokio::time::timeout(Duration::from_secs(6), publish).await.unwrap().unwrap();
    assert_eq!(outcome, Err(PublishFailed::Unknown));
    assert!(subject.end().await < AT_ONCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_takes_deliveries_any_more() {
    let server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), Duration::from_secs(1));
    subject.next_connected(SOON).await;
    drop(subject.deliveries);
    tokio::time::timeout(SOON, subject.task).await.unwrap().unwrap();
}
