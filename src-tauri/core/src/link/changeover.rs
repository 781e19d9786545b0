//! Going over from one session to another without a gap: the new one hears before the old one is closed.
//!
//! A server gives what is published to all its listeners in one order. So a heartbeat of ours, published when both
//! sessions listen, is a mark in both: what comes before it is taken from the old one, what comes after it from the new
//! one, and nothing is lost or doubled, whether it can be known again or not. Until then the new one is not read: what
//! it hears waits in its own bound and beyond that in the socket.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    Cause, Missed, Plan,
    fault::{self, Failure, Lane, classify},
    heartbeat::{self, Beat},
    live::{Ending, Living, Turn},
    opener::Opener,
    probe::Probe,
    session::Session,
};

/// The mark is waited for no longer than this, while other things come and are taken.
const LONGEST: Duration = Duration::from_mins(1);

/// How far the old session was heard.
enum Heard {
    /// Up to the mark.
    ToMark,
    /// There is no mark, as it may not be published; nothing is wrong with the old session.
    WithoutMark,
    /// It ended, or may as well have.
    ToEnd(Ending),
}

impl Living<'_> {
    /// Opens a session by another plan, which leads to the same server and channels, and goes over to it. Where it can
    /// be opened only in the old one's place, or not at all, the old one ends.
    pub(super) async fn change_over(&mut self, plan: Arc<Plan>, opener: &mut Opener) -> Result<(), Turn> {
        // One that was left over.
        self.session.ears.stop_at(None);
        let tuning = self.life.tuning;
        let new = match self.beside(opener.open(&plan, tuning)).await? {
            Ok(session) => session,
            Err(failure) => return Err(Turn::Ended(not_opened(&failure, &plan))),
        };
        let mark = (plan.heartbeat.payload)();
        let (sent, total) = (Instant::now(), new.ears.gauge().total());
        self.session.ears.stop_at(Some(mark.clone()));
        let channel = plan.heartbeat.channel.clone();
        let (commands, meter) = (new.exit.commands.clone(), tuning.meter.clone());
        let marking = heartbeat::publish(commands, channel, mark.clone(), tuning.answer_limit, meter);
        let heard = self.hear_to_mark(marking).await?;
        self.go_over(new, plan, &heard);
        if let Heard::ToMark = heard {
            // It is the new session's first heartbeat, too.
            self.probe.sent(sent, mark.clone(), total);
            self.session.ears.begin_after(mark);
        }
        Ok(())
    }

    /// Hears on with the old session until the mark comes, or until it is clear that it will not.
    async fn hear_to_mark(&mut self, marking: impl Future<Output = Beat>) -> Result<Heard, Turn> {
        let limit = self.life.tuning.answer_limit;
        let comes = match self.beside(marking).await {
            Err(turn) => return heard_by(turn),
            Ok(Beat::Failed(_)) => return Err(Turn::Ended(Ending::Replaced)),
            Ok(Beat::Refused(text)) if fault::ends_session(&text) => return Err(Turn::Ended(Ending::Replaced)),
            Ok(Beat::Refused(_)) => false,
            Ok(Beat::Taken | Beat::Ponged(_) | Beat::Unanswered) => true,
        };
        let began = Instant::now();
        loop {
            let (since, total) = (Instant::now(), self.session.ears.gauge().total());
            if let Err(turn) = self.beside(sleep(limit)).await {
                return heard_by(turn);
            }
            // Behind a slow taker nothing can be heard, and in a flood it may take a while.
            let held = self.session.ears.last_held(Instant::now()).is_some_and(|held| held >= since);
            let comes_later = comes && self.session.ears.gauge().total() > total && began.elapsed() < LONGEST;
            if !held && !comes_later {
                tracing::info!(comes, "the old connection does not hear what the new one says");
                return Ok(if comes { Heard::ToEnd(self.life.failed(&Failure::Silent)) } else { Heard::WithoutMark });
            }
        }
    }

    /// From now on it is the new session that hears and publishes. What is on its way out over the old one is still
    /// answered there.
    fn go_over(&mut self, new: Session, plan: Arc<Plan>, heard: &Heard) {
        let missed = match heard {
            Heard::ToEnd(why) => Some(self.missed_before(&new, why)),
            Heard::ToMark | Heard::WithoutMark => None,
        };
        self.outlet.connected(new.at, missed);
        self.route.lead_by(&new);
        self.beat = None;
        self.life.go_on(plan, new.opened);
        self.probe = Probe::new(self.life.every(), self.life.tuning.answer_limit, Instant::now());
        self.session = new;
        tracing::info!("a new connection took over from the old one");
    }

    /// What neither may have heard: from when the old session was deaf. It may also have ended with much of what was
    /// published before still on its way to it, so there is a gap in any case, if of no known length.
    fn missed_before(&self, new: &Session, why: &Ending) -> Missed {
        let since = self.life.heard_until(&self.session, why).min(new.at);
        let cause = match why {
            Ending::Failed(_, cause) => *cause,
            Ending::Replaced | Ending::Gone => Cause::Restarted,
        };
        Missed { since, until: new.at, cause }
    }
}

/// The old session's end is no harm where the new one hears already.
fn heard_by(turn: Turn) -> Result<Heard, Turn> {
    match turn {
        Turn::Marked => Ok(Heard::ToMark),
        Turn::Ended(why @ Ending::Failed(..)) => Ok(Heard::ToEnd(why)),
        other => Err(other),
    }
}

/// A login that is refused is not tried again by itself. Anything else may be so only beside the old session (the
/// service counts connections): it is tried again in its place.
fn not_opened(failure: &Failure, plan: &Plan) -> Ending {
    let fault = classify(failure, &plan.address);
    tracing::info!(code = ?fault.trouble.code, "there is no new connection beside the old one");
    match fault.lane {
        Lane::Stop => Ending::Failed(fault, Cause::Restarted),
        Lane::Fast | Lane::Slow => Ending::Replaced,
    }
}
