//! Somebody who takes everything from a link and counts it, and those who publish numbers for him.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use heliograph_core::link::{Delivery, Link};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::bench::SOON;

/// The number that is published last.
pub(crate) const LAST: usize = usize::MAX;

/// Takes everything, and tells how many connections it heard of, and whether the last message was there.
pub(crate) struct Taker {
    pub(crate) seen: watch::Receiver<(usize, bool)>,
    /// Messages on `work`.
    pub(crate) count: Arc<AtomicUsize>,
    pub(crate) task: JoinHandle<Taken>,
}

#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) heard: HashMap<String, Vec<usize>>,
    pub(crate) gaps: usize,
}

impl Taker {
    pub(crate) fn start(mut deliveries: mpsc::Receiver<Delivery>) -> Self {
        let (tell, seen) = watch::channel((0, false));
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let task = tokio::spawn(async move {
            let mut taken = Taken::default();
            while let Some(delivery) = deliveries.recv().await {
                match delivery {
                    Delivery::Connected { missed, .. } => {
                        taken.gaps += usize::from(missed.is_some());
                        tell.send_modify(|(count, _)| *count += 1);
                    }
                    Delivery::Messages(batch) => {
                        for heard in batch.into_iter().filter(|heard| &*heard.channel != "heartbeat") {
                            let number = std::str::from_utf8(&heard.payload).unwrap().trim().parse().unwrap();
                            if number == LAST {
                                tell.send_modify(|(_, last)| *last = true);
                                continue;
                            }
                            counted.fetch_add(usize::from(&*heard.channel == "work"), Ordering::Relaxed);
                            taken.heard.entry(heard.channel.to_string()).or_default().push(number);
                        }
                    }
                }
            }
            taken
        });
        Self { seen, count, task }
    }

    pub(crate) async fn connected(&mut self, count: usize) {
        timeout(SOON, self.seen.wait_for(|(seen, _)| *seen >= count)).await.expect("in time").unwrap();
    }
}

/// How far a flood may be ahead of its taker: the server hangs up on one who is much slower.
const AHEAD: usize = 5_000;

/// Publishes numbers on two channels as fast as they are taken, until told to stop; says how many on each.
pub(crate) fn flood(
    mut commands: redis::aio::MultiplexedConnection,
    taken: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            if number > taken.load(Ordering::Relaxed) + AHEAD {
                tokio::task::yield_now().await;
                continue;
            }
            let mut pipeline = redis::Pipeline::new();
            for next in number..number + 20 {
                pipeline.cmd("PUBLISH").arg("work").arg(next).ignore();
                pipeline.cmd("PUBLISH").arg("other").arg(next).ignore();
            }
            number += 20;
            let () = pipeline.query_async(&mut commands).await.unwrap();
        }
        number
    })
}

/// Publishes numbers over the link itself, each once the one before was heard.
pub(crate) fn speak(link: Link, stop: Arc<AtomicBool>, spoken: Arc<AtomicUsize>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            let number = spoken.load(Ordering::Relaxed);
            let heard = link.publish("own", number.to_string().into_bytes()).await;
            assert!(matches!(heard, Ok(1 | 2)), "{heard:?}");
            spoken.store(number + 1, Ordering::Relaxed);
        }
    })
}
