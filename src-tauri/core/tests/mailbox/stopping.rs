//! Cancelled in each of its states, the postman ends at once.

use std::time::Duration;

use heliograph_core::mailbox::{Cursor, MailboxState, PostFailed};
use heliograph_sandbox::github::Fault;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
    time::timeout,
};
use url::Url;

use crate::bench::{IN, OUT, SOON, Subject, World, block, post, tuning};

/// What is promised is at once; the rest is for a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn in_the_middle_of_a_slow_look() {
    let world = World::start().await;
    world.github.misbehave(Fault::Silent);
    let subject = Subject::idle(tuning());
    let status = subject.mailbox.status();
    subject.mailbox.follow(Some(world.plan()), Cursor::default());
    subject.until(|status| status.state == MailboxState::Idle).await;
    assert!(subject.end().await < AT_ONCE);
    assert_eq!(status.borrow().state, MailboxState::Off);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_middle_of_a_slow_post() {
    let world = World::start().await;
    // Answers whatever is read, and nothing that is written.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut plan = world.plan();
    plan.api = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (written, mut on_its_way) = mpsc::channel(1);
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0_u8; 4096];
            let length = stream.read(&mut question).await.unwrap();
            if question[..length].starts_with(b"POST") {
                written.send(stream).await.unwrap();
            } else {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
                stream.write_all(answer).await.unwrap();
            }
        }
    });
    let subject = Subject::idle(tuning());
    subject.mailbox.follow(Some(plan), Cursor::default());
    let mailbox = subject.mailbox.clone();
    let posting = tokio::spawn(async move { mailbox.post(post(OUT)).await });
    let _open = timeout(SOON, on_its_way.recv()).await.unwrap();
    assert!(subject.end().await < AT_ONCE);
    assert_eq!(posting.await.unwrap(), Err(PostFailed::Unknown));
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_batch_is_being_kept_and_while_nobody_takes_it() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, tuning()).await;
    world.helios(IN, &block("t-1"));
    let batch = subject.next().await;
    // Meanwhile messages can be left.
    subject.mailbox.post(post(OUT)).await.unwrap();
    assert!(subject.end().await < AT_ONCE);
    assert!(batch.stored.send(()).is_err());
}
