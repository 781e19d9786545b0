//! Noticing that the computer slept, or changed its network. It must not decide what follows from that.

use std::{
    collections::BTreeSet,
    future::{pending, poll_fn},
    time::Duration,
};

use if_watch::{IfEvent, IpNet, tokio::IfWatcher};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::now;
use crate::message::Millis;

/// How often the wall clock is looked at. A timer stands still with the computer on some systems, so this is also
/// how late a sleep may be noticed.
const TICK: Duration = Duration::from_secs(5);
/// A tick so much late by the wall clock means that the computer slept.
const LATE: Duration = Duration::from_secs(10);
/// Changes of network come in flocks: this long after the first they are looked at together.
const SETTLE: Duration = Duration::from_secs(1);

/// Something after which a connection may be dead without knowing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The computer slept, or this process was stopped.
    Slept {
        /// When it was last known to be awake.
        since: Millis,
    },
    /// An address of this computer came or went.
    NetworkChanged,
}

/// Tells of each such event, for ever.
pub(super) async fn watch(tell: impl Fn(Wake)) {
    tokio::select! {
        () = watch_sleep(&tell) => {}
        () = watch_network(&tell) => {}
    }
}

async fn watch_sleep(tell: &impl Fn(Wake)) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = now();
    loop {
        ticks.tick().await;
        let seen = now();
        if slept(last, seen) {
            tell(Wake::Slept { since: last });
        }
        last = seen;
    }
}

/// Lies more between two ticks than a tick? A clock set forward looks the same and costs one heartbeat.
fn slept(last: Millis, seen: Millis) -> bool {
    let limit = Millis::try_from((TICK + LATE).as_millis()).unwrap_or(Millis::MAX);
    seen.saturating_sub(last) > limit
}

async fn watch_network(tell: &impl Fn(Wake)) {
    if let Err(error) = follow_network(tell).await {
        tracing::info!(%error, "changes of network cannot be watched; lost connections are still noticed, only later");
    }
    pending::<()>().await;
}

async fn follow_network(tell: &impl Fn(Wake)) -> std::io::Result<()> {
    let mut watcher = IfWatcher::new()?;
    let mut network = Network::default();
    // The addresses there are come first, as if they were new.
    settle(&mut watcher, &mut network).await?;
    network.changed();
    loop {
        let event = poll_fn(|cx| watcher.poll_if_event(cx)).await?;
        network.take(event);
        settle(&mut watcher, &mut network).await?;
        if network.changed() {
            tell(Wake::NetworkChanged);
        }
    }
}

/// Takes what comes until the flock is over.
async fn settle(watcher: &mut IfWatcher, network: &mut Network) -> std::io::Result<()> {
    let end = Instant::now() + SETTLE;
    loop {
        tokio::select! {
            event = poll_fn(|cx| watcher.poll_if_event(cx)) => network.take(event?),
            () = sleep(end.saturating_duration_since(Instant::now())) => return Ok(()),
        }
    }
}

/// The addresses of this computer, as far as they matter.
#[derive(Debug, Default)]
struct Network {
    seen: BTreeSet<IpNet>,
    now: BTreeSet<IpNet>,
    went: bool,
}

impl Network {
    fn take(&mut self, event: IfEvent) {
        match event {
            IfEvent::Up(net) if matters(&net) => {
                self.now.insert(net);
            }
            IfEvent::Down(net) => {
                // Sockets bound to an IPv4 address die with it, even where it comes back at once.
                self.went |= self.now.remove(&net) && matches!(net, IpNet::V4(_));
            }
            IfEvent::Up(_) => {}
        }
    }

    /// Did anything change since the last call?
    fn changed(&mut self) -> bool {
        let went = std::mem::take(&mut self.went);
        let seen = self.now.iter().map(lasting).collect();
        let changed = self.seen != seen;
        self.seen = seen;
        went || changed
    }
}

/// Loopback and link-local addresses lead nowhere.
fn matters(net: &IpNet) -> bool {
    match net {
        IpNet::V4(v4) => !(v4.addr().is_loopback() || v4.addr().is_link_local()),
        IpNet::V6(v6) => !(v6.addr().is_loopback() || v6.addr().is_unicast_link_local()),
    }
}

/// IPv6 addresses come and go for privacy's sake while their network stays: the network counts.
fn lasting(net: &IpNet) -> IpNet {
    match net {
        IpNet::V4(_) => *net,
        IpNet::V6(v6) => IpNet::V6(v6.trunc()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn up(net: &str) -> IfEvent {
        IfEvent::Up(net.parse().unwrap())
    }

    fn down(net: &str) -> IfEvent {
        IfEvent::Down(net.parse().unwrap())
    }

    fn after(network: &mut Network, events: &[IfEvent]) -> bool {
        for event in events {
            network.take(*event);
        }
        network.changed()
    }

    #[test]
    fn a_late_tick_is_sleep_and_a_clock_set_back_is_not() {
        assert!(!slept(0, 5_000) && !slept(0, 15_000));
        assert!(slept(0, 15_001));
        assert!(!slept(1_000_000, 0));
    }

    #[test]
    fn only_changes_that_matter_count() {
        let mut network = Network::default();
        assert!(after(&mut network, &[up("192.168.1.7/24"), up("fd00::1/64"), up("127.0.0.1/8")]));
        assert!(!after(&mut network, &[]));
        assert!(!after(&mut network, &[up("169.254.3.4/16"), up("fe80::1/64"), down("127.0.0.1/8")]));
        assert!(!after(&mut network, &[up("fd00::2/64"), down("fd00::1/64")]), "a passing address");
        assert!(after(&mut network, &[down("192.168.1.7/24"), up("192.168.1.7/24")]), "gone and back");
        assert!(after(&mut network, &[up("10.0.0.1/8")]));
        assert!(after(&mut network, &[down("10.0.0.1/8")]));
        assert!(after(&mut network, &[up("fd01::1/64")]), "a new network");
        assert!(after(&mut network, &[down("fd01::1/64")]), "and gone again");
    }
}
