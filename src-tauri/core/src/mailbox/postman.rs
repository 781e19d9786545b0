//! The loop of looking, leaving and waiting: one request at a time, posts before looks before reactions.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    Batch, MailboxState, MailboxStatus, PostFailed, Tuning,
    desk::{Desk, Lasting},
    handle::Want,
    outlet::{Outcome, Outlet},
    post::Request,
};
use crate::{link::now, message::Millis};

/// Does the mailbox's work. It owns everything that is open; when it ends or is dropped, so does all of that.
pub struct Postman {
    want: watch::Receiver<Want>,
    seen: Want,
    requests: mpsc::Receiver<Request>,
    outlet: Outlet,
    status: watch::Sender<MailboxStatus>,
    tuning: Arc<Tuning>,
    /// What outlives a plan, while there is none.
    lasting: Option<Lasting>,
}

/// What to do next.
enum Turn {
    Post(Request),
    Poll,
    React,
    Outcome(Outcome),
    /// Something new is asked for: see what.
    Look,
    Gone,
}

/// Why there is no more to do for a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Replaced,
    Gone,
}

impl Postman {
    pub(super) fn new(
        want: watch::Receiver<Want>,
        requests: mpsc::Receiver<Request>,
        delivered: mpsc::Sender<Batch>,
        status: watch::Sender<MailboxStatus>,
        tuning: Tuning,
    ) -> Self {
        let lasting = Some(Lasting::new(&tuning));
        let (outlet, tuning) = (Outlet::new(delivered), Arc::new(tuning));
        Self { want, seen: Want::default(), requests, outlet, status, tuning, lasting }
    }

    /// Runs until `stop` is cancelled (at once, whatever is on its way), or nobody takes letters any more.
    pub async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.supervise() => {}
        }
        self.requests.close();
        while let Ok(request) = self.requests.try_recv() {
            refuse(request);
        }
        self.status.send_replace(MailboxStatus::default());
    }

    async fn supervise(&mut self) {
        loop {
            self.seen = self.want.borrow_and_update().clone();
            let Some(plan) = self.seen.plan.clone() else {
                if self.idle().await == Ended::Gone {
                    return;
                }
                continue;
            };
            let cursor = std::mem::take(&mut self.seen.cursor);
            let lasting = self.lasting.take().unwrap_or_else(|| Lasting::new(&self.tuning));
            let mut desk = Desk::open(plan, self.seen.plan_number, cursor, lasting, self.tuning.clone()).await;
            let ended = self.attend(&mut desk).await;
            self.outlet.take_back();
            self.lasting = Some(desk.close());
            if ended == Ended::Gone {
                return;
            }
        }
    }

    /// Without a plan.
    async fn idle(&mut self) -> Ended {
        self.status.send_replace(MailboxStatus::default());
        loop {
            tokio::select! {
                changed = self.want.changed() => {
                    if changed.is_err() {
                        return Ended::Gone;
                    }
                    if self.want.borrow().plan_number != self.seen.plan_number {
                        return Ended::Replaced;
                    }
                }
                Some(request) = self.requests.recv() => refuse(request),
            }
        }
    }

    /// Does what one plan asks for.
    async fn attend(&mut self, desk: &mut Desk) -> Ended {
        loop {
            if self.news(desk) {
                return Ended::Replaced;
            }
            self.show(desk);
            match self.next(desk).await {
                Turn::Look => {}
                Turn::Gone | Turn::Outcome(Outcome::Gone) => return Ended::Gone,
                Turn::Outcome(Outcome::Kept(then)) => desk.kept(*then),
                Turn::Outcome(Outcome::NotKept) => desk.not_kept(),
                Turn::Post(Request { post, answer }) => match self.unless_replaced(desk.post(&post)).await {
                    // Whoever asked may have stopped waiting.
                    Ok(done) => drop(answer.send(done)),
                    Err(ended) => return ended,
                },
                Turn::Poll => match self.unless_replaced(desk.poll(self.interval())).await {
                    Ok(Some((letters, then))) => self.outlet.hand_over(letters, then),
                    Ok(None) => {}
                    Err(ended) => return ended,
                },
                Turn::React => {
                    if let Err(ended) = self.unless_replaced(desk.react()).await {
                        return ended;
                    }
                }
            }
        }
    }

    /// Waits for what is to be done next.
    async fn next(&mut self, desk: &mut Desk) -> Turn {
        let poll_at = desk.poll_at().filter(|_| self.outlet.is_free());
        let react_at = desk.react_at();
        let Self { want, requests, outlet, .. } = self;
        tokio::select! {
            biased;
            changed = want.changed() => if changed.is_ok() { Turn::Look } else { Turn::Gone },
            outcome = outlet.outcome() => Turn::Outcome(outcome),
            Some(request) = requests.recv() => Turn::Post(request),
            () = at(poll_at) => Turn::Poll,
            () = at(react_at) => Turn::React,
        }
    }

    /// Acts on what is newly asked for. True where that is another plan.
    fn news(&mut self, desk: &mut Desk) -> bool {
        let want = self.want.borrow_and_update();
        if want.plan_number != self.seen.plan_number {
            return true;
        }
        if want.asked != self.seen.asked {
            desk.try_again();
        } else if want.looks != self.seen.looks {
            desk.look_now();
        }
        (self.seen.away, self.seen.looks, self.seen.asked) = (want.away, want.looks, want.asked);
        false
    }

    /// Does something, which is given up when there is another plan.
    async fn unless_replaced<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Ended> {
        let (want, plan_number) = (&mut self.want, self.seen.plan_number);
        let replaced = async {
            loop {
                if want.changed().await.is_err() {
                    return Ended::Gone;
                }
                if want.borrow_and_update().plan_number != plan_number {
                    return Ended::Replaced;
                }
            }
        };
        tokio::select! {
            biased;
            ended = replaced => Err(ended),
            output = work => Ok(output),
        }
    }

    fn interval(&self) -> Duration {
        if self.seen.away { self.tuning.fast } else { self.tuning.slow }
    }

    fn show(&self, desk: &mut Desk) {
        let poll_at = desk.poll_at();
        let at = Instant::now();
        let waits = desk.held_up || poll_at.is_some_and(|poll_at| poll_at > desk.next_poll.max(at));
        let state = match poll_at {
            None => MailboxState::Stopped,
            Some(poll_at) if waits => MailboxState::Waiting { until: on_the_wall(poll_at, at) },
            Some(_) if self.seen.away => MailboxState::Watching,
            Some(_) => MailboxState::Idle,
        };
        let status = MailboxStatus {
            state,
            trouble: desk.trouble().cloned(),
            last_poll: desk.last_poll,
            counted_last_hour: desk.meter.used(at),
            left_this_hour: desk.meter.left,
            asked: self.seen.plan_number + self.seen.asked,
        };
        self.status.send_if_modified(|shown| {
            let changed = *shown != status;
            *shown = status;
            changed
        });
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn on_the_wall(time: Instant, at: Instant) -> Millis {
    now() + Millis::try_from(time.saturating_duration_since(at).as_millis()).unwrap_or_default()
}

fn refuse(request: Request) {
    // Whoever asked may have stopped waiting.
    let _ = request.answer.send(Err(PostFailed::NotSetUp));
}
