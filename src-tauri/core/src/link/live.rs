//! The life of an open session: listen, publish, prove that it lives, until it ends.

use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{
    Cause, Plan, Status, Tuning,
    ears::Flow,
    fault::{Failure, Fault, Stage},
    handle::{News, Seen, Want},
    heartbeat::Beat,
    life::Life,
    opener::Opener,
    outlet::Outlet,
    probe::{Due, Probe},
    publish::{Load, Request, Way, publish_all},
    route::Route,
    session::Session,
    tap::End,
};
use crate::message::Millis;

/// Why a session ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// It failed.
    Failed(Fault, Cause),
    /// Something else is wanted.
    Replaced,
    /// Nobody takes deliveries any more.
    Gone,
}

/// A session that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) why: Ending,
    /// The last moment for which hearing is proved.
    pub(super) heard_until: Millis,
    /// How long it lived.
    pub(super) lived: Duration,
}

/// What a session needs of the supervisor while it lives.
pub(super) struct Surroundings<'a> {
    pub(super) plan: Arc<Plan>,
    pub(super) tuning: &'a Tuning,
    pub(super) opener: &'a mut Opener,
    pub(super) want: &'a mut watch::Receiver<Want>,
    pub(super) seen: &'a mut Seen,
    pub(super) requests: &'a mut mpsc::Receiver<Request>,
    pub(super) outlet: &'a mut Outlet,
    pub(super) status: &'a watch::Sender<Status>,
}

/// What interrupts the life of a session.
pub(super) enum Turn {
    /// The mark was heard at which to stop listening.
    Marked,
    /// Another plan is wanted, or none.
    Plan(Option<Arc<Plan>>),
    /// It ended.
    Ended(Ending),
}

/// A heartbeat on its way out.
pub(super) type Beating = Pin<Box<dyn Future<Output = Beat> + Send>>;

/// A session and everything that goes on in it.
pub(super) struct Living<'a> {
    pub(super) session: Session,
    pub(super) life: Life<'a>,
    pub(super) probe: Probe,
    pub(super) beat: Option<Beating>,
    pub(super) outlet: &'a mut Outlet,
    pub(super) route: &'a Route,
    publishing: Pin<Box<dyn Future<Output = Failure> + Send + 'a>>,
    load: &'a Load,
    want: &'a mut watch::Receiver<Want>,
    seen: &'a mut Seen,
}

/// Lives until the session ends, or the last of those that took over from it; what was heard by then is in the outlet.
/// Dropping the call ends it.
pub(super) async fn live(session: Session, around: Surroundings<'_>) -> Ended {
    let Surroundings { plan, tuning, opener, want, seen, requests, outlet, status } = around;
    let (load, route) = (Load::default(), Route::new(&session));
    let way = Way { route: &route, limit: tuning.answer_limit, load: &load, meter: &tuning.meter };
    let mut living = Living {
        probe: Probe::new(plan.heartbeat.every, tuning.answer_limit, Instant::now()),
        life: Life::new(plan, tuning, status),
        beat: None,
        publishing: Box::pin(publish_all(requests, way)),
        load: &load,
        route: &route,
        session,
        outlet,
        want,
        seen,
    };
    let mut next = None;
    let why = loop {
        let turn = match next.take() {
            None => {
                let Err(turn) = living.beside(pending::<Infallible>()).await;
                turn
            }
            Some(plan) => match living.change_over(plan, opener).await {
                Ok(()) => continue,
                Err(turn) => turn,
            },
        };
        match turn {
            Turn::Plan(Some(plan)) if plan.leads_where(&living.life.plan) => next = Some(plan),
            Turn::Plan(_) => break Ending::Replaced,
            Turn::Ended(why) => break why,
            Turn::Marked => {}
        }
    };
    let heard_until = living.life.heard_until(&living.session, &why);
    Ended { why, heard_until, lived: living.session.opened.elapsed() }
}

impl Living<'_> {
    /// Lives while something runs, to its end or to the next turn.
    pub(super) async fn beside<F: Future>(&mut self, running: F) -> Result<F::Output, Turn> {
        let mut running = pin!(running);
        loop {
            let Self { session, life, probe, beat, outlet, publishing, load, want, seen, .. } = self;
            let slow_at = life.show_slow(session.ears.held_since());
            let look_at = probe.look_at();
            let closed = session.exit.gauge.gone();
            tokio::select! {
                output = running.as_mut() => return Ok(output),
                flow = poll_fn(|cx| session.ears.poll_flow(cx, outlet, probe)) => match flow {
                    Flow::Moving(trip) => life.show_round_trip(trip),
                    Flow::Held => {}
                    Flow::Marked => return Err(Turn::Marked),
                    Flow::Ended => return Err(Turn::Ended(life.ended(session.ears.gauge()))),
                    Flow::Gone => return Err(Turn::Ended(Ending::Gone)),
                },
                changed = want.changed() => {
                    if changed.is_err() {
                        return Err(Turn::Ended(Ending::Gone));
                    }
                    let wanted = want.borrow_and_update();
                    match seen.news(&wanted) {
                        Some(News::Plan) => return Err(Turn::Plan(wanted.plan.clone())),
                        Some(News::Nudge(nudge)) => {
                            life.nudged(nudge);
                            // One on its way may have left before whatever happened.
                            *beat = None;
                            probe.hurry(Instant::now());
                        }
                        None => {}
                    }
                }
                failure = publishing.as_mut() => return Err(Turn::Ended(life.lost(&session.exit.gauge, failure))),
                () = closed.cancelled() => {
                    let failure = Failure::Ended(Stage::Live, End::Closed);
                    return Err(Turn::Ended(life.lost(&session.exit.gauge, failure)));
                }
                outcome = finished(beat) => {
                    *beat = life.went_out(outcome, session, probe).map_err(Turn::Ended)?;
                }
                () = sleep_until(look_at), if beat.is_none() => {
                    let held = session.ears.last_held(Instant::now());
                    match probe.look(Instant::now(), session.ears.gauge().total(), held) {
                        Due::Nothing => {}
                        Due::Beat => *beat = Some(life.beat(session, probe, load.limit(life.tuning.answer_limit))),
                        Due::Dead => return Err(Turn::Ended(life.failed(&Failure::Silent))),
                    }
                }
                () = sleep_until(slow_at.unwrap_or(look_at)), if slow_at.is_some() => {}
            }
        }
    }
}

async fn finished(beat: &mut Option<Beating>) -> Beat {
    match beat {
        Some(beat) => beat.await,
        None => pending().await,
    }
}
