//! Messages both ways, and what they cost.

use std::time::Duration;

use heliograph_core::mailbox::{Cursor, MailboxState, Posted, Trust, Tuning};

use crate::bench::{IN, OUT, Subject, World, block, eventually, post, tuning};

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_and_go() {
    let world = World::start().await;
    world.helios(IN, &block("before"));
    let mut subject = Subject::start(&world, tuning()).await;

    let comment = world.helios(IN, &format!("Good morning\n\n{}\n", block("t-1")));
    subject.keep_until(1).await;
    let letter = &subject.kept[0];
    assert_eq!((letter.channel.as_str(), letter.comment, letter.trust), (IN, comment, Trust::Trusted));
    assert_eq!(letter.payload, crate::bench::envelope("helios", "t-1").into_bytes());
    assert_eq!(letter.login, world.github.other_login());
    let handled = || {
        let comments = world.github.comments();
        let found = comments.iter().find(|one| one.id == comment).unwrap();
        found.reactions.iter().any(|one| one.content == "eyes" && one.login == world.github.login())
    };
    eventually("the comment is marked as handled", handled).await;

    let message = post(OUT);
    let posted = subject.mailbox.post(message.clone()).await.unwrap();
    let left = format!("```json\n{}\n```", String::from_utf8(message.payload).unwrap());
    assert_eq!(world.left(OUT), [left]);
    assert!(!posted.found);

    subject.mailbox.post(post("broadcast")).await.unwrap();
    world.helios("broadcast", &block("b-1"));
    subject.keep_until(2).await;
    assert_eq!(subject.trusted(), ["t-1", "b-1"], "and not our own broadcast");
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_broadcast_is_not_heard_even_where_both_write_with_one_account() {
    let world = World::start().await;
    let mut subject = Subject::idle(tuning());
    let mut plan = world.plan();
    plan.allowed = vec![world.github.login().into()];
    subject.mailbox.follow(Some(plan), Cursor::default());
    subject.keep_next().await;
    subject.mailbox.post(post("broadcast")).await.unwrap();
    world.github.comment_as(world.github.login(), world.issue("broadcast"), &block("b-1")).unwrap();
    subject.keep_until(1).await;
    assert_eq!(subject.trusted(), ["b-1"]);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_new_costs_nothing() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, tuning()).await;
    world.helios(IN, &block("t-1"));
    subject.keep_until(1).await;
    let marked = || world.github.comments().iter().any(|comment| !comment.reactions.is_empty());
    eventually("the comment is marked", marked).await;
    let free = world.github.not_modified();
    eventually("the mark is seen as well", || world.github.not_modified() > free + 1).await;
    let (counted, free) = (world.github.counted(), world.github.not_modified());
    eventually("many looks", || world.github.not_modified() > free + 20).await;
    assert_eq!(world.github.counted(), counted);
    let told = subject.mailbox.status().borrow().counted_last_hour;
    assert!((1..12).contains(&told), "{told}");
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_away_is_looked_at_once_and_often_and_once_more_when_it_is_back() {
    let world = World::start().await;
    let slow = Duration::from_hours(1);
    let mut subject = Subject::start(&world, Tuning { slow, ..tuning() }).await;
    let status = subject.until(|status| status.last_poll.is_some()).await;
    assert_eq!(status.state, MailboxState::Idle);
    let before = world.polls();
    subject.mailbox.redis_is_away(true);
    subject.until(|status| status.state == MailboxState::Watching).await;
    eventually("many looks", || world.polls() > before + 5).await;

    world.helios(IN, &block("t-1"));
    subject.keep_until(1).await;
    subject.mailbox.redis_is_away(false);
    subject.until(|status| status.state == MailboxState::Idle).await;
    world.helios(IN, &block("t-2"));
    subject.mailbox.poll_now();
    subject.keep_until(2).await;
    subject.end().await;

    // The last look, alone: it brings what was left in the last moment.
    let mut subject = Subject::start(&world, Tuning { slow, fast: slow, ..tuning() }).await;
    let before = world.polls();
    subject.mailbox.redis_is_away(true);
    eventually("the look at the beginning", || world.polls() > before).await;
    subject.until(|status| status.state == MailboxState::Watching).await;
    world.helios(IN, &block("t-3"));
    subject.mailbox.redis_is_away(false);
    subject.keep_until(1).await;
    assert_eq!(subject.trusted(), ["t-3"]);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn issues_that_are_missing_are_made() {
    let world = World::empty().await;
    let mut subject = Subject::start(&world, tuning()).await;
    let Posted { comment, found } = subject.mailbox.post(post(OUT)).await.unwrap();
    assert!(!found && comment > 0);
    assert_eq!(world.left(OUT).len(), 1);
    // The other side makes its own, which is found when the first comment stands there.
    world.prepare().await;
    world.helios(IN, &block("t-1"));
    subject.keep_until(1).await;
    assert_eq!(subject.trusted(), ["t-1"]);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flurry_within_a_second_comes_whole_and_once() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, tuning()).await;
    let ids: Vec<String> = (0..250).map(|number| format!("t-{number:03}")).collect();
    for id in &ids {
        world.helios(IN, &block(id));
    }
    subject.keep_until(ids.len()).await;
    let mut came = subject.trusted();
    came.sort();
    assert_eq!(came, ids);
    assert!(subject.mailbox.status().borrow().counted_last_hour < 40);
    subject.end().await;
}
