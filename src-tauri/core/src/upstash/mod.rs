//! The Developer API of Upstash: the account's databases, a new one, its counters; and a database for 72 hours.
//!
//! [`Client`] knows where the API is, [`Account`] asks it with a key. Each call is one request over HTTPS within a time
//! limit; dropping its future gives it up. The key travels in a header and nowhere else, answers are read as leniently
//! as the published description is loose, and no error holds a word of either. This module must not keep anything, and
//! does not decide when to ask.

mod account;
mod client;
mod database;
mod error;
mod lenient;
mod lent;
mod place;
pub mod regions;
mod stats;
mod tuning;
mod view;
mod wait;
mod wire;

pub use account::{Account, ApiKey};
pub use client::Client;
pub(crate) use client::acceptable;
pub use database::{Database, Plan, State};
pub use error::UpstashError;
pub(crate) use error::certificate_refused;
pub use lent::Lent;
pub use stats::Stats;
pub use tuning::Tuning;
pub(crate) use wire::retry_after;
