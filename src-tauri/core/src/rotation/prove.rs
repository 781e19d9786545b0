//! Showing that a key works, or that it does not. It must not change anything: what it publishes goes to a channel that
//! nobody else knows.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use crate::{
    link::{Address, Heartbeat, Link, LinkState, Plan, Tuning, fault::classify, reach::reach},
    message::channel::between,
    trouble::{Trouble, TroubleCode},
    usage::Meter,
};

/// For one try.
const LIMIT: Duration = Duration::from_secs(10);

/// What a try showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The key works.
    Works,
    /// The key is refused.
    Refused,
    /// It was not seen.
    NoAnswer(Trouble),
}

/// Logs in, subscribes, publishes and hears itself, as the link does it.
pub(crate) async fn speaks(address: &Address, authorities: Option<PathBuf>, meter: &Meter) -> Proof {
    // Nothing that is heard matters but our own word, which the link recognises by itself.
    let (deliveries, mut heard) = mpsc::channel(4);
    let mut tuning = Tuning { watch_surroundings: false, meter: meter.clone(), ..Tuning::default() };
    tuning.authorities = authorities.or(tuning.authorities);
    let (link, supervisor) = Link::new(deliveries, tuning);
    let running = AbortOnDropHandle::new(tokio::spawn(supervisor.run(CancellationToken::new())));
    let taking = AbortOnDropHandle::new(tokio::spawn(async move { while heard.recv().await.is_some() {} }));
    let channel = between(&format!("heliograph-proof-{}", Uuid::new_v4()), "proof");
    let payload = Arc::new(|| Uuid::new_v4().to_string().into_bytes());
    let heartbeat = Heartbeat { channel: channel.clone(), every: Duration::from_hours(1), payload };
    link.connect(Plan { address: address.clone(), channels: vec![channel], heartbeat });
    let mut status = link.status();
    let settled = status.wait_for(|status| {
        let over = matches!(status.state, LinkState::Stopped | LinkState::Waiting) && status.trouble.is_some();
        (status.state == LinkState::Connected && (status.round_trip.is_some() || status.trouble.is_some())) || over
    });
    let proof = match timeout(LIMIT, settled).await {
        Ok(Ok(status)) if status.trouble.is_none() => Proof::Works,
        Ok(Ok(status)) => of(status.trouble.clone()),
        Ok(Err(_)) | Err(_) => of(None),
    };
    drop((running, taking));
    proof
}

/// Logs in.
pub(crate) async fn logs_in(address: &Address, authorities: Option<PathBuf>, meter: &Meter) -> Proof {
    match reach(address, authorities, meter).await {
        Ok(_) => Proof::Works,
        Err(failure) => of(Some(classify(&failure, address).trouble)),
    }
}

/// Tries the new key and, where that is refused, the old one. Where that is refused as well, the new one is tried once
/// more: it may have been taken between the two.
pub(crate) async fn compare<N, O>(mut new: impl FnMut() -> N, old: Option<O>) -> (Proof, Option<Proof>)
where
    N: Future<Output = Proof>,
    O: Future<Output = Proof>,
{
    let tried = new().await;
    let (Proof::Refused, Some(old)) = (&tried, old) else { return (tried, None) };
    match old.await {
        Proof::Refused => (new().await, Some(Proof::Refused)),
        other => (tried, Some(other)),
    }
}

fn of(trouble: Option<Trouble>) -> Proof {
    match trouble {
        Some(trouble) if trouble.code == TroubleCode::PasswordRefused => Proof::Refused,
        Some(trouble) => Proof::NoAnswer(trouble),
        None => Proof::NoAnswer(Trouble::new(
            TroubleCode::TimedOut,
            "The database did not answer in time.",
            "It is tried again by itself.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn a_key_that_is_taken_between_two_questions_works() {
        use Proof::{NoAnswer, Refused, Works};
        let silent = || NoAnswer(Trouble::new(TroubleCode::TimedOut, "Nobody answers.", ""));
        let cases = [
            (vec![Works], None, (Works, None)),
            (vec![Refused], None, (Refused, None)),
            (vec![Works], Some(Refused), (Works, None)),
            (vec![Refused], Some(Works), (Refused, Some(Works))),
            (vec![Refused], Some(silent()), (Refused, Some(silent()))),
            (vec![Refused, Works], Some(Refused), (Works, Some(Refused))),
            (vec![Refused, Refused], Some(Refused), (Refused, Some(Refused))),
        ];
        for (new, old, wanted) in cases {
            let mut answers = new.clone().into_iter();
            let said = compare(|| ready(answers.next().unwrap_or_else(silent)), old.clone().map(ready)).await;
            assert_eq!(said, wanted, "{new:?} {old:?}");
            assert_eq!(answers.next(), None, "{new:?} {old:?}");
        }
    }
}
