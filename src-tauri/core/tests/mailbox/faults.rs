//! What GitHub can do to us, and how it goes on.

use std::time::Duration;

use heliograph_core::{
    mailbox::{Cursor, MailboxState, PostFailed, Tuning},
    trouble::TroubleCode,
};
use heliograph_sandbox::github::Fault;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use url::Url;

use crate::bench::{IN, OUT, Subject, World, block, eventually, post, tuning};

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_waited_out() {
    let world = World::start().await;
    let limits = Tuning { answer_limit: Duration::from_millis(300), ..tuning() };
    let mut subject = Subject::start(&world, limits).await;
    let second = Duration::from_secs(1);
    let rows = [
        (Fault::Unavailable(500), TroubleCode::MailboxUnreachable),
        (Fault::Unavailable(503), TroubleCode::MailboxUnreachable),
        (Fault::Garbage, TroubleCode::MailboxUnreachable),
        (Fault::Silent, TroubleCode::MailboxUnreachable),
        (Fault::Slow(Duration::from_mins(10)), TroubleCode::MailboxUnreachable),
        (Fault::Secondary { retry_after: second }, TroubleCode::MailboxBusy),
        (Fault::RateLimited { reset_in: second }, TroubleCode::MailboxBusy),
    ];
    for (number, (fault, code)) in rows.into_iter().enumerate() {
        let id = format!("t-{number}");
        world.github.misbehave(fault.clone());
        world.helios(IN, &block(&id));
        let status = subject.until(|status| status.trouble.is_some()).await;
        assert_eq!(status.trouble.unwrap().code, code, "{fault:?}");
        subject.waiting().await;
        world.github.behave();
        subject.keep_until(number + 1).await;
        assert_eq!(subject.trusted().last(), Some(&id), "{fault:?}");
        subject.until(|status| status.trouble.is_none()).await;
    }
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pass_is_asked_no_more_until_somebody_asks() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, tuning()).await;
    for (number, fault) in [Fault::Unauthorized, Fault::Forbidden, Fault::NotFound].into_iter().enumerate() {
        world.github.misbehave(fault.clone());
        let status = subject.until(|status| status.state == MailboxState::Stopped).await;
        assert_eq!(status.trouble.unwrap().code, TroubleCode::MailboxRefused, "{fault:?}");
        let asked = world.github.seen().len();
        subject.mailbox.redis_is_away(number % 2 == 0);
        assert!(matches!(subject.mailbox.post(post(OUT)).await, Err(PostFailed::Refused(_))));
        assert_eq!(world.github.seen().len(), asked, "{fault:?}");
        world.github.behave();
        subject.mailbox.poll_now();
        world.helios(IN, &block("t"));
        subject.keep_until(number + 1).await;
        subject.until(|status| status.trouble.is_none()).await;
    }
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_allowance_is_not_asked_into() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, tuning()).await;
    world.helios(IN, &block("t-1"));
    subject.keep_until(1).await;
    world.github.limit_requests(1);
    world.helios(IN, &block("t-2"));
    let status = subject.waiting().await;
    assert_eq!(status.left_this_hour, Some(0));
    let refused = world.github.seen().iter().filter(|seen| seen.status == 403).count();
    assert_eq!(refused, 0, "the header was enough");
    assert!(matches!(subject.mailbox.post(post(OUT)).await, Err(PostFailed::Limited { .. })));
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_listens() {
    let world = World::start().await;
    let mut plan = world.plan();
    plan.api = Url::parse("http://127.0.0.1:1").unwrap();
    let subject = Subject::idle(tuning());
    subject.mailbox.follow(Some(plan), Cursor::default());
    let status = subject.until(|status| status.trouble.is_some()).await;
    assert_eq!(status.trouble.unwrap().code, TroubleCode::MailboxUnreachable);
    assert!(matches!(subject.mailbox.post(post(OUT)).await, Err(PostFailed::Unreachable(_))));
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_goes_nowhere_else() {
    let world = World::start().await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirecting = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}", redirecting.local_addr().unwrap());
    let location = format!("http://{}/stolen", elsewhere.local_addr().unwrap());
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = redirecting.accept().await.unwrap();
            let mut question = [0_u8; 4096];
            let _ = stream.read(&mut question).await;
            let answer =
                format!("HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let mut plan = world.plan();
    plan.api = Url::parse(&api).unwrap();
    let subject = Subject::idle(tuning());
    subject.mailbox.follow(Some(plan), Cursor::default());
    let status = subject.until(|status| status.state == MailboxState::Stopped).await;
    assert_eq!(status.trouble.unwrap().code, TroubleCode::MailboxRefused);
    let visit = tokio::time::timeout(Duration::from_millis(200), elsewhere.accept()).await;
    assert!(visit.is_err(), "somebody was asked who should not be");
    server.abort();

    let mut plan = world.plan();
    plan.api = Url::parse("http://api.github.com").unwrap();
    subject.mailbox.follow(Some(plan), Cursor::default());
    subject.until(|status| status.trouble.as_ref().is_some_and(|trouble| trouble.message.contains("encrypted"))).await;
    // A plan that is right mends it.
    subject.mailbox.follow(Some(world.plan()), Cursor::default());
    subject.until(|status| status.trouble.is_none() && status.last_poll.is_some()).await;
    let debug = format!("{:?} {:?}", world.plan(), subject.mailbox);
    assert!(!debug.contains(secrecy::ExposeSecret::expose_secret(world.github.token())));
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_of_strangers_elsewhere_cost_one_look_at_the_list() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, tuning()).await;
    let elsewhere = world.github.issue_as(world.github.other_login(), "A question");
    for _ in 0..5 {
        world.github.comment_as(world.github.other_login(), elsewhere, "Hello").unwrap();
        subject.keep_next().await;
    }
    let lists = || world.github.seen().iter().filter(|seen| seen.path.contains("/issues?")).count();
    assert_eq!(subject.kept, []);
    // One at the preparation, one for the stranger.
    eventually("the list was read", || lists() == 2).await;
    subject.end().await;
}
