//! A day without Redis, in which an hour takes a second: never more than a hundred counted requests in an hour.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use heliograph_core::mailbox::{PostFailed, Tuning};
use tokio::time::Instant;

use crate::bench::{IN, OUT, Subject, World, block, post, tuning};

/// An hour of the day that is tested.
const HOUR: Duration = Duration::from_secs(1);
const HOURS: u32 = 24;
const MOST: u64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_outage_stays_within_a_hundred_an_hour() {
    let world = World::start().await;
    let limits = Tuning {
        hour: HOUR,
        fast: HOUR / 120,
        slow: HOUR / 12,
        fault_cap: HOUR / 12,
        doubt: HOUR / 240,
        reaction_pause: HOUR / 3600,
        ..tuning()
    };
    let mut subject = Subject::start(&world, limits).await;
    subject.mailbox.redis_is_away(true);
    let (mailbox, over) = (subject.mailbox.clone(), AtomicBool::new(false));
    let began = Instant::now();

    // Helios writes and we write, now little and now more than there is room for.
    let busy = async {
        let (mut written, mut left) = (0_usize, 0_usize);
        let mut random = fastrand::Rng::with_seed(1);
        while began.elapsed() < HOUR * HOURS {
            let flood = began.elapsed().as_millis() / HOUR.as_millis() % 4 == 3;
            let posted = mailbox.post(post(OUT)).await;
            match &posted {
                Ok(_) => left += 1,
                Err(PostFailed::Limited { .. }) => {}
                Err(failed) => panic!("{failed:?}"),
            }
            if posted.is_ok() && random.bool() {
                written += 1;
                world.helios(IN, &block(&format!("t-{written}")));
            }
            tokio::time::sleep(if flood { HOUR / 1000 } else { HOUR / 10 }).await;
        }
        over.store(true, Ordering::Relaxed);
        (written, left)
    };
    // The service's own count, looked at all the time.
    let watch = async {
        let mut counts = std::collections::VecDeque::new();
        let mut worst = 0;
        while !over.load(Ordering::Relaxed) {
            let (now, counted) = (Instant::now(), world.github.counted());
            counts.push_back((now, counted));
            while counts.front().is_some_and(|(at, _)| now.duration_since(*at) >= HOUR) {
                counts.pop_front();
            }
            worst = worst.max(counted - counts.front().unwrap().1);
            tokio::time::sleep(HOUR / 500).await;
        }
        worst
    };
    let keep = async {
        while !over.load(Ordering::Relaxed) {
            let _ = tokio::time::timeout(HOUR / 10, subject.keep_next()).await;
        }
    };
    let ((written, left), worst, ()) = tokio::join!(busy, watch, keep);
    assert!(worst <= MOST, "{worst} counted in an hour");
    // A busy machine gets through less.
    assert!(worst > MOST / 2, "it was busy enough to mean something: {worst}");
    assert!(left > 100, "messages went out all day: {left}");
    // What the last hour's budget kept back comes as it passes.
    subject.keep_until(written).await;
    assert_eq!(subject.trusted().len(), written, "nothing twice");
    let free = world.github.not_modified();
    assert!(free > 20, "looks that found nothing cost nothing: {free}");
    subject.end().await;
}
