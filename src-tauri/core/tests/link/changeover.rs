//! From one login to another on the same server, while messages come: nothing is lost, doubled or late.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use heliograph_core::{
    link::{Cause, Delivery, LinkState, Plan, Tuning},
    trouble::TroubleCode,
};
use heliograph_sandbox::proxy::{Mode, Proxy};
use secrecy::SecretString;
use tokio::time::{Instant, timeout};

use crate::{
    bench::{RARELY, SOON, Server, Subject, plan},
    taker::{LAST, Taker, flood, speak},
};

const CHANNELS: [&str; 3] = ["work", "other", "own"];
const LIMIT: Duration = Duration::from_millis(500);

impl Server {
    /// Another user's address, with a password of his own.
    async fn user(&self, name: &str, rights: &[&str]) -> SecretString {
        let password = format!(">pw-{name}");
        let _: String = self.command(&[&["ACL", "SETUSER", name, "on", &password], rights].concat()).await;
        url_of(name, self.redis.plain_port().unwrap())
    }

    /// The users of all connections but our own.
    async fn users(&self) -> Vec<String> {
        let list: String = self.command(&["CLIENT", "LIST"]).await;
        let mut users: Vec<String> = list
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("user=").filter(|user| *user != "default"))
            .map(ToOwned::to_owned)
            .collect();
        users.sort_unstable();
        users
    }

    /// Waits until nobody is connected but these.
    async fn only(&self, wanted: &[&str]) {
        let until = Instant::now() + SOON;
        while self.users().await != wanted {
            assert!(Instant::now() < until, "{:?}", self.users().await);
        }
    }

    async fn refusals(&self) -> usize {
        self.command::<Vec<redis::Value>>(&["ACL", "LOG"]).await.len()
    }
}

fn url_of(name: &str, port: u16) -> SecretString {
    format!("redis://{name}:pw-{name}@localhost:{port}").into()
}

const ALL: [&str; 3] = ["~*", "&*", "+@all"];

fn broad(url: &SecretString) -> Plan {
    let mut plan = plan(url, RARELY);
    plan.channels = CHANNELS.map(str::to_owned).to_vec();
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_flood_nothing_is_lost_or_doubled_through_ten_of_them() {
    let server = Server::start().await;
    let urls = [server.user("one", &ALL).await, server.user("two", &ALL).await];
    let Subject { link, deliveries, stop: end, task } = Subject::idle(server.tuning());
    let mut taker = Taker::start(deliveries);
    link.connect(broad(&urls[0]));
    taker.connected(1).await;
    let before = link.status().borrow().clone();
    let (stop, spoken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let flooding = flood(server.commands().await, Arc::clone(&taker.count), Arc::clone(&stop));
    let speaking = speak(link.clone(), Arc::clone(&stop), Arc::clone(&spoken));
    let mut status = link.status();
    let left =
        tokio::spawn(async move { status.wait_for(|status| status.state != LinkState::Connected).await.is_ok() });
    for time in 1..=10 {
        let said = spoken.load(Ordering::Relaxed);
        link.connect(broad(&urls[time % 2]));
        taker.connected(time + 1).await;
        let user = ["one", "two"][time % 2];
        server.only(&[user, user]).await;
        let until = Instant::now() + SOON;
        while spoken.load(Ordering::Relaxed) < said + 3 {
            assert!(Instant::now() < until, "what is said goes out");
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let flooded = flooding.await.unwrap();
    speaking.await.unwrap();
    assert!(!left.is_finished());
    left.abort();
    let after = link.status().borrow().clone();
    assert_eq!((after.state, after.since, after.trouble), (LinkState::Connected, before.since, None));
    assert_eq!(link.publish("work", LAST.to_string().into_bytes()).await, Ok(1));
    timeout(SOON, taker.seen.wait_for(|(_, last)| *last)).await.expect("in time").unwrap();
    end.cancel();
    task.await.unwrap();
    let all = taker.task.await.unwrap();
    assert_eq!(all.gaps, 0);
    for (channel, count) in [("work", flooded), ("other", flooded), ("own", spoken.load(Ordering::Relaxed))] {
        let heard = &all.heard[channel];
        let wrong = heard.iter().enumerate().find(|(place, number)| place != *number);
        assert_eq!((wrong, heard.len()), (None, count), "{channel}");
    }
    assert!(flooded > 1_000 && spoken.load(Ordering::Relaxed) > 30, "{flooded} {spoken:?}");
    assert_eq!(server.refusals().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_taker_who_takes_nothing_everything_waits_and_comes_once() {
    const COUNT: usize = 60_000;
    let server = Server::start().await;
    let limit = ["CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"];
    let _: String = server.command(&limit).await;
    let (one, two) = (server.user("one", &ALL).await, server.user("two", &ALL).await);
    let Subject { link, mut deliveries, stop: end, task } =
        Subject::idle(Tuning { answer_limit: LIMIT, ..server.tuning() });
    link.connect(broad(&one));
    assert!(matches!(deliveries.recv().await.unwrap(), Delivery::Connected { missed: None, .. }));
    let mut commands = server.commands().await;
    let mut publish = async |range: std::ops::Range<usize>| {
        let mut pipeline = redis::Pipeline::with_capacity(range.len());
        for number in range {
            pipeline.cmd("PUBLISH").arg("work").arg(format!("{number:>300}")).ignore();
        }
        let () = pipeline.query_async(&mut commands).await.unwrap();
    };
    publish(0..COUNT / 2).await;
    let mut status = link.status();
    timeout(SOON, status.wait_for(|status| status.slow)).await.unwrap().unwrap();
    link.connect(broad(&two));
    let until = Instant::now() + SOON;
    while server.users().await != ["one", "one", "two", "two"] {
        assert!(Instant::now() < until);
    }
    publish(COUNT / 2..COUNT).await;
    // Longer than the mark is waited for where it could be heard.
    let unchanged = timeout(6 * LIMIT, status.wait_for(|status| status.state != LinkState::Connected)).await;
    assert!(unchanged.is_err());
    assert_eq!(server.users().await, ["one", "one", "two", "two"]);
    let mut taker = Taker::start(deliveries);
    taker.connected(1).await;
    server.only(&["two", "two"]).await;
    assert_eq!(link.publish("work", LAST.to_string().into_bytes()).await, Ok(1));
    timeout(SOON, taker.seen.wait_for(|(_, last)| *last)).await.expect("in time").unwrap();
    end.cancel();
    task.await.unwrap();
    let all = taker.task.await.unwrap();
    let heard = &all.heard["work"];
    let wrong = heard.iter().enumerate().find(|(place, number)| place != *number);
    assert_eq!((wrong, heard.len(), all.gaps), (None, COUNT, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_login_that_is_refused_ends_it_and_is_offered_once() {
    let server = Server::start().await;
    let one = server.user("one", &ALL).await;
    let mut subject = Subject::start(server.tuning(), &one, RARELY);
    subject.next_connected(SOON).await;
    subject.link.connect(plan(&url_of("nobody", server.redis.plain_port().unwrap()), RARELY));
    let status = subject.until(SOON, |status| status.state == LinkState::Stopped).await;
    assert_eq!(status.trouble.unwrap().code, TroubleCode::PasswordRefused);
    assert_eq!(server.refusals().await, 1);
    server.only(&[]).await;
    subject.link.connect(plan(&one, RARELY));
    assert_eq!(subject.next_connected(SOON).await.expect("a gap").cause, Cause::Restarted);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_may_be_no_second_connection_it_takes_the_place_of_the_first() {
    let server = Server::start().await;
    let _ = (server.user("one", &ALL).await, server.user("two", &ALL).await);
    let proxy = Proxy::start(server.redis.plain_port().unwrap()).await.unwrap();
    let [one, two] = ["one", "two"].map(|name| url_of(name, proxy.port()));
    let mut subject = Subject::start(server.tuning(), &one, RARELY);
    subject.next_connected(SOON).await;
    proxy.to_new(Mode::Refuse("ERR max concurrent connections exceeded".to_owned()));
    subject.link.connect(plan(&two, RARELY));
    let status = subject.until(SOON, |status| status.state == LinkState::Waiting).await;
    assert_eq!(status.trouble.unwrap().code, TroubleCode::TooManyConnections);
    proxy.to_all(&Mode::Forward);
    subject.link.reconnect_now();
    assert_eq!(subject.next_connected(SOON).await.expect("a gap").cause, Cause::Restarted);
    server.only(&["two", "two"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mark_the_new_connection_takes_over_after_the_limit() {
    let server = Server::start().await;
    let one = server.user("one", &ALL).await;
    let two = server.user("two", &["&*", "-@all", "+subscribe", "+ping"]).await;
    let mut subject = Subject::start(Tuning { answer_limit: LIMIT, ..server.tuning() }, &one, RARELY);
    subject.next_connected(SOON).await;
    let asked = Instant::now();
    subject.link.connect(plan(&two, RARELY));
    assert_eq!(subject.next_connected(SOON).await, None);
    assert!(asked.elapsed() >= LIMIT);
    server.only(&["two", "two"]).await;
    let status = subject.until(SOON, |status| status.trouble.is_some()).await;
    assert_eq!((status.state, status.trouble.unwrap().code), (LinkState::Connected, TroubleCode::NotPermitted));
    let heard: u64 = server.command(&["PUBLISH", "work", "still"]).await;
    assert_eq!((heard, subject.messages(1, SOON).await.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_dead_unnoticed_leaves_its_gap() {
    let server = Server::start().await;
    let _ = (server.user("one", &ALL).await, server.user("two", &ALL).await);
    let proxy = Proxy::start(server.redis.plain_port().unwrap()).await.unwrap();
    let mut subject =
        Subject::start(Tuning { answer_limit: LIMIT, ..server.tuning() }, &url_of("one", proxy.port()), RARELY);
    subject.next_connected(SOON).await;
    subject.until(SOON, |status| status.round_trip.is_some()).await;
    proxy.to_live(&Mode::Swallow);
    let _: u64 = server.command(&["PUBLISH", "work", "swallowed"]).await;
    subject.link.connect(plan(&url_of("two", proxy.port()), RARELY));
    let missed = subject.next_connected(SOON).await.expect("a gap");
    assert_eq!(missed.cause, Cause::ConnectionSilent);
    assert!(missed.since < missed.until);
    let heard: u64 = server.command(&["PUBLISH", "work", "heard"]).await;
    assert!(heard >= 1);
    assert_eq!(subject.messages(1, SOON).await[0].payload, b"heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_of_many_plans_is_the_one() {
    let server = Server::start().await;
    let urls = [server.user("one", &ALL).await, server.user("two", &ALL).await];
    let mut subject = Subject::start(server.tuning(), &urls[0], RARELY);
    subject.next_connected(SOON).await;
    for time in 1..=20 {
        subject.link.connect(plan(&urls[time % 2], RARELY));
        tokio::task::yield_now().await;
    }
    subject.link.connect(plan(&urls[1], RARELY));
    server.only(&["two", "two"]).await;
    assert_eq!(subject.link.publish("work", b"1".to_vec()).await, Ok(1));
    let mut gaps = 0;
    loop {
        match subject.delivery(SOON).await {
            Delivery::Connected { missed, .. } => gaps += usize::from(missed.is_some()),
            Delivery::Messages(batch) if batch.iter().any(|heard| &*heard.channel == "work") => break,
            Delivery::Messages(_) => {}
        }
    }
    assert_eq!((gaps, server.refusals().await), (0, 0));
}
