//! Which settings make sense. Each refusal names the setting and says what would do.

use std::collections::HashSet;

use super::{Agents, Inbox, Quiet, Reminders, Rotation, Settings, Usage, quiet};
use crate::{
    rotation,
    trouble::{Trouble, TroubleCode},
    usage::PlanKind,
};

/// The most agents: each costs three channels of one subscription.
const PEERS: usize = 100;

/// The longest name, in bytes.
const NAME: usize = 64;

/// The least and the most seconds between heartbeats.
const HEARTBEAT: std::ops::RangeInclusive<u32> = 1..=86_400;

/// The least and the most messages that a record keeps.
const KEPT: std::ops::RangeInclusive<u32> = 10..=1_000_000;
/// The most days that messages are kept; beyond them is for ever.
const KEEP_DAYS: u32 = 36_500;
/// The least and the most days after which the key is to be rotated.
const ROTATE_DAYS: std::ops::RangeInclusive<u32> = 1..=3_650;
/// The least and the most dollars that something costs.
const PRICE: std::ops::RangeInclusive<f64> = 0.0..=1_000_000.0;

impl Settings {
    /// Says what of these cannot be used.
    pub fn check(&self) -> Result<(), Trouble> {
        self.agents.check()?;
        if !HEARTBEAT.contains(&self.heartbeat.every) {
            return Err(refused(
                "The setting heartbeat.every must be between 1 and 86,400 seconds",
                "Two minutes is the default.",
            ));
        }
        if !KEPT.contains(&self.record.keep) {
            return Err(refused(
                "The setting record.keep must be between 10 and 1,000,000 messages",
                "A thousand is the default.",
            ));
        }
        self.inbox.check()?;
        self.reminders.check()?;
        self.rotation.check()?;
        self.usage.check()?;
        self.notifications.quiet.check()
    }
}

impl Agents {
    /// Says which name cannot be one.
    pub fn check(&self) -> Result<(), Trouble> {
        for name in self.peers.iter().chain([&self.me]) {
            check_name(name)?;
        }
        if self.peers.is_empty() {
            return Err(refused("The setting agents.peers names nobody to talk with", "Name at least one agent."));
        }
        if self.peers.len() > PEERS {
            return Err(refused(format!("There are more than {PEERS} agents"), "Leave some out."));
        }
        let mut seen = HashSet::from([&self.me]);
        match self.peers.iter().find(|peer| !seen.insert(*peer)) {
            Some(twice) => Err(refused(format!("Two agents are called {twice:?}"), "Each needs a name of its own.")),
            None => Ok(()),
        }
    }
}

fn check_name(name: &str) -> Result<(), Trouble> {
    if name.is_empty() {
        return Err(refused("An agent has no name", "Type one, such as helios."));
    }
    if name.len() > NAME {
        return Err(refused("An agent’s name is too long", "Use one of 64 letters at most."));
    }
    let strange = |c: char| c.is_whitespace() || c.is_control() || c == '→' || c == '*';
    if name.chars().any(strange) || crate::text::line(name, NAME) != name {
        let message = format!("{:?} cannot be the name of an agent", crate::text::line(name, NAME));
        return Err(refused(message, "Use letters, digits, dots, hyphens and underscores."));
    }
    Ok(())
}

impl Inbox {
    fn check(&self) -> Result<(), Trouble> {
        if self.keep_days > KEEP_DAYS {
            return Err(refused("The setting inbox.keep_days must be 36,500 or less", "0 keeps messages for ever."));
        }
        Ok(())
    }
}

impl Reminders {
    fn check(&self) -> Result<(), Trouble> {
        if !ROTATE_DAYS.contains(&self.rotate_days) {
            return Err(refused("The setting reminders.rotate_days must be between 1 and 3,650", "30 is the default."));
        }
        if self.renew_days > *ROTATE_DAYS.end() {
            return Err(refused("The setting reminders.renew_days must be 3,650 or less", "0 reminds of nothing."));
        }
        Ok(())
    }
}

impl Rotation {
    fn check(&self) -> Result<(), Trouble> {
        if !self.helios_key.trim().is_empty() && rotation::recipient(&self.helios_key).is_none() {
            return Err(refused(
                "The setting rotation.helios_key is no public key of age",
                "It begins with age1 and is shown by heliograph.py on Helios’s side.",
            ));
        }
        if !self.command.trim().is_empty() && shlex::split(&self.command).is_none_or(|words| words.is_empty()) {
            return Err(refused("The setting rotation.command cannot be split into words", "Look at its quotes."));
        }
        Ok(())
    }
}

impl Usage {
    fn check(&self) -> Result<(), Trouble> {
        for plan in PlanKind::ALL {
            let terms = self.prices.of(plan);
            let prices = [terms.base, terms.per_100k_commands, terms.per_gb_bandwidth, terms.per_gb_storage];
            if prices.iter().any(|price| !PRICE.contains(price)) {
                let message = format!("A price of the plan {:?} is not between 0 and 1,000,000", plan.in_words());
                return Err(refused(message, "Write dollars, such as 0.20."));
            }
        }
        Ok(())
    }
}

impl Quiet {
    fn check(&self) -> Result<(), Trouble> {
        for (what, time) in [("from", &self.from), ("until", &self.until)] {
            if quiet::minutes(time).is_none() {
                let message = format!("The setting notifications.quiet.{what} is {time:?}, which is no time of day");
                return Err(refused(message, "Write hours and minutes, such as 22:00."));
            }
        }
        Ok(())
    }
}

fn refused(message: impl Into<String>, remedy: &str) -> Trouble {
    Trouble::new(TroubleCode::SettingsUnreadable, format!("{}.", message.into()), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agents(me: &str, peers: &[&str]) -> Agents {
        Agents { me: me.into(), peers: peers.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn names_that_would_confuse_the_channels_are_refused() {
        assert_eq!(agents("chad", &["helios", "日本", "a-1.b_c"]).check(), Ok(()));
        for (me, peers) in [
            ("", vec!["helios"]),
            ("chad", vec![]),
            ("chad", vec![""]),
            ("a→b", vec!["helios"]),
            ("chad", vec!["he lios"]),
            ("chad", vec!["helios", "helios"]),
            ("chad", vec!["chad"]),
            ("chad\n", vec!["helios"]),
            ("chad", vec!["\u{202e}evil"]),
            ("chad", vec!["*"]),
        ] {
            let refused = agents(me, &peers).check().unwrap_err();
            assert_eq!(refused.code, TroubleCode::SettingsUnreadable, "{me} {peers:?}");
        }
        let many: Vec<_> = (0..101).map(|number| number.to_string()).collect();
        assert!(Agents { me: "chad".into(), peers: many }.check().is_err());
    }

    #[test]
    fn messages_are_kept_for_a_hundred_years_or_for_ever() {
        let mut settings = Settings::default();
        assert!(settings.inbox.retention().is_for_ever());
        settings.inbox.keep_days = 36_500;
        assert_eq!(settings.check(), Ok(()));
        settings.inbox.keep_days = 36_501;
        assert!(settings.check().unwrap_err().message.contains("inbox.keep_days"));
    }

    #[test]
    fn a_price_is_a_number_of_dollars() {
        let mut settings = Settings::default();
        assert_eq!(settings.check(), Ok(()));
        for price in [-0.1, f64::NAN, f64::INFINITY] {
            settings.usage.prices.fixed.base = price;
            assert!(settings.check().unwrap_err().message.contains("\"Fixed\""), "{price}");
        }
    }

    #[test]
    fn a_time_of_day_is_one() {
        let mut settings = Settings::default();
        assert_eq!(settings.check(), Ok(()));
        settings.notifications.quiet.until = "25:00".into();
        assert!(settings.check().unwrap_err().message.contains("notifications.quiet.until"));
    }
}
