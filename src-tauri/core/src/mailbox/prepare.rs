//! Making the label and the issues of all our channels. It must not change what is there.

use std::sync::Arc;

use super::{
    Cursor, Plan, Tuning,
    budget::Purpose,
    desk::{Desk, Lasting},
    error::MailboxError,
};
use crate::trouble::Trouble;

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// The label was not there.
    pub label: bool,
    /// The channels whose issues were made now.
    pub made: Vec<String>,
    /// The channels that had one.
    pub found: Vec<String>,
}

/// Makes what is missing. Where it breaks off it can be done again, and goes on from there.
pub async fn prepare(plan: Plan, tuning: Tuning) -> Result<Prepared, Trouble> {
    let lasting = Lasting::new(&tuning);
    let mut desk = Desk::open(Arc::new(plan), 0, Cursor::default(), lasting, Arc::new(tuning)).await;
    make(&mut desk).await.map_err(|error| error.trouble())
}

async fn make(desk: &mut Desk) -> Result<Prepared, MailboxError> {
    let mut prepared = Prepared { label: desk.make_label().await?, ..Prepared::default() };
    desk.read_directory(Purpose::Post).await?;
    for channel in channels(desk) {
        if desk.directory.number(&channel).is_some() {
            prepared.found.push(channel);
        } else {
            desk.make_issue(&channel).await?;
            prepared.made.push(channel);
        }
    }
    Ok(prepared)
}

/// Every channel that needs an issue, each once.
fn channels(desk: &Desk) -> Vec<String> {
    let mut channels = desk.heard.clone();
    for channel in desk.plan.names.sent() {
        if !channels.contains(&channel) {
            channels.push(channel);
        }
    }
    channels
}
