//! What the user may do with our channels.
//!
//! Nothing is published where anybody listens, and nothing is listened to where somebody might be counting on us: the
//! server is asked (`ACL DRYRUN`), or made to look and then to forget (`MULTI`, `DISCARD`). Only where it does neither
//! are the channels subscribed to for real, for a moment.

use redis::Value;

use super::{
    CheckKind, Help,
    board::{Finding, Step},
    hear::Ears,
    line::{Answer, Line},
    words,
};
use crate::{
    link::{
        Address,
        fault::{Failure, Meaning, meaning},
    },
    message::{Names, channel::HEARTBEAT},
    trouble::{Trouble, TroubleCode},
};

/// What a channel's look-up came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Allowed,
    /// The command is not allowed, whatever the channel.
    NoCommand,
    NoChannel,
    Unknown,
}

/// How rights are looked up.
#[derive(Debug)]
enum Way {
    /// `ACL DRYRUN` of this user.
    Ask(String),
    /// In a transaction that is thrown away.
    Forget,
    Nothing,
}

/// What was found.
#[derive(Debug, Default)]
struct Seen {
    heard: Vec<(String, Verdict)>,
    sent: Vec<(String, Verdict)>,
    /// Channels that were not looked at, to spend few commands.
    untried: usize,
}

/// Looks up what the user may do with the channels of `names`.
pub(super) async fn rights(line: &mut Line, ears: Option<Ears>, names: &Names, address: &Address) -> Step<()> {
    let failed = |failure| words::failed(CheckKind::Rights, &failure, address);
    let mut asker = Asker::new(line, ears).await.map_err(failed)?;
    let seen = look(&mut asker, names).await.map_err(failed)?;
    asker.close().await.map_err(failed)?;
    judge(&seen, names.peers.len())
}

async fn look(asker: &mut Asker<'_>, names: &Names) -> Result<Seen, Failure> {
    let (heard, mut sent) = (names.heard(), names.sent());
    sent.push(HEARTBEAT.to_owned());
    let mut seen = Seen::default();
    match asker.may_hear(&heard).await? {
        // One of them is refused, and the server does not say which.
        Verdict::NoChannel => {
            let most = asker.room() / 2;
            seen.untried += heard.len().saturating_sub(most);
            for channel in heard.into_iter().take(most) {
                let verdict = asker.may_hear(std::slice::from_ref(&channel)).await?;
                seen.heard.push((channel, verdict));
            }
            if seen.heard.iter().all(|(_, verdict)| *verdict == Verdict::Allowed) {
                seen.heard.push(("one of our channels".to_owned(), Verdict::NoChannel));
            }
        }
        verdict => seen.heard.extend(heard.into_iter().map(|channel| (channel, verdict))),
    }
    for channel in sent {
        match seen.sent.last() {
            Some((_, Verdict::NoCommand | Verdict::Unknown)) => {}
            _ if asker.room() == 0 => seen.untried += 1,
            _ => {
                let verdict = asker.may_publish(&channel).await?;
                seen.sent.push((channel, verdict));
            }
        }
    }
    Ok(seen)
}

/// Whoever looks up.
struct Asker<'a> {
    line: &'a mut Line,
    ears: Option<Ears>,
    way: Way,
    /// Refused to this user; and so in a transaction as well, if the server looks when it is told and not at the end.
    forbidden: Option<[&'static str; 2]>,
}

impl<'a> Asker<'a> {
    async fn new(line: &'a mut Line, ears: Option<Ears>) -> Result<Self, Failure> {
        const WHO: [&str; 2] = ["ACL", "WHOAMI"];
        let mut asker = Self { line, ears, way: Way::Nothing, forbidden: None };
        match asker.line.ask(&WHO).await? {
            Ok(Value::BulkString(user)) => asker.way = Way::Ask(String::from_utf8_lossy(&user).into_owned()),
            Err(text) if meaning(&text) == Meaning::NotPermitted => {
                asker.forbidden = Some(WHO);
                asker.forget().await?;
            }
            _ => asker.forget().await?,
        }
        Ok(asker)
    }

    /// Begins the transaction that is thrown away.
    async fn forget(&mut self) -> Result<(), Failure> {
        self.way = Way::Nothing;
        // Without it, what is only to be looked at would be done.
        if self.line.ask(&["MULTI"]).await? != Ok(Value::Okay) {
            return Ok(());
        }
        self.way = Way::Forget;
        if let Some(words) = self.forbidden
            && self.line.ask(&words).await?.is_ok()
        {
            self.close().await?;
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), Failure> {
        if let Way::Forget = std::mem::replace(&mut self.way, Way::Nothing) {
            // It ends the transaction or there was none: both are what is wanted.
            let _ = self.line.ask(&["DISCARD"]).await?;
        }
        Ok(())
    }

    /// How many more may be looked up.
    fn room(&self) -> usize {
        // One is kept for the end of the transaction.
        usize::try_from(self.line.cost.left().saturating_sub(1)).unwrap_or_default()
    }

    async fn may_hear(&mut self, channels: &[String]) -> Result<Verdict, Failure> {
        let mut words = vec!["SUBSCRIBE"];
        words.extend(channels.iter().map(String::as_str));
        let verdict = self.may(&words).await?;
        match (&mut self.ears, verdict) {
            (Some(ears), Verdict::Unknown) => Ok(match ears.subscribe(channels).await? {
                Ok(()) => Verdict::Allowed,
                Err(text) => refusal(&text),
            }),
            _ => Ok(verdict),
        }
    }

    async fn may_publish(&mut self, channel: &str) -> Result<Verdict, Failure> {
        self.may(&["PUBLISH", channel, "{}"]).await
    }

    async fn may(&mut self, words: &[&str]) -> Result<Verdict, Failure> {
        if let Way::Ask(user) = &self.way {
            let mut asked = vec!["ACL", "DRYRUN", user.as_str()];
            asked.extend(words);
            match self.line.ask(&asked).await? {
                Ok(Value::Okay) => return Ok(Verdict::Allowed),
                Ok(Value::BulkString(text)) => return Ok(lack(&String::from_utf8_lossy(&text))),
                // Not known there, or not to us.
                _ => self.forget().await?,
            }
        }
        if let Way::Forget = self.way {
            return Ok(queued(self.line.ask(words).await?));
        }
        Ok(Verdict::Unknown)
    }
}

fn queued(answer: Answer) -> Verdict {
    match answer {
        Ok(Value::SimpleString(text)) if text == "QUEUED" => Verdict::Allowed,
        Ok(_) => Verdict::Unknown,
        Err(text) => refusal(&text),
    }
}

fn refusal(text: &str) -> Verdict {
    match meaning(text) {
        Meaning::NotPermitted => lack(text),
        _ => Verdict::Unknown,
    }
}

fn lack(text: &str) -> Verdict {
    if words::names_command(text) { Verdict::NoCommand } else { Verdict::NoChannel }
}

/// The first so many of those we send on are the peers' own; without the others messages still go.
fn judge(seen: &Seen, peers: usize) -> Step<()> {
    let deaf = Lack::among(&seen.heard);
    let (direct, others) = seen.sent.split_at(peers.min(seen.sent.len()));
    let (mute, hushed) = (Lack::among(direct), Lack::among(others));
    if !deaf.is_none() || !mute.is_none() {
        return Err(forbidden(&deaf, &Lack::among(&seen.sent), mute.first()));
    }
    if let Some(channel) = hushed.first() {
        let detail = format!("This user may not publish on {}. Messages to a peer go all the same.", hushed.list());
        return Err(Finding::warning(format!("May not publish on {channel}")).detail(detail));
    }
    let unknown = |(_, verdict): &(String, Verdict)| *verdict == Verdict::Unknown;
    if seen.sent.iter().chain(&seen.heard).any(unknown) {
        let hears = if seen.heard.iter().any(unknown) { "" } else { "It may hear our channels. " };
        let detail = format!(
            "{hears}Whether it may publish shows with the first message: the server lets this user neither ask (ACL DRYRUN) nor try without effect (MULTI)."
        );
        return Err(Finding::warning("Rights cannot be looked up").detail(detail));
    }
    let untried = if seen.untried == 0 { String::new() } else { format!("; {} not looked at", seen.untried) };
    let detail = format!("hears {}; publishes on {}{untried}", brief(&seen.heard), brief(&seen.sent));
    Ok((Finding::good("May use our channels").detail(detail), ()))
}

fn brief(channels: &[(String, Verdict)]) -> String {
    let Some(((first, _), rest)) = channels.split_first() else { return "nothing".to_owned() };
    if rest.is_empty() { first.clone() } else { format!("{first} and {} more", rest.len()) }
}

/// What is not allowed among some channels.
struct Lack<'a> {
    command: bool,
    channels: Vec<&'a str>,
}

impl<'a> Lack<'a> {
    fn among(seen: &'a [(String, Verdict)]) -> Self {
        let refused = |verdict| matches!(verdict, Verdict::NoCommand | Verdict::NoChannel);
        Self {
            command: seen.iter().any(|(_, verdict)| *verdict == Verdict::NoCommand),
            channels: seen.iter().filter(|(_, v)| refused(*v)).map(|(channel, _)| channel.as_str()).collect(),
        }
    }

    fn is_none(&self) -> bool {
        self.channels.is_empty()
    }

    fn first(&self) -> Option<&'a str> {
        self.channels.first().copied()
    }

    fn list(&self) -> String {
        const NAMED: usize = 4;
        let named = self.channels.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        match self.channels.len().saturating_sub(NAMED) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

fn forbidden(deaf: &Lack<'_>, mute: &Lack<'_>, direct: Option<&str>) -> Finding {
    let mut said = Vec::new();
    let mut rules = Vec::new();
    for (lack, command, verb) in [(deaf, "SUBSCRIBE", "subscribe to"), (mute, "PUBLISH", "publish on")] {
        if lack.is_none() {
            continue;
        }
        if lack.command {
            said.push(format!("may not run {command}"));
            rules.push(format!("+{}", command.to_ascii_lowercase()));
        } else {
            said.push(format!("may not {verb} {}", lack.list()));
            rules.push(format!("the channels it may not {}", command.to_ascii_lowercase()));
        }
    }
    let title = match (deaf.first(), direct) {
        (None, Some(channel)) => format!("May not publish on {channel}"),
        (Some(heard), Some(channel)) => format!("May not hear {heard}, nor publish on {channel}"),
        (heard, None) => format!("May not hear {}", heard.unwrap_or_default()),
    };
    let trouble = Trouble::new(
        TroubleCode::NotPermitted,
        format!("This user {}.", said.join(", and ")),
        format!("Allow it {} (ACL SETUSER), or paste the default user’s address.", rules.join(" and ")),
    );
    Finding::failed(title, trouble).help(Help::PasteAnother)
}
