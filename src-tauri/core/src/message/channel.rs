//! The names of the channels and what follows from them.

use super::Priority;

/// Everybody's health checks.
pub const HEARTBEAT: &str = "heartbeat";

/// Announcements to all.
pub const BROADCAST: &str = "broadcast";

/// Stands between sender and receiver in a channel's name.
pub const ARROW: char = '→';

/// Our own name and those of the agents we talk with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The agent on this computer.
    pub me: String,
    /// The others.
    pub peers: Vec<String>,
}

impl Names {
    /// Every channel we listen to, in the order in which they are shown.
    pub fn heard(&self) -> Vec<String> {
        let mut channels = Vec::with_capacity(self.peers.len() * 3 + 3);
        for peer in &self.peers {
            let direct = between(peer, &self.me);
            channels.extend([direct.clone(), format!("{direct}-urgent"), format!("{direct}-low")]);
        }
        channels.extend([BROADCAST.to_owned(), agent(&self.me), HEARTBEAT.to_owned()]);
        channels
    }

    /// Every channel we listen to that may have a record beside it: a sign of life is worth nothing later.
    pub fn recorded(&self) -> Vec<String> {
        self.heard().into_iter().filter(|channel| channel != HEARTBEAT).collect()
    }

    /// Every channel a person may send on.
    pub fn sent(&self) -> Vec<String> {
        let mut channels: Vec<_> = self.peers.iter().map(|peer| between(&self.me, peer)).collect();
        channels.push(BROADCAST.to_owned());
        channels.extend(self.peers.iter().map(|peer| agent(peer)));
        channels
    }

    /// The peer that listens to a channel we send on; `None` where it is for everybody.
    pub fn receiver<'a>(&'a self, channel: &'a str) -> Option<&'a str> {
        let name = match channel.strip_prefix("agent.") {
            Some(name) => name,
            None => base(channel).split_once(ARROW)?.1,
        };
        (name != self.me).then_some(name)
    }

    /// What a channel is for, in words.
    pub fn purpose(&self, channel: &str) -> String {
        let kind = match priority(channel) {
            Priority::Urgent => "Urgent tasks",
            Priority::Low => "Tasks that can wait",
            Priority::Normal => "Commands and tasks",
        };
        if channel == BROADCAST {
            "Announcements to all".into()
        } else if channel == HEARTBEAT {
            "Health checks".into()
        } else if let Some(name) = channel.strip_prefix("agent.") {
            format!("For {name} alone")
        } else {
            match sender(channel) {
                Some(from) if from == self.me => "Answers and status".into(),
                Some(from) => format!("{kind} from {from}"),
                None => String::new(),
            }
        }
    }
}

/// The channel from one agent to another.
pub fn between(from: &str, to: &str) -> String {
    format!("{from}{ARROW}{to}")
}

/// The channel of one agent.
pub fn agent(name: &str) -> String {
    format!("agent.{name}")
}

/// The agent a channel belongs to, where its name says so.
pub fn sender(channel: &str) -> Option<&str> {
    channel.split_once(ARROW).map(|(from, _)| from)
}

/// The priority a channel's name gives to what comes on it.
pub fn priority(channel: &str) -> Priority {
    if !channel.contains(ARROW) {
        Priority::Normal
    } else if channel.ends_with("-urgent") {
        Priority::Urgent
    } else if channel.ends_with("-low") {
        Priority::Low
    } else {
        Priority::Normal
    }
}

fn base(channel: &str) -> &str {
    channel.strip_suffix("-urgent").or_else(|| channel.strip_suffix("-low")).unwrap_or(channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names { me: "chad".into(), peers: vec!["helios".into(), "sol".into()] }
    }

    #[test]
    fn we_listen_to_every_peer_in_every_priority() {
        assert_eq!(
            names().heard(),
            [
                "helios→chad",
                "helios→chad-urgent",
                "helios→chad-low",
                "sol→chad",
                "sol→chad-urgent",
                "sol→chad-low",
                "broadcast",
                "agent.chad",
                "heartbeat",
            ]
        );
    }

    #[test]
    fn every_channel_has_a_purpose_and_its_receiver() {
        let names = names();
        for channel in names.heard().iter().chain(&names.sent()) {
            assert!(!names.purpose(channel).is_empty(), "{channel}");
        }
        assert_eq!(names.receiver("chad→sol-urgent"), Some("sol"));
        assert_eq!(names.receiver("agent.helios"), Some("helios"));
        assert_eq!(names.receiver("broadcast"), None);
    }
}
