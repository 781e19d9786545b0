//! Leaving messages: once or not at all, and it is said which.

use std::time::Duration;

use heliograph_core::{
    mailbox::{Cursor, LONGEST, PostFailed, Tuning},
    trouble::TroubleCode,
};
use heliograph_sandbox::{
    github::{Access, Fault},
    proxy::{Mode, Proxy},
};
use url::Url;

use crate::bench::{IN, OUT, Subject, World, block, eventually, post, tuning};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_plan_there_is_no_mailbox() {
    let subject = Subject::idle(tuning());
    assert_eq!(subject.mailbox.post(post(OUT)).await, Err(PostFailed::NotSetUp));
    let mailbox = subject.mailbox.clone();
    subject.end().await;
    assert_eq!(mailbox.post(post(OUT)).await, Err(PostFailed::NotSetUp));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_never_sent() {
    let world = World::start().await;
    let subject = Subject::start(&world, tuning()).await;
    let mut message = post(OUT);
    message.payload = format!("\"{}\"", "é".repeat(LONGEST)).into_bytes();
    assert_eq!(subject.mailbox.post(message.clone()).await, Err(PostFailed::TooLong { limit: 65_536 }));
    // To the last character: the fences and the line ends are 13.
    message.payload = format!("\"{}\"", "é".repeat(LONGEST - 2 - "```json\n\n```".len())).into_bytes();
    subject.mailbox.post(message).await.unwrap();
    let mut message = post(OUT);
    message.payload = vec![0xff];
    assert!(matches!(subject.mailbox.post(message).await, Err(PostFailed::Refused(_))));
    assert_eq!(world.left(OUT).len(), 1);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_does_not_leave_a_message_twice() {
    let world = World::start().await;
    let proxy = Proxy::start(world.api().port().unwrap()).await.unwrap();
    let limit = Duration::from_millis(1_500);
    let subject = Subject::idle(Tuning { answer_limit: limit, fast: limit, slow: limit * 1_000, ..tuning() });
    let mut plan = world.plan();
    plan.api = Url::parse(&format!("http://127.0.0.1:{}", proxy.port())).unwrap();
    subject.mailbox.follow(Some(plan), Cursor::default());
    subject.mailbox.post(post(OUT)).await.unwrap();

    // The question arrives, and its answer comes too late.
    proxy.to_all(&Mode::Delay(Duration::from_secs(1)));
    let message = post(OUT);
    assert_eq!(subject.mailbox.post(message.clone()).await, Err(PostFailed::Unknown));
    eventually("it was left all the same", || world.left(OUT).len() == 2).await;
    proxy.to_all(&Mode::Close);
    proxy.to_all(&Mode::Forward);
    let posted = loop {
        match subject.mailbox.post(message.clone()).await {
            Err(PostFailed::Limited { .. } | PostFailed::Unreachable(_)) => tokio::task::yield_now().await,
            done => break done.unwrap(),
        }
    };
    assert!(posted.found);
    assert_eq!(world.left(OUT).len(), 2);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_on_the_way_there_is_sent_again() {
    let world = World::start().await;
    let subject = Subject::start(&world, Tuning { slow: Duration::from_hours(1), ..tuning() }).await;
    subject.mailbox.post(post(OUT)).await.unwrap();
    world.github.misbehave_times(Fault::Unavailable(502), 1);
    let message = post(OUT);
    assert_eq!(subject.mailbox.post(message.clone()).await, Err(PostFailed::Unknown));
    let posted = loop {
        match subject.mailbox.post(message.clone()).await {
            Err(PostFailed::Limited { .. }) => tokio::task::yield_now().await,
            done => break done.unwrap(),
        }
    };
    assert!(!posted.found);
    assert_eq!(world.left(OUT).len(), 2);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_it_is_looked_for_among_our_own() {
    let world = World::start().await;
    let subject = Subject::start(&world, tuning()).await;
    let mut message = post(OUT);
    let first = subject.mailbox.post(message.clone()).await.unwrap();
    // The same id by somebody else is not ours.
    let mut foreign = post(OUT);
    foreign.perhaps_posted = true;
    let copy = String::from_utf8(foreign.payload.clone()).unwrap();
    world.helios(OUT, &format!("```json\n{copy}\n```"));
    subject.end().await;

    let subject = Subject::start(&world, tuning()).await;
    message.perhaps_posted = true;
    let again = subject.mailbox.post(message).await.unwrap();
    assert_eq!((again.comment, again.found), (first.comment, true));
    assert!(!subject.mailbox.post(foreign).await.unwrap().found);
    assert_eq!(world.left(OUT).len(), 2);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_says_until_when_and_nothing_is_asked_before() {
    let world = World::start().await;
    let subject = Subject::start(&world, tuning()).await;
    world.github.misbehave_times(Fault::Secondary { retry_after: Duration::from_mins(10) }, 1);
    let Err(PostFailed::Limited { until }) = until_refused(&subject).await else { panic!("not limited") };
    let wait = until - heliograph_core::message::now();
    assert!((500_000..=600_500).contains(&wait), "{wait}");
    let asked = world.github.seen().len();
    assert!(matches!(subject.mailbox.post(post(OUT)).await, Err(PostFailed::Limited { .. })));
    subject.mailbox.poll_now();
    subject.waiting().await;
    assert_eq!(world.github.seen().len(), asked);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_outlives_a_plan_and_ends_with_its_token() {
    let world = World::start().await;
    let subject = Subject::start(&world, tuning()).await;
    world.github.misbehave_times(Fault::Secondary { retry_after: Duration::from_mins(10) }, 1);
    let Err(PostFailed::Limited { .. }) = until_refused(&subject).await else { panic!("not limited") };
    let asked = world.github.seen().len();
    let mut plan = world.plan();
    plan.allowed.push("another".into());
    subject.mailbox.follow(Some(plan), Cursor::default());
    assert!(matches!(subject.mailbox.post(post(OUT)).await, Err(PostFailed::Limited { .. })));
    assert_eq!(world.github.seen().len(), asked);
    subject.mailbox.follow(Some(world.plan_with(world.github.token_with(Access::Classic))), Cursor::default());
    subject.mailbox.post(post(OUT)).await.unwrap();
    subject.end().await;
}

/// The first post that is not taken; a look may have met the fault before.
async fn until_refused(subject: &Subject) -> Result<(), PostFailed> {
    loop {
        subject.mailbox.post(post(OUT)).await?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_only_read_reads_on() {
    let world = World::start().await;
    let mut subject = Subject::idle(tuning());
    subject.mailbox.follow(Some(world.plan_with(world.github.token_with(Access::Read))), Cursor::default());
    subject.keep_next().await;
    let Err(PostFailed::Refused(trouble)) = subject.mailbox.post(post(OUT)).await else { panic!("not refused") };
    assert_eq!(trouble.code, TroubleCode::MailboxRefused);
    subject.until(|status| status.trouble.is_some()).await;
    for id in ["t-1", "t-2"] {
        world.helios(IN, &block(id));
        subject.keep_next().await;
    }
    assert_eq!(subject.trusted(), ["t-1", "t-2"]);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_is_gone_is_made_anew() {
    let world = World::start().await;
    let subject = Subject::start(&world, Tuning { slow: Duration::from_hours(1), ..tuning() }).await;
    subject.mailbox.post(post(OUT)).await.unwrap();
    world.github.misbehave_times(Fault::NotFound, 1);
    subject.mailbox.post(post(OUT)).await.unwrap();
    assert_eq!(world.left(OUT).len(), 2);
    subject.end().await;
}
