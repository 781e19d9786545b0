//! What an agent's user may do: what docs/protocol.md needs and nothing else, as the words of `ACL SETUSER`. Pure.
//!
//! It must not use rules for parts of a command, nor selectors: the service refuses the first and does not say whether
//! it knows the others.

use crate::{
    link::RECORD,
    message::channel::{BROADCAST, HEARTBEAT, agent, between},
};

/// The commands that Heliograph or heliograph.py send. `AUTH` and `HELLO` need no right.
const COMMANDS: [&str; 10] =
    ["subscribe", "publish", "xadd", "xread", "xrange", "xrevrange", "xinfo", "multi", "exec", "ping"];

/// The rules for the user of the agent `me`, which talks with these others. They say everything: whatever the user may
/// do besides is taken away by them.
pub(crate) fn rights(me: &str, others: &[&str]) -> Vec<String> {
    let mut rules: Vec<String> = ["on", "resetchannels", "resetkeys", "-@all"].map(str::to_owned).into();
    rules.extend(COMMANDS.iter().map(|command| format!("+{command}")));
    rules.extend(channels(me, others).iter().map(|channel| format!("&{}", literal(channel))));
    rules.extend(recorded(me, others).iter().map(|channel| format!("~{}", literal(&format!("{RECORD}{channel}")))));
    rules
}

/// Every channel that the agent hears or sends on.
fn channels(me: &str, others: &[&str]) -> Vec<String> {
    let mut channels = recorded(me, others);
    channels.push(HEARTBEAT.to_owned());
    channels
}

/// Those of them that may have a record.
fn recorded(me: &str, others: &[&str]) -> Vec<String> {
    let ways = others.iter().flat_map(|other| [between(other, me), between(me, other)]);
    let mut channels: Vec<_> = ways.flat_map(|way| [format!("{way}-urgent"), format!("{way}-low"), way]).collect();
    channels.extend(std::iter::once(&me).chain(others).map(|name| agent(name)));
    channels.push(BROADCAST.to_owned());
    channels
}

/// A name as a pattern that fits it alone.
fn literal(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for letter in name.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests;
