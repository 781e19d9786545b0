//! The life of an open session: listen, publish, prove that it lives, until it ends.

use std::{
    future::{Future, pending, poll_fn},
    io,
    pin::{Pin, pin},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{
    Cause, Plan, PublishFailed, Status, Tuning, Wake,
    ears::Flow,
    fault::{self, Failure, Fault, Stage, classify},
    handle::{News, Nudge, Seen, Want},
    heartbeat::{self, Beat},
    now,
    outlet::Outlet,
    probe::{Due, Probe},
    publish::{Load, Request, Way, publish_all},
    session::Session,
    tap::{End, Gauge},
    transport::KEEPALIVE_IDLE,
};
use crate::{message::Millis, trouble::TroubleCode};

/// How long messages must wait for their taker before the status says so.
const SLOW: Duration = Duration::from_secs(1);
/// A connection that ends so soon after a wake was ended by whatever woke us.
const AFTERMATH: Duration = Duration::from_mins(1);

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
    pub(super) plan: &'a Plan,
    pub(super) tuning: &'a Tuning,
    pub(super) want: &'a mut watch::Receiver<Want>,
    pub(super) seen: &'a mut Seen,
    pub(super) requests: &'a mut mpsc::Receiver<Request>,
    pub(super) outlet: &'a mut Outlet,
    pub(super) status: &'a watch::Sender<Status>,
}

/// Lives until the session ends; what was heard by then is in the outlet. Dropping the call ends the session.
pub(super) async fn live(mut session: Session, around: Surroundings<'_>) -> Ended {
    let limit = around.tuning.answer_limit;
    let load = Load::default();
    let way = Way {
        commands: session.commands.clone(),
        limit,
        load: &load,
        meter: &around.tuning.meter,
        session: session.at,
    };
    let mut publishing = pin!(publish_all(around.requests, way));
    let mut probe = Probe::new(around.plan.heartbeat.every, limit, Instant::now());
    let mut beat: Option<Beating> = None;
    let Surroundings { plan, tuning, status, .. } = around;
    let mut life = Life { plan, tuning, status, by_ping: false, woke: None };
    let why = loop {
        let held = session.ears.held_since();
        let slow_at = life.show_slow(held);
        let look_at = probe.look_at();
        tokio::select! {
            flow = poll_fn(|cx| session.ears.poll_flow(cx, around.outlet, &mut probe)) => match flow {
                Flow::Moving(trip) => life.show_round_trip(trip),
                Flow::Held => {}
                Flow::Ended => break life.ended(session.ears.gauge()),
                Flow::Gone => break Ending::Gone,
            },
            changed = around.want.changed() => {
                if changed.is_err() {
                    break Ending::Gone;
                }
                match around.seen.news(&around.want.borrow_and_update()) {
                    Some(News::Plan) => break Ending::Replaced,
                    Some(News::Nudge(nudge)) => {
                        life.nudged(nudge);
                        // One on its way may have left before whatever happened.
                        beat = None;
                        probe.hurry(Instant::now());
                    }
                    None => {}
                }
            }
            failure = &mut publishing => break life.lost(&session.commands_gauge, failure),
            _ = &mut session.driver => {
                break life.lost(&session.commands_gauge, Failure::Ended(Stage::Live, End::Closed));
            }
            outcome = finished(&mut beat) => {
                beat = match life.went_out(outcome, &session, &mut probe) {
                    Ok(next) => next,
                    Err(why) => break why,
                };
            }
            () = sleep_until(look_at), if beat.is_none() => {
                let held = session.ears.last_held(Instant::now());
                match probe.look(Instant::now(), session.ears.gauge().total(), held) {
                    Due::Nothing => {}
                    Due::Beat => beat = Some(life.beat(&session, &mut probe, load.limit(limit))),
                    Due::Dead => break life.failed(&Failure::Silent),
                }
            }
            () = sleep_until(slow_at.unwrap_or(look_at)), if slow_at.is_some() => {}
        }
    };
    let heard_until = life.heard_until(&session, &why);
    Ended { why, heard_until, lived: session.opened.elapsed() }
}

/// A heartbeat on its way out.
type Beating = Pin<Box<dyn Future<Output = Beat> + Send>>;

async fn finished(beat: &mut Option<Beating>) -> Beat {
    match beat {
        Some(beat) => beat.await,
        None => pending().await,
    }
}

/// What a session learns as it goes.
struct Life<'a> {
    plan: &'a Plan,
    tuning: &'a Tuning,
    status: &'a watch::Sender<Status>,
    /// The heartbeat may not be published: the subscription is pinged instead.
    by_ping: bool,
    woke: Option<(Wake, Instant, Millis)>,
}

impl Life<'_> {
    fn beat(&self, session: &Session, probe: &mut Probe, limit: Duration) -> Beating {
        let payload = (self.plan.heartbeat.payload)();
        probe.every(self.tuning.pace.apply(self.plan.heartbeat.every));
        probe.sent(Instant::now(), payload.clone(), session.ears.gauge().total());
        let meter = self.tuning.meter.clone();
        if self.by_ping {
            Box::pin(heartbeat::ping(session.pings.clone(), payload, limit, meter))
        } else {
            let channel = self.plan.heartbeat.channel.clone();
            Box::pin(heartbeat::publish(session.commands.clone(), channel, payload, limit, meter))
        }
    }

    /// What follows from a heartbeat's way out: another one in its place, perhaps, or the end.
    fn went_out(&mut self, beat: Beat, session: &Session, probe: &mut Probe) -> Result<Option<Beating>, Ending> {
        match beat {
            Beat::Taken => {
                probe.taken(Instant::now());
                Ok(None)
            }
            // Its time is over as well: the probe is asked next.
            Beat::Unanswered => Ok(None),
            Beat::Ponged(payload) => {
                let trip = probe.heard(&payload, Instant::now());
                self.show_round_trip(trip);
                Ok(None)
            }
            Beat::Refused(text) if fault::ends_session(&text) => {
                let failure = Failure::Refused(Stage::Live, text);
                Err(Ending::Failed(classify(&failure, &self.plan.address), Cause::Refused))
            }
            Beat::Refused(text) => {
                let why = fault::publishing(&text, &self.plan.heartbeat.channel, 0);
                if let PublishFailed::Refused(trouble) | PublishFailed::Limited(trouble) = why {
                    self.status.send_modify(|status| status.trouble = Some(trouble));
                }
                self.by_ping = true;
                Ok(Some(self.beat(session, probe, self.tuning.answer_limit)))
            }
            Beat::Failed(failure) => Err(self.lost(&session.commands_gauge, failure)),
        }
    }

    fn nudged(&mut self, nudge: Nudge) {
        if let Nudge::Woke(wake) = nudge {
            self.woke = Some((wake, Instant::now(), now()));
        }
    }

    /// The subscription's stream ended.
    fn ended(&self, gauge: &Gauge) -> Ending {
        let failure = match gauge.end() {
            Some((end, _)) => Failure::Ended(Stage::Live, end),
            None => Failure::Garbled(Vec::new()),
        };
        self.failed(&failure)
    }

    /// The other connection failed; its gauge may know better why.
    fn lost(&self, gauge: &Gauge, failure: Failure) -> Ending {
        let failure = gauge.end().map_or(failure, |(end, _)| Failure::Ended(Stage::Live, end));
        self.failed(&failure)
    }

    fn failed(&self, failure: &Failure) -> Ending {
        let fault = classify(failure, &self.plan.address);
        let cause = match &self.woke {
            Some((Wake::Slept { .. }, at, _)) if at.elapsed() < AFTERMATH => Cause::Asleep,
            Some((Wake::NetworkChanged, at, _)) if at.elapsed() < AFTERMATH => Cause::NetworkChanged,
            _ if fault.trouble.code == TroubleCode::ConnectionSilent => Cause::ConnectionSilent,
            _ => Cause::ConnectionLost,
        };
        Ending::Failed(fault, cause)
    }

    /// The last moment for which hearing is proved.
    fn heard_until(&self, session: &Session, why: &Ending) -> Millis {
        let gauge = session.ears.gauge();
        let last_byte = gauge.last_byte().max(session.at);
        // TCP asked the other side at least this often whether it was still there.
        let idle = Millis::try_from(KEEPALIVE_IDLE.as_millis()).unwrap_or_default();
        let silent = matches!(why, Ending::Failed(_, Cause::ConnectionSilent));
        let until = match gauge.end() {
            // Without TLS's farewell it is an end all the same: what was sent before it was heard.
            Some((End::Closed | End::Failed(io::ErrorKind::UnexpectedEof), at)) => at,
            Some((End::Failed(io::ErrorKind::TimedOut), _)) => last_byte,
            Some((End::Failed(_), at)) => last_byte.max(at - idle),
            None if silent => last_byte,
            None => last_byte.max(now() - idle),
        };
        match (&self.woke, why) {
            (Some((Wake::Slept { since }, _, noticed)), Ending::Failed(_, Cause::Asleep)) if last_byte <= *noticed => {
                until.min(*since).max(session.at)
            }
            (Some((_, _, noticed)), Ending::Failed(_, Cause::NetworkChanged)) if last_byte <= *noticed => last_byte,
            _ => until,
        }
    }

    fn show_round_trip(&self, trip: Option<Duration>) {
        if trip.is_some() {
            self.status.send_modify(|status| status.round_trip = trip);
        }
    }

    /// Says whether what is heard waits too long for its taker; or when to say so, if it goes on.
    fn show_slow(&self, held: Option<Instant>) -> Option<Instant> {
        let slow = held.is_some_and(|held| held.elapsed() >= SLOW);
        self.status.send_if_modified(|status| std::mem::replace(&mut status.slow, slow) != slow);
        held.filter(|_| !slow).map(|held| held + SLOW)
    }
}
