//! Messages in both directions, many and large, with a taker that is fast, slow, or asleep.

use std::time::Duration;

use heliograph_core::link::{Cause, Delivery, LinkState};
use tokio::{task::JoinSet, time::timeout};

use crate::bench::{RARELY, SOON, Server, Subject, plan};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_costs_four_commands_and_a_heartbeat_one() {
    let server = Server::start().await;
    let before = processed(&server).await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), RARELY);
    subject.next_connected(SOON).await;
    subject.until(SOON, |status| status.round_trip.is_some()).await;
    // AUTH twice, SUBSCRIBE, the first heartbeat; the looks themselves are counted by what one more of them adds.
    let after = processed(&server).await;
    let look = processed(&server).await - after;
    assert_eq!(after - before - look, 4);
}

async fn processed(server: &Server) -> u64 {
    let stats: String = server.command(&["INFO", "stats"]).await;
    let line = stats.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_go_out_together_and_each_has_its_answer() {
    let server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), RARELY);
    subject.next_connected(SOON).await;
    let mut publishing = JoinSet::new();
    for number in 0..1000_u32 {
        let link = subject.link.clone();
        publishing.spawn(async move { link.publish("work", number.to_string().into_bytes()).await });
    }
    let mut heard: Vec<u32> = subject
        .messages(1000, SOON)
        .await
        .iter()
        .map(|message| std::str::from_utf8(&message.payload).unwrap().parse().unwrap())
        .collect();
    heard.sort_unstable();
    assert!(heard.iter().copied().eq(0..1000));
    for answer in publishing.join_all().await {
        assert_eq!(answer, Ok(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_arrive_as_they_were_sent() {
    let server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), RARELY);
    subject.next_connected(SOON).await;
    // The largest is ten times the bound on what may wait unread.
    let large: Vec<u8> = (0..10 * 1024 * 1024).map(|n: u32| n.to_le_bytes()[n as usize % 3]).collect();
    for payload in [Vec::new(), vec![0, 255, 13, 10], b"$-1\r\n*3\r\n".to_vec(), large] {
        let link = subject.link.clone();
        let sent = payload.clone();
        let publish = tokio::spawn(async move { link.publish("work", sent).await });
        let heard = subject.messages(1, SOON).await;
        assert!(heard[0].payload == payload, "{} bytes", payload.len());
        assert_eq!(publish.await.unwrap(), Ok(1));
    }
}

/// A taker that takes nothing while 60 MB arrive: the link reads a few of them, the rest waits in the
/// system and then in the server; then all arrives, in
/// order, over the same connection, though heartbeats were due all the while.
#[tokio::test(flavor = "multi_thread")]
async fn a_taker_who_stops_costs_neither_memory_nor_messages() {
    const COUNT: usize = 200_000;
    let server = Server::start().await;
    // Otherwise the server would hang up on so slow a listener, which is another test's business.
    let limit = ["CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"];
    let _: String = server.command(&limit).await;
    // Without TLS: this server's own TLS fails under such bursts now and then.
    let url = server.redis.plain_url().unwrap();
    let mut subject = Subject::start(server.tuning(), &url, Duration::from_secs(1));
    subject.next_connected(SOON).await;
    let mut commands = server.commands().await;
    for start in (0..COUNT).step_by(1000) {
        let mut pipeline = redis::Pipeline::with_capacity(1000);
        for number in start..start + 1000 {
            pipeline.cmd("PUBLISH").arg("work").arg(format!("{number:>300}")).ignore();
        }
        let () = pipeline.query_async(&mut commands).await.unwrap();
    }
    subject.until(SOON, |status| status.slow).await;
    // Longer than two heartbeats may stay unheard.
    let patience = subject.left_alone(Duration::from_secs(13)).await;
    assert_eq!(patience.state, LinkState::Connected);
    let held: u64 = server.waiting_for_listeners().await;
    assert!(held > 45 * 1024 * 1024, "the server still holds {held} bytes of 69 million");
    let mut next = 0;
    while next < COUNT {
        for heard in subject.messages(1, SOON).await {
            assert_eq!(std::str::from_utf8(&heard.payload).unwrap().trim().parse::<usize>().unwrap(), next);
            next += 1;
        }
    }
    subject.until(SOON, |status| !status.slow).await;
    assert_eq!(subject.link.status().borrow().state, LinkState::Connected);
}

impl Subject {
    /// Lets time pass and fails if the link leaves its state meanwhile.
    async fn left_alone(&self, time: Duration) -> heliograph_core::link::Status {
        let mut status = self.link.status();
        let state = status.borrow().state;
        let changed = timeout(time, status.wait_for(|status| status.state != state)).await;
        assert!(changed.is_err(), "{:?}", self.link.status().borrow());
        self.link.status().borrow().clone()
    }
}

impl Server {
    /// How many bytes the server could not send yet to whoever listens.
    async fn waiting_for_listeners(&self) -> u64 {
        let list: String = self.command(&["CLIENT", "LIST", "TYPE", "pubsub"]).await;
        list.split_whitespace().filter_map(|word| word.strip_prefix("omem=")?.parse::<u64>().ok()).sum()
    }
}

/// What the old connection brought and nobody took yet comes before the news of the new one.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_before_a_loss_is_delivered_before_the_gap() {
    let server = Server::start().await;
    let url = server.redis.plain_url().unwrap();
    let mut subject = Subject::start(server.tuning(), &url, RARELY);
    subject.connected().await;
    let mut commands = server.commands().await;
    for number in 0..50 {
        let () = redis::cmd("PUBLISH").arg("work").arg(number).query_async(&mut commands).await.unwrap();
    }
    let first = subject.link.status().borrow().since;
    let killed: u64 = server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    assert_eq!(killed, 1);
    subject.until(SOON, |status| status.state == LinkState::Connected && status.since > first).await;
    let mut seen = Vec::new();
    let mut gaps = Vec::new();
    while gaps.len() < 2 {
        match subject.delivery(SOON).await {
            Delivery::Messages(batch) => {
                assert!(gaps.len() == 1, "between the two connections");
                seen.extend(batch.into_iter().filter(|heard| &*heard.channel == "work").map(|heard| heard.payload));
            }
            Delivery::Connected { missed, .. } => gaps.push(missed.map(|missed| missed.cause)),
        }
    }
    assert_eq!(gaps, [None, Some(Cause::ConnectionLost)]);
    assert!(seen.iter().cloned().eq((0..50).map(|number: i32| number.to_string().into_bytes())), "{}", seen.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_plan_takes_over_and_no_plan_ends_it() {
    let server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), RARELY);
    subject.next_connected(SOON).await;
    let mut other = plan(&server.redis.url(), RARELY);
    other.channels = vec!["other".to_owned(), "other".to_owned()];
    subject.link.connect(other);
    let missed = subject.next_connected(SOON).await.expect("a gap");
    assert_eq!(missed.cause, Cause::Restarted);
    assert_eq!(subject.link.publish("work", vec![1]).await, Ok(0));
    assert_eq!(subject.link.publish("other", vec![1]).await, Ok(1));
    subject.link.disconnect();
    subject.until(SOON, |status| status.state == LinkState::NoAddress).await;
    let closed = async { while server.command::<(String, u64)>(&["PUBSUB", "NUMSUB", "other"]).await.1 > 0 {} };
    timeout(SOON, closed).await.expect("the socket is closed");
}
