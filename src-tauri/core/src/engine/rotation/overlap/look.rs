//! Looking whether the users can be changed, before they are. It changes nothing that lasts.

use secrecy::SecretString;

use super::Named;
use crate::{
    credentials::Item,
    engine::rotation::{
        Rotation,
        preflight::{Facts, bars, good},
    },
    guide::Held,
    link::Address,
    rotation::{
        PreflightFinding as Finding, PreflightKind as Kind, RotationPlan,
        users::{DEFAULT, UsersError},
    },
};

impl Rotation {
    /// Looks at the address in use, at that of `default`, and whether there is a list of users.
    pub(in crate::engine::rotation) async fn users_there(
        &self,
        held: &Held,
        findings: &mut Vec<Finding>,
        facts: &mut Facts,
    ) {
        let address = match Address::parse(&held.url) {
            Ok(address) => address,
            Err(trouble) => return findings.push(bars(Kind::Address, trouble.message, trouble.remedy)),
        };
        if self.shared.means.settings.borrow().agents.peers.is_empty() {
            let remedy = "Name the agent at the other end in the settings.";
            return findings.push(bars(Kind::Address, "There is nobody who could be given a key.", remedy));
        }
        let user = address.user.as_deref().unwrap_or(DEFAULT);
        findings.push(good(Kind::Address, format!("This computer is the user {user} at {}.", address.shown())));
        let (url, whence) = match self.default_known(held, &address).await {
            Ok(found) => found,
            Err(finding) => return findings.push(finding),
        };
        findings.push(good(Kind::Credentials, format!("The address of default {whence} works.")));
        match self.list_there(&url).await {
            Ok(()) => findings.push(good(Kind::Database, "The database can have a user for each agent.")),
            Err(error) => {
                let trouble = error.trouble();
                findings.push(bars(Kind::Database, trouble.message, trouble.remedy));
            }
        }
        facts.default = Some(url);
    }

    /// The address of `default`, tried, and where it is from.
    async fn default_known(&self, held: &Held, address: &Address) -> Result<(SecretString, &'static str), Finding> {
        let mut tried = Vec::new();
        if address.user.as_deref().is_none_or(|user| user == DEFAULT) {
            tried.push((held.url.clone(), "in use"));
        } else {
            let kept = self.shared.means.keychain.read(Item::Emergency).await;
            let kept = kept.map_err(|error| {
                let trouble = error.trouble();
                bars(Kind::Keychain, trouble.message, trouble.remedy)
            })?;
            tried.extend(kept.filter(|url| is_at(url, address)).map(|url| (url, "in the keychain")));
        }
        let mut why = None;
        for (url, whence) in tried {
            match self.open(&url).await {
                Ok(_) => return Ok((url, whence)),
                Err(error) => why = Some(error),
            }
        }
        if let Some(told) = self.default_by_api(&held.url).await
            && self.open(&told).await.is_ok()
        {
            return Ok((told, "that Upstash tells"));
        }
        let remedy = "Without it no key can be made. Enter the API key, or set up the address of default that the \
                      console shows and make the agents users once more.";
        Err(match why {
            None => bars(Kind::Credentials, "The address of the user default is not known.", remedy),
            Some(UsersError::Password) => {
                bars(Kind::Credentials, "The address of the user default is refused: its password was changed.", remedy)
            }
            Some(error) => {
                let trouble = error.trouble();
                bars(Kind::Credentials, trouble.message, trouble.remedy)
            }
        })
    }

    async fn list_there(&self, url: &SecretString) -> Result<(), UsersError> {
        self.open(url).await?.are_there().await
    }

    /// Who is to have new tokens.
    pub(in crate::engine::rotation) fn note_users(&self, facts: &Facts) {
        let (me, peer) = {
            let agents = &self.shared.means.settings.borrow().agents;
            (agents.me.clone(), agents.peers.first().cloned().unwrap_or_default())
        };
        let user = facts.old.as_ref().and_then(|held| Address::parse(&held.url).ok()).and_then(|address| address.user);
        let moved = user.is_none_or(|user| user == DEFAULT);
        let named = Named { me, peer, moved, before: None, tried: false, given: None };
        self.shared.note(|journal| journal.users = Some(named));
    }

    /// Can each agent become a user of its own, and why or why not?
    pub(in crate::engine::rotation) async fn offer(&self, plan: RotationPlan, facts: &Facts) -> (bool, String) {
        if plan == RotationPlan::Overlap {
            return (false, "Each agent is a user of its own: nobody is cut off when the keys are changed.".into());
        }
        let Some(held) = &facts.old else { return (false, String::new()) };
        let there = match facts.acl {
            Some(true) => Ok(()),
            Some(false) => Err(UsersError::NoList),
            // Without the API, the database itself is asked.
            None => self.list_there(&held.url).await,
        };
        match there {
            Ok(()) => (
                true,
                "This database can have a user for each agent, with no more rights than it needs. The old key and the \
                 new one are then valid side by side, and nobody is cut off when the keys are changed."
                    .into(),
            ),
            Err(UsersError::NoList) => {
                (false, "This database has no users beside default; they come with a paid plan.".into())
            }
            Err(error) => (false, error.trouble().message),
        }
    }
}

fn is_at(url: &SecretString, address: &Address) -> bool {
    Address::parse(url).is_ok_and(|other| (other.host, other.port) == (address.host.clone(), address.port))
}
