//! What a session learns of itself while it lives: how its heartbeats went, what woke the computer, why it ended. It
//! must not wait.

use std::{io, sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::{
    Cause, Plan, PublishFailed, Status, Tuning, Wake,
    fault::{self, Failure, Stage, classify},
    handle::Nudge,
    heartbeat::{self, Beat},
    live::{Beating, Ending},
    now,
    probe::Probe,
    session::Session,
    tap::{End, Gauge},
    transport::KEEPALIVE_IDLE,
};
use crate::{message::Millis, trouble::TroubleCode};

/// How long messages must wait for their taker before the status says so.
const SLOW: Duration = Duration::from_secs(1);
/// A connection that ends so soon after a wake was ended by whatever woke us.
const AFTERMATH: Duration = Duration::from_mins(1);

/// What a session learns as it goes.
pub(super) struct Life<'a> {
    pub(super) plan: Arc<Plan>,
    pub(super) tuning: &'a Tuning,
    pub(super) status: &'a watch::Sender<Status>,
    /// The heartbeat may not be published: the subscription is pinged instead.
    by_ping: bool,
    woke: Option<(Wake, Instant, Millis)>,
}

impl<'a> Life<'a> {
    pub(super) fn new(plan: Arc<Plan>, tuning: &'a Tuning, status: &'a watch::Sender<Status>) -> Self {
        Self { plan, tuning, status, by_ping: false, woke: None }
    }

    /// Goes on as that of a session by another plan.
    pub(super) fn go_on(&mut self, plan: Arc<Plan>, opened: Instant) {
        self.plan = plan;
        self.by_ping = false;
        self.woke = self.woke.take().filter(|(_, at, _)| *at > opened);
        self.status.send_if_modified(|status| status.trouble.take().is_some());
    }

    pub(super) fn beat(&self, session: &Session, probe: &mut Probe, limit: Duration) -> Beating {
        let payload = (self.plan.heartbeat.payload)();
        probe.every(self.every());
        probe.sent(Instant::now(), payload.clone(), session.ears.gauge().total());
        let meter = self.tuning.meter.clone();
        if self.by_ping {
            Box::pin(heartbeat::ping(session.pings.clone(), payload, limit, meter))
        } else {
            let channel = self.plan.heartbeat.channel.clone();
            Box::pin(heartbeat::publish(session.exit.commands.clone(), channel, payload, limit, meter))
        }
    }

    /// How often a heartbeat is due now.
    pub(super) fn every(&self) -> Duration {
        self.tuning.pace.apply(self.plan.heartbeat.every)
    }

    /// What follows from a heartbeat's way out: another one in its place, perhaps, or the end.
    pub(super) fn went_out(
        &mut self,
        beat: Beat,
        session: &Session,
        probe: &mut Probe,
    ) -> Result<Option<Beating>, Ending> {
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
                if let PublishFailed::Refused(trouble)
                | PublishFailed::Failed(trouble)
                | PublishFailed::Limited(trouble) = why
                {
                    self.status.send_modify(|status| status.trouble = Some(trouble));
                }
                self.by_ping = true;
                Ok(Some(self.beat(session, probe, self.tuning.answer_limit)))
            }
            Beat::Failed(failure) => Err(self.lost(&session.exit.gauge, failure)),
        }
    }

    pub(super) fn nudged(&mut self, nudge: Nudge) {
        if let Nudge::Woke(wake) = nudge {
            self.woke = Some((wake, Instant::now(), now()));
        }
    }

    /// The subscription's stream ended.
    pub(super) fn ended(&self, gauge: &Gauge) -> Ending {
        let failure = match gauge.end() {
            Some((end, _)) => Failure::Ended(Stage::Live, end),
            None => Failure::Garbled(Vec::new()),
        };
        self.failed(&failure)
    }

    /// The other connection failed; its gauge may know better why.
    pub(super) fn lost(&self, gauge: &Gauge, failure: Failure) -> Ending {
        let failure = gauge.end().map_or(failure, |(end, _)| Failure::Ended(Stage::Live, end));
        self.failed(&failure)
    }

    pub(super) fn failed(&self, failure: &Failure) -> Ending {
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
    pub(super) fn heard_until(&self, session: &Session, why: &Ending) -> Millis {
        if session.ears.passes_over() {
            return session.at;
        }
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

    pub(super) fn show_round_trip(&self, trip: Option<Duration>) {
        if trip.is_some() {
            self.status.send_modify(|status| status.round_trip = trip);
        }
    }

    /// Says whether what is heard waits too long for its taker; or when to say so, if it goes on.
    pub(super) fn show_slow(&self, held: Option<Instant>) -> Option<Instant> {
        let slow = held.is_some_and(|held| held.elapsed() >= SLOW);
        self.status.send_if_modified(|status| std::mem::replace(&mut status.slow, slow) != slow);
        held.filter(|_| !slow).map(|held| held + SLOW)
    }
}
