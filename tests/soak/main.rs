//! The soak: the whole program, for minutes or hours, while everything around it breaks again and again. Nothing may be
//! lost and nothing may come twice.
//!
//! `cargo xtask soak` runs it for as long as is wanted; among the tests it takes two minutes. What breaks, in which order
//! and for how long follows from a seed, which is printed first. It is no place for tests of single faults: those stand
//! in `tests/program`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(clippy::print_stdout, reason = "the soak says what it does and what came of it")]

mod audit;
mod burden;
mod clock;
mod fleet;
mod ground;
mod ledger;
mod plan;
mod quota;
mod report;
#[allow(dead_code, unused_imports, reason = "the soak needs less of it than the other tests")]
#[path = "../program/session/mod.rs"]
mod session;
mod small_disk;
mod tormentor;

use std::{
    env,
    time::{Duration, Instant},
};

use audit::Verdict;
use plan::Plan;
use tormentor::Tormentor;

/// How long it takes among the other tests.
const MINUTES: f64 = 2.0;
/// The seed it has there: a test that fails should fail again.
const SEED: u64 = 1;
/// How long everything may take to settle in the end.
const SETTLES: Duration = Duration::from_mins(3);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_secs(2);
/// After so long, somebody presses *Reconnect now*, which also looks into the mailbox.
const IMPATIENT: Duration = Duration::from_secs(15);

fn wanted<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_comes_twice() {
    let minutes: f64 = wanted("HELIOGRAPH_SOAK_MINUTES", MINUTES);
    let seed: u64 = wanted("HELIOGRAPH_SOAK_SEED", SEED);
    println!("seed {seed}, {minutes} minutes");
    let until = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let mut tormentor = Tormentor::start().await;
    let mut plan = Plan::new(seed, minutes < 5.0);
    while Instant::now() < until {
        let step = plan.next_step();
        tormentor.take(&step).await;
    }
    let verdict = settled(&mut tormentor).await;
    let burdens = tormentor.burdens();
    tormentor.report.print(&verdict, &burdens, &tormentor.fleet);
    let well = verdict.is_well() && burdens.is_bearable() && tormentor.report.is_well();
    if !well {
        tormentor.keep_traces();
    }
    tormentor.end().await;
    println!("lost {}, twice {}", verdict.lost.len(), verdict.twice.len());
    assert!(well, "see above; the same seed makes the same happen: {seed}");
}

/// Waits until nothing is on its way any more, and says how it stands then.
async fn settled(tormentor: &mut Tormentor) -> Verdict {
    tormentor.calm().await;
    let began = Instant::now();
    let mut pressed = Instant::now();
    loop {
        let verdict = audit::judge(&tormentor.evidence().await);
        if verdict.is_well() || began.elapsed() > SETTLES {
            println!("settled after {:.0} s", began.elapsed().as_secs_f64());
            return verdict;
        }
        if pressed.elapsed() > IMPATIENT {
            tormentor.press_reconnect().await;
            pressed = Instant::now();
        }
        tokio::time::sleep(LOOK).await;
    }
}
