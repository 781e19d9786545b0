//! The loop of connecting, living, and waiting to try again. It never gives up by itself, except where every
//! further try would do harm, and then says so.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    Cause, Delivery, Link, LinkState, Missed, Plan, Status, Tuning,
    aside::{Aside, Turn},
    backoff::{Backoff, CAP, CAP_WHEN_WOKEN},
    fault::{Fault, Lane, classify},
    handle::{News, Nudge, Seen, Want},
    live::{Ended, Ending, Surroundings, live},
    now,
    opener::Opener,
    outlet::Outlet,
    publish::Request,
    session::Session,
    wake,
};
use crate::message::Millis;

/// How long after a wake or a change of network the waits stay short.
const WOKEN: Duration = Duration::from_mins(1);
/// How long old sockets may take to close before a new one is opened beside them.
const CLOSING: Duration = Duration::from_secs(1);
/// The same when everything is to end.
const CLOSING_AT_THE_END: Duration = Duration::from_millis(80);

/// Does the link's work. It owns everything that is open; when it ends or is dropped, so does all of that.
pub struct Supervisor {
    link: Link,
    status: watch::Sender<Status>,
    tuning: Tuning,
    aside: Aside,
    backoff: Backoff,
    /// Since when nothing is heard, and why: from the end of the last session to the start of the next.
    deaf: Option<(Millis, Cause)>,
    woken: Option<Instant>,
    opener: Opener,
}

/// What to do next.
enum Next {
    Connect,
    Wait(Lane, Option<Duration>),
    Stop,
}

impl Supervisor {
    pub(super) fn new(
        link: Link,
        want: watch::Receiver<Want>,
        status: watch::Sender<Status>,
        requests: mpsc::Receiver<Request>,
        deliveries: mpsc::Sender<Delivery>,
        tuning: Tuning,
    ) -> Self {
        let aside = Aside { want, seen: Seen::default(), requests, outlet: Outlet::new(deliveries) };
        Self {
            link,
            status,
            tuning,
            aside,
            backoff: Backoff::default(),
            deaf: None,
            woken: None,
            opener: Opener::default(),
        }
    }

    /// Runs until `stop` is cancelled (at most 100 ms longer), or nobody takes deliveries any more.
    ///
    /// Looking up a name is done by the operating system on a thread of the runtime's and cannot be cut short: where
    /// one is under way the runtime may take longer to shut down than this does.
    pub async fn run(mut self, stop: CancellationToken) {
        let link = self.link.clone();
        let watches = self.tuning.watch_surroundings;
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.supervise() => {}
            () = wake::watch(|wake| link.woke(wake)), if watches => {}
        }
        self.aside.requests.close();
        self.aside.refuse_waiting();
        self.opener.closed(CLOSING_AT_THE_END).await;
    }

    async fn supervise(&mut self) {
        let mut next = Next::Connect;
        loop {
            let Some(plan) = self.aside.plan() else {
                if !self.idle().await {
                    return;
                }
                next = Next::Connect;
                continue;
            };
            next = match next {
                Next::Connect => self.connect_and_live(&plan).await,
                Next::Wait(lane, lived) => self.wait(lane, lived).await,
                Next::Stop => return,
            };
        }
    }

    /// Without a plan. False when there will never be one.
    async fn idle(&mut self) -> bool {
        self.show(LinkState::NoAddress, |status| {
            *status = Status { since: status.since, ..Status::new(status.since) };
        });
        loop {
            match self.aside.beside(std::future::pending::<()>()).await {
                Turn::News(News::Plan) => {
                    self.new_plan();
                    return true;
                }
                Turn::News(News::Nudge(_)) | Turn::Done(()) => {}
                Turn::Gone => return false,
            }
        }
    }

    fn new_plan(&mut self) {
        self.backoff.reset();
        self.opener.forget_trust();
    }

    async fn connect_and_live(&mut self, plan: &Arc<Plan>) -> Next {
        self.show(LinkState::Connecting, |status| {
            status.attempts += 1;
            status.next_try = None;
        });
        // Two live subscriptions would hear all twice.
        self.opener.closed(CLOSING).await;
        let opening = self.opener.open(plan, &self.tuning);
        match self.aside.beside(opening).await {
            Turn::Done(Ok(session)) => self.live(plan, session).await,
            Turn::Done(Err(failure)) => self.after_fault(classify(&failure, &plan.address), None),
            Turn::News(news) => self.news(news),
            Turn::Gone => Next::Stop,
        }
    }

    async fn live(&mut self, plan: &Arc<Plan>, session: Session) -> Next {
        let at = session.at;
        let missed = self.deaf.take().map(|(since, cause)| Missed { since: since.min(at), until: at, cause });
        self.aside.outlet.connected(at, missed);
        self.show(LinkState::Connected, |status| {
            status.attempts = 0;
            status.trouble = None;
            status.round_trip = None;
        });
        let Aside { want, seen, requests, outlet } = &mut self.aside;
        let around = Surroundings {
            plan: Arc::clone(plan),
            tuning: &self.tuning,
            opener: &mut self.opener,
            want,
            seen,
            requests,
            outlet,
            status: &self.status,
        };
        let Ended { why, heard_until, lived } = live(session, around).await;
        match why {
            Ending::Failed(fault, cause) => {
                self.deaf = Some((heard_until, cause));
                if matches!(cause, Cause::Asleep | Cause::NetworkChanged) {
                    self.woken = Some(Instant::now());
                }
                tracing::info!(code = ?fault.trouble.code, ?cause, ?lived, "the connection ended");
                self.after_fault(fault, Some(lived))
            }
            Ending::Replaced => {
                self.deaf = Some((heard_until, Cause::Restarted));
                self.new_plan();
                Next::Connect
            }
            Ending::Gone => Next::Stop,
        }
    }

    fn after_fault(&mut self, fault: Fault, lived: Option<Duration>) -> Next {
        tracing::debug!(code = ?fault.trouble.code, lane = ?fault.lane, "not connected");
        self.status.send_modify(|status| {
            status.trouble = Some(fault.trouble);
            status.slow = false;
        });
        Next::Wait(fault.lane, lived)
    }

    async fn wait(&mut self, lane: Lane, lived: Option<Duration>) -> Next {
        let (state, wait) = match lane {
            Lane::Fast => (LinkState::Waiting, Some(self.fast_lane(lived))),
            Lane::Slow => (LinkState::Waiting, Some(self.slow_lane())),
            Lane::Stop => (LinkState::Stopped, None),
        };
        let next_try = wait.map(|wait| now() + Millis::try_from(wait.as_millis()).unwrap_or_default());
        self.show(state, |status| status.next_try = next_try);
        let mut waiting = pin!(async {
            match wait {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        });
        loop {
            match self.aside.beside(waiting.as_mut()).await {
                Turn::Done(()) => return Next::Connect,
                // What woke the computer cannot have mended a password.
                Turn::News(News::Nudge(Nudge::Woke(_))) if lane == Lane::Stop => {}
                Turn::News(news) => return self.news(news),
                Turn::Gone => return Next::Stop,
            }
        }
    }

    fn fast_lane(&mut self, lived: Option<Duration>) -> Duration {
        let woken = self.woken.is_some_and(|woken| woken.elapsed() < WOKEN);
        self.backoff.wait(lived, if woken { CAP_WHEN_WOKEN } else { CAP }, fastrand::f64())
    }

    fn slow_lane(&self) -> Duration {
        let (least, most) = (self.tuning.slow_lane.start(), self.tuning.slow_lane.end());
        *least + most.saturating_sub(*least).mul_f64(fastrand::f64())
    }

    /// Something new is asked for while there is no connection: try at once.
    fn news(&mut self, news: News) -> Next {
        match news {
            News::Plan => self.new_plan(),
            News::Nudge(Nudge::Woke(_)) => self.woken = Some(Instant::now()),
            News::Nudge(Nudge::Asked) => self.backoff.reset(),
        }
        Next::Connect
    }

    fn show(&self, state: LinkState, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(|status| {
            if status.state != state {
                status.state = state;
                status.since = now();
            }
            status.slow = false;
            change(status);
            status.state = state;
        });
    }
}
