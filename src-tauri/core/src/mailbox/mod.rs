//! The way round Redis: a private repository at GitHub, one issue for each channel, one comment for each message.
//!
//! A [`Mailbox`] is a cheap handle; the work is done by the [`Postman`] that [`Mailbox::new`] gives beside it, which
//! the caller spawns and stops. What was left there comes by a bounded channel of [`Batch`], where things stand by a
//! watch of [`MailboxStatus`]. It is written on reqwest and not on octocrab: octocrab's calls for comments know no
//! `If-None-Match`, show no headers of their answers and bound no answer, and it brings TLS roots of its own.
//! This module must not know the store, Redis or a screen, and does not decide whether Redis is away.

mod block;
mod budget;
mod comment;
mod cursor;
mod desk;
mod directory;
mod error;
mod fallback;
mod handle;
mod headers;
mod inspect;
mod meter;
mod outlet;
mod post;
mod postman;
mod prepare;
mod reader;
mod repository;
mod status;
mod tuning;
mod wire;

pub use block::LONGEST;
pub use comment::{Letter, Trust};
pub use cursor::Cursor;
pub use fallback::Fallback;
pub(crate) use handle::is_same_token;
pub use handle::{Mailbox, Plan};
pub use inspect::{Finding, FindingKind, Inspection, TokenKind, inspect};
pub use outlet::Batch;
pub use post::{Post, PostFailed, Posted};
pub use postman::Postman;
pub use prepare::{Prepared, prepare};
pub use repository::{NotARepository, Repository};
pub use status::{MailboxState, MailboxStatus};
pub use tuning::Tuning;
