//! Trying whether a user may do what an agent must, as that user. It must not say anything on a channel that others
//! listen to, nor write into their records, nor listen in the agent's place: whoever spoke with the agent would count it
//! as heard. What would is only laid before the server in a transaction that is never carried out.

use std::path::PathBuf;

use uuid::Uuid;

use super::line::{Answer, Ears, Line};
use crate::{
    link::{
        Address, FIELD, RECORD,
        fault::{Failure, Meaning, classify, meaning},
    },
    message::{
        Names,
        channel::{HEARTBEAT, agent, between},
    },
    trouble::{Trouble, TroubleCode},
    usage::Meter,
};

/// What a trial showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    /// The user may do all of it.
    Good,
    /// The user, or the token, is refused.
    Refused,
    /// One thing is not allowed: this.
    Lacks(String),
    /// It was not seen.
    NoAnswer(Trouble),
}

/// Why a trial ended early.
enum Short {
    Lacks(String),
    Failed(Failure),
}

impl From<Failure> for Short {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Tries what the agent of these names does. `earnest`: nobody else has to do with these names, so that it is really
/// said and heard.
pub(crate) async fn tried(
    address: &Address,
    names: &Names,
    earnest: bool,
    authorities: Option<PathBuf>,
    meter: &Meter,
) -> Trial {
    match trying(address, names, earnest, authorities, meter).await {
        Ok(()) => Trial::Good,
        Err(Short::Lacks(what)) => Trial::Lacks(what),
        Err(Short::Failed(failure)) => match classify(&failure, address).trouble {
            trouble if trouble.code == TroubleCode::PasswordRefused => Trial::Refused,
            trouble => Trial::NoAnswer(trouble),
        },
    }
}

async fn trying(
    address: &Address,
    names: &Names,
    earnest: bool,
    authorities: Option<PathBuf>,
    meter: &Meter,
) -> Result<(), Short> {
    let mut line = Line::open(address, authorities.clone(), meter).await?;
    reads(&mut line, names).await?;
    if earnest {
        let mut ears = Ears::open(address, authorities, meter).await?;
        allowed("SUBSCRIBE", ears.subscribe(&names.heard()).await?)?;
        says(&mut line, &mut ears, names).await?;
    }
    would_hear_and_say(&mut line, names).await
}

/// Reads the records of all channels.
async fn reads(line: &mut Line, names: &Names) -> Result<(), Short> {
    allowed("PING", line.ask(&["PING"]).await?)?;
    let keys: Vec<_> = names.recorded().iter().map(|channel| format!("{RECORD}{channel}")).collect();
    let mut all = vec!["XREAD", "COUNT", "1", "STREAMS"];
    all.extend(keys.iter().map(String::as_str));
    all.extend(keys.iter().map(|_| "0-0"));
    allowed("XREAD", line.ask(&all).await?)?;
    let Some(key) = keys.first() else { return Ok(()) };
    let questions: [&[&str]; 3] = [
        &["XRANGE", key, "-", "+", "COUNT", "1"],
        &["XREVRANGE", key, "+", "-", "COUNT", "1"],
        &["XINFO", "STREAM", key],
    ];
    for words in questions {
        allowed(words[0], line.ask(words).await?)?;
    }
    Ok(())
}

/// Says something to the other agent, and something to itself, which it hears.
async fn says(line: &mut Line, ears: &mut Ears, names: &Names) -> Result<(), Short> {
    let payload = Uuid::new_v4().to_string();
    for to in &names.peers {
        let channel = between(&names.me, to);
        allowed("MULTI", line.ask(&["MULTI"]).await?)?;
        record_and_publish(line, &channel, &payload).await?;
        allowed("EXEC", line.ask(&["EXEC"]).await?)?;
    }
    allowed("PUBLISH", line.ask(&["PUBLISH", &agent(&names.me), &payload]).await?)?;
    ears.hear(&payload).await?;
    Ok(())
}

/// Lays before the server all that the agent listens to and says, and ends without either.
async fn would_hear_and_say(line: &mut Line, names: &Names) -> Result<(), Short> {
    // Without it, what is only laid before the server would be done.
    if line.ask(&["MULTI"]).await?.is_err() {
        return Err(Short::Lacks("MULTI".to_owned()));
    }
    let heard = names.heard();
    let mut subscribing = vec!["SUBSCRIBE"];
    subscribing.extend(heard.iter().map(String::as_str));
    allowed("SUBSCRIBE", line.ask(&subscribing).await?)?;
    for channel in names.sent() {
        record_and_publish(line, &channel, "{}").await?;
    }
    for channel in names.peers.iter().map(|peer| between(&names.me, peer)) {
        for priority in ["urgent", "low"] {
            record_and_publish(line, &format!("{channel}-{priority}"), "{}").await?;
        }
    }
    let beat = line.ask(&["PUBLISH", HEARTBEAT, "{}"]).await?;
    allowed("PUBLISH", beat)
}

async fn record_and_publish(line: &mut Line, channel: &str, payload: &str) -> Result<(), Short> {
    let key = format!("{RECORD}{channel}");
    allowed("XADD", line.ask(&["XADD", &key, "MAXLEN", "~", "1000", "*", FIELD, payload]).await?)?;
    allowed("PUBLISH", line.ask(&["PUBLISH", channel, payload]).await?)
}

/// Any other error is one of somebody who may: there is no such record, say.
fn allowed<T>(command: &str, answer: Answer<T>) -> Result<(), Short> {
    match answer {
        Err(text) if meaning(&text) == Meaning::NotPermitted => Err(Short::Lacks(command.to_owned())),
        _ => Ok(()),
    }
}
