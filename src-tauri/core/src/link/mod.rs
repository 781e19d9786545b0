//! One Redis connection's life: connect, subscribe, notice death, back off, publish.
//!
//! A [`Link`] is a cheap handle; the work is done by the [`Supervisor`] that [`Link::new`] gives beside it, which the
//! caller spawns and stops. What is heard leaves by a bounded channel of [`Delivery`], where things stand by a watch
//! of [`Status`]. This module must not decide what a message means, and keeps nothing on disk.

mod address;
mod aside;
pub(crate) mod backoff;
mod changeover;
mod delivery;
mod ears;
pub(crate) mod fault;
mod handle;
mod heartbeat;
mod life;
mod live;
pub(crate) mod login;
mod opener;
mod outlet;
mod pace;
mod probe;
mod publish;
pub(crate) mod reach;
mod route;
pub(crate) mod session;
mod status;
mod supervisor;
pub(crate) mod tap;
pub(crate) mod tls;
pub(crate) mod transport;
mod tuning;
mod wake;

pub use address::Address;
pub(crate) use address::{UNENCRYPTED, insecure, is_local, is_upstash};
pub use delivery::{Cause, Delivery, Heard, Missed};
pub use handle::{Heartbeat, Link, Plan};
pub use pace::Pace;
pub use publish::{AskFailed, PublishFailed, Published};
pub(crate) use publish::{FIELD, RECORD};
pub use status::{LinkState, Status};
pub use supervisor::Supervisor;
pub use tuning::Tuning;
pub use wake::Wake;

use std::time::{SystemTime, UNIX_EPOCH};

use crate::message::Millis;

/// The wall clock, in milliseconds since 1970.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
