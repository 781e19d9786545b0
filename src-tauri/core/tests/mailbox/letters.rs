//! Whom to believe, and that nothing comes twice or is lost.

use std::collections::BTreeSet;

use heliograph_core::mailbox::{Cursor, Trust, Tuning};

use crate::bench::{IN, Subject, World, block, tuning};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_unchanged_words_of_those_who_are_allowed_are_trusted() {
    let world = World::start().await;
    // Nothing is read before all of it stands there.
    let subject = Subject::start(&world, tuning()).await;
    let cursor = subject.cursor.clone();
    subject.end().await;

    let owner = world.github.login();
    let hostile =
        format!("{}\n{}", "<img src=x onerror=alert(1)> ```json\n".repeat(1_500), "\u{202e}[x](javascript:1)");
    world.github.comment_as(owner, world.issue(IN), &block("foreign")).unwrap();
    let edited = world.helios(IN, &block("edited"));
    assert!(world.github.edit_comment(edited, &block("forged")));
    world.helios(IN, "no block at all");
    world.helios(IN, &format!("{}\n{}", block("one"), block("two")));
    world.helios(IN, &hostile);
    world.helios(IN, "```json\n{\"from\":\"helios\", broken\n```");
    let elsewhere = world.github.issue_as(world.github.other_login(), "heliograph: helios→chad-urgent");
    world.github.comment_as(world.github.other_login(), elsewhere, &block("no label")).unwrap();
    world.helios("chad→helios", &block("not for us"));
    world.helios(IN, &block("good"));

    let mut subject = Subject::from(&world, tuning(), cursor).await;
    subject.keep_until(7).await;
    let mut found: Vec<_> = subject.kept.iter().map(|letter| (letter.comment, letter.trust)).collect();
    found.sort_unstable_by_key(|(comment, _)| *comment);
    let trusts: Vec<_> = found.iter().map(|(_, trust)| *trust).collect();
    let (edit, block) = (Trust::Edited, Trust::NoBlock);
    assert_eq!(trusts, [Trust::NotAllowed, edit, block, block, block, Trust::Trusted, Trust::Trusted]);
    let whole = subject.kept.iter().find(|letter| letter.payload.len() > 50_000).unwrap();
    assert_eq!(whole.payload, hostile.as_bytes());
    assert_eq!(subject.trusted(), ["", "good"], "what is no JSON is for the reader of messages to say");

    // An edit of what was handled is nothing new.
    let handled = subject.kept.iter().find(|letter| letter.trust == Trust::Trusted).unwrap().comment;
    assert!(world.github.edit_comment(handled, "changed afterwards"));
    world.helios(IN, &self::block("after"));
    subject.keep_until(8).await;
    assert_eq!(subject.trusted().last().unwrap(), "after");
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_lose_nothing_and_repeat_nothing() {
    let world = World::start().await;
    let first = Subject::start(&world, tuning()).await;
    let (mut cursor, mut kept, mut all) = (first.cursor.clone(), Vec::new(), BTreeSet::new());
    first.end().await;
    let mut random = fastrand::Rng::with_seed(4);
    for round in 0..12 {
        for number in 0..random.usize(0..40) {
            let id = format!("{round}-{number}");
            world.helios(if random.bool() { IN } else { "agent.chad" }, &block(&id));
            all.insert(id);
        }
        let mut subject = Subject::from(&world, tuning(), cursor.clone()).await;
        // Some batches are kept, one is not: its process ends between reading and keeping.
        while kept.len() + subject.kept.len() < all.len() {
            if random.u8(0..3) == 0 {
                drop(subject.next().await);
                break;
            }
            subject.keep_next().await;
        }
        cursor = subject.cursor.clone();
        kept.extend(subject.trusted());
        subject.end().await;
    }
    let mut subject = Subject::from(&world, tuning(), cursor).await;
    subject.keep_until(all.len() - kept.len()).await;
    world.helios(IN, &block("last"));
    subject.keep_until(all.len() - kept.len() + 1).await;
    kept.extend(subject.trusted());
    all.insert("last".into());
    assert_eq!(kept.len(), all.len(), "nothing twice");
    assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), all, "nothing lost");
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_kept_is_given_again() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, tuning()).await;
    world.helios(IN, &block("t-1"));
    for _ in 0..3 {
        let batch = subject.next().await;
        assert_eq!(batch.letters.len(), 1);
        drop(batch.stored);
    }
    subject.keep_next().await;
    assert_eq!(subject.trusted(), ["t-1"]);
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_plan_meanwhile_repeats_nothing() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, tuning()).await;
    let old = subject.cursor.clone();
    world.helios(IN, &block("t-1"));
    let batch = subject.next().await;
    // The plan is replaced with the cursor of before, while the batch is being kept.
    subject.mailbox.follow(Some(world.plan()), old);
    batch.stored.send(()).unwrap();
    world.helios(IN, &block("t-2"));
    subject.keep_until(1).await;
    assert_eq!(subject.trusted(), ["t-2"]);

    subject.mailbox.follow(None, Cursor::default());
    subject.until(|status| status.last_poll.is_none()).await;
    subject.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_long_is_asked_for_in_parts() {
    let world = World::start().await;
    let mut subject = Subject::start(&world, Tuning { body_limit: 1024 * 1024, ..tuning() }).await;
    for number in 0..30 {
        world.helios(IN, &format!("{}\n{}", "x".repeat(60_000), block(&format!("t-{number}"))));
    }
    subject.keep_until(30).await;
    assert_eq!(subject.trusted().len(), 30);
    subject.end().await;
}
