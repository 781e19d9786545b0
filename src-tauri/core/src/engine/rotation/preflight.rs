//! Looking whether everything needed for a rotation is there, and what follows where it is not. It changes nothing
//! that lasts.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Rotation,
    api::{password, told},
    run::{Done, Work},
};
use crate::{
    credentials::{Item, KeychainError},
    engine::Source,
    guide::Held,
    link::{Address, LinkState},
    message::{new_id, now},
    presence::Presence,
    rotation::{
        Happening, PreflightFinding as Finding, PreflightKind as Kind, PreflightWeight as Weight, RotationPlan,
        RotationReason, leak, prove::Proof,
    },
    trouble::Trouble,
    upstash::{Account, Database, State},
};

/// The name under which it is tried whether the disk takes something.
const PROBE: &str = "rotation_probe";

/// What was found and is needed further on.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) old: Option<Held>,
    pub(super) new: Option<SecretString>,
    pub(super) account: Option<Account>,
    pub(super) database: Option<String>,
    /// Can the database have users beside `default`, as the API says?
    pub(super) acl: Option<bool>,
    /// The address of `default`, where each agent is a user.
    pub(super) default: Option<SecretString>,
}

impl Rotation {
    pub(super) async fn preflight(&self, work: &mut Work) -> Done {
        let leaked = self.shared.look().journal.as_ref().is_some_and(|one| one.reason == RotationReason::MayHaveLeaked);
        let plan = self.plan();
        let (findings, facts) = self.look(plan, leaked).await;
        let bars: Vec<_> = findings.iter().filter(|finding| finding.weight == Weight::Bars).cloned().collect();
        let warned: Vec<_> = findings.iter().filter(|finding| finding.weight == Weight::Warning).cloned().collect();
        for finding in warned.iter().filter(|finding| finding.kind == Kind::Leak) {
            self.remark(finding.words.clone());
        }
        let followed = facts.new.clone();
        self.shared.change(|state| {
            state.findings = findings;
            let old = facts.old.as_ref().and_then(|held| state.fingerprint(&password(&held.url)));
            if let Some(journal) = &mut state.journal {
                journal.old = old;
                journal.database.clone_from(&facts.database);
            }
        });
        if plan == RotationPlan::Overlap {
            self.note_users(&facts);
        }
        (work.old, work.account, work.default) = (facts.old, facts.account, facts.default);
        if let Some(new) = followed {
            self.got(work, new);
            return Done::warned(Happening::ChangedAlready, "Another computer has changed the key already.");
        }
        if let Some(first) = bars.first() {
            self.because(first.words.clone());
            return Done::failed(Happening::Barred, format!("{} {}", first.words, first.consequence).trim());
        }
        match warned.len() {
            0 => Done::well(Happening::Ready, "Everything needed is there."),
            1 => Done::warned(Happening::Ready, format!("{} {}", warned[0].words, warned[0].consequence).trim()),
            more => Done::warned(Happening::Ready, format!("{more} things are not as they should be; it goes on.")),
        }
    }

    /// Looks at everything. `leaked`: also whether the secret stands where it must not.
    pub(super) async fn look(&self, plan: RotationPlan, leaked: bool) -> (Vec<Finding>, Facts) {
        let mut facts = Facts { old: self.shared.means.in_use.borrow().clone(), ..Facts::default() };
        let mut findings = Vec::new();
        let Some(held) = facts.old.clone() else {
            findings.push(bars(Kind::Address, "There is no address whose key could be changed.", "Set one up first."));
            return (findings, facts);
        };
        match plan {
            RotationPlan::OnePassword => {
                findings.push(address(&held));
                self.service(&held, &mut findings, &mut facts).await;
            }
            RotationPlan::Overlap => self.users_there(&held, &mut findings, &mut facts).await,
        }
        findings.push(self.keychain().await);
        findings.push(self.disk().await);
        findings.push(self.alone());
        findings.push(self.link());
        findings.push(self.helios(plan));
        findings.push(self.handover(plan));
        findings.push(self.elsewhere());
        if leaked {
            findings.push(self.leak(&held).await);
        }
        (findings, facts)
    }

    async fn service(&self, held: &Held, findings: &mut Vec<Finding>, facts: &mut Facts) {
        let account = match self.account().await {
            Ok(account) => account,
            Err(trouble) => {
                findings.push(of(Kind::ApiKey, Weight::Bars, trouble));
                return;
            }
        };
        let found = match self.find(&account, held).await {
            Ok(found) => found,
            Err(error) => {
                findings.push(of(Kind::ApiKey, Weight::Bars, error.trouble()));
                return;
            }
        };
        findings.push(good(Kind::ApiKey, "The API key works."));
        facts.account = Some(account.clone());
        let Some(listed) = found else {
            let remedy = "Enter the API key of the account that owns it, or change the key in the console.";
            findings.push(bars(
                Kind::Database,
                "The account of this API key does not have the database in use.",
                remedy,
            ));
            return;
        };
        findings.push(good(Kind::Database, format!("The database is {}.", listed.shown_name())));
        findings.push(active(&listed));
        facts.database = Some(listed.id.clone());
        facts.acl = listed.acl;
        match account.database(&listed.id).await {
            Ok(database) => self.credentials(&database, held, findings, facts).await,
            Err(error) => findings.push(of(Kind::Credentials, Weight::Bars, error.trouble())),
        }
    }

    async fn credentials(&self, database: &Database, held: &Held, findings: &mut Vec<Finding>, facts: &mut Facts) {
        let Some(shown) = database.password() else {
            findings.push(warning(
                Kind::Credentials,
                "The account protects its passwords: Upstash tells a new one only once.",
                "Should that answer be lost, you will have to copy the new address from the console.",
            ));
            return;
        };
        if shown.expose_secret().trim() == password(&held.url).expose_secret() {
            findings.push(good(Kind::Credentials, "Upstash and this computer have the same key."));
            return;
        }
        // Either somebody has changed it, or this is another user's.
        if self.old_works(held).await == Proof::Refused {
            findings.push(good(Kind::Credentials, "The key was changed elsewhere. The new one is used from now on."));
            facts.new = told(database, held);
        } else {
            findings.push(bars(
                Kind::Credentials,
                "The key in use is not the password of the database’s user default.",
                "Only that one can be changed here. Set up the address that the console shows.",
            ));
        }
    }

    async fn keychain(&self) -> Finding {
        let keychain = &self.shared.means.keychain;
        let written = new_id();
        let tried = async {
            keychain.write(Item::Probe, &SecretString::from(written.as_str())).await?;
            let read = keychain.read(Item::Probe).await?;
            keychain.delete(Item::Probe).await?;
            let gone = keychain.read(Item::Probe).await?.is_none();
            Ok(gone && read.is_some_and(|read| read.expose_secret() == written))
        };
        match tried.await {
            Ok(true) => good(Kind::Keychain, "The keychain can be written, read and emptied."),
            Ok(false) => bars(
                Kind::Keychain,
                "The keychain does not give back what is put into it.",
                "A new key could be lost. Look for a second keychain program on this desktop.",
            ),
            Err(error) => of(Kind::Keychain, Weight::Bars, KeychainError::trouble(error)),
        }
    }

    async fn disk(&self) -> Finding {
        match self.shared.means.store.keep(PROBE, &now()).await {
            Ok(()) => good(Kind::Disk, "The disk can be written."),
            Err(trouble) => of(Kind::Disk, Weight::Bars, trouble),
        }
    }

    fn alone(&self) -> Finding {
        let ours = self.own_ids();
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        // Our own comes first in the list; the one that is looked for here is not announced yet.
        let inner = self.shared.means.board.look();
        match inner.rotation.before_us(&[&[""], ours.as_slice()].concat(), now()) {
            None => good(Kind::Alone, "Nobody else is changing the key."),
            Some(notice) => bars(
                Kind::Alone,
                format!("{} is changing the key at this moment.", crate::text::capital(&notice.from)),
                "Wait until that has ended: this computer then takes over the new key by itself.",
            ),
        }
    }

    fn link(&self) -> Finding {
        if self.shared.means.link.status().borrow().state == LinkState::Connected {
            return good(Kind::Link, "The other agents can be told.");
        }
        warning(
            Kind::Link,
            "There is no connection to the database.",
            "The other agents cannot be told beforehand, and two computers could change the key at once.",
        )
    }

    fn helios(&self, plan: RotationPlan) -> Finding {
        let peers = self.shared.means.settings.borrow().agents.peers.clone();
        let agents = self.shared.means.board.look().roster.view(&peers, now());
        let silent: Vec<_> = agents
            .iter()
            .filter(|agent| agent.peer && agent.presence != Presence::Alive)
            .map(|agent| agent.name.clone())
            .collect();
        if silent.is_empty() {
            return good(Kind::Helios, "Helios was heard lately.");
        }
        warning(
            Kind::Helios,
            format!("{} was not heard lately.", crate::text::capital(&silent.join(", "))),
            match plan {
                RotationPlan::OnePassword => "It will be cut off until it has the new address.",
                RotationPlan::Overlap => "Its old key works until it has the new one; the change waits for that.",
            },
        )
    }

    fn handover(&self, plan: RotationPlan) -> Finding {
        let settings = self.shared.means.settings.borrow().clone();
        let (ready, mut words) = self.way(&settings, plan);
        let mut consequences = Vec::new();
        if !ready {
            consequences.push(match plan {
                RotationPlan::OnePassword => "Helios will be cut off until you paste the new address there.".into(),
                RotationPlan::Overlap => "The old keys stay valid until you have pasted the new address there.".into(),
            });
        }
        if let [_, others @ ..] = settings.agents.peers.as_slice()
            && !others.is_empty()
        {
            let others = crate::text::line(&others.join(", "), 80);
            match plan {
                RotationPlan::OnePassword => consequences.push(format!(
                    "It is given to Helios alone. These will be cut off until you set the new address there: {others}."
                )),
                RotationPlan::Overlap => words = format!("{words} These keep the key that they have: {others}."),
            }
        }
        match consequences.as_slice() {
            [] => good(Kind::Handover, words),
            all => warning(Kind::Handover, words, all.join(" ")),
        }
    }

    fn elsewhere(&self) -> Finding {
        match self.shared.means.board.look().address.as_ref().map(|known| known.source) {
            Some(Source::Environment) => warning(
                Kind::Elsewhere,
                "The address comes from UPSTASH_REDIS_URL in the environment.",
                "The new one goes into the keychain. At the next start the variable counts again: remove it, or change \
                 it.",
            ),
            Some(Source::Session) => {
                warning(Kind::Elsewhere, "The address is kept in memory only.", "The new one goes into the keychain.")
            }
            _ => good(Kind::Elsewhere, "The address stands in the keychain alone."),
        }
    }

    async fn leak(&self, held: &Held) -> Finding {
        let home = self.shared.means.home.clone();
        let (folders, url): (Vec<PathBuf>, _) = (vec![home.data, home.config, home.logs], held.url.clone());
        let found = tokio::task::spawn_blocking(move || leak::search(&folders, &url)).await.unwrap_or_default();
        if found.is_empty() {
            return good(Kind::Leak, "The key stands in no file of Heliograph’s.");
        }
        let places: Vec<_> = found.iter().map(|path| path.display().to_string()).collect();
        warning(
            Kind::Leak,
            format!("The key stands in {}.", places.join(", ")),
            "It is worthless once it is changed. Look how it got there before the new one does.",
        )
    }

    /// The ids of rotations of this computer.
    pub(super) fn own_ids(&self) -> Vec<String> {
        let state = self.shared.look();
        state.journal.iter().map(|journal| journal.id.clone()).chain(state.earlier_ids.clone()).collect()
    }
}

fn address(held: &Held) -> Finding {
    match Address::parse(&held.url) {
        Ok(address) if address.user.as_ref().is_some_and(|user| user != "default") => bars(
            Kind::Address,
            "The address is of a user of its own, and not of the database’s user default.",
            "Only the key of default can be changed here. Change this user’s token in the Upstash console.",
        ),
        Ok(address) if address.password().is_none() => {
            bars(Kind::Address, "The address has no key.", "Set up the address that the console shows.")
        }
        Ok(address) => good(Kind::Address, format!("It is the key of {}.", address.shown())),
        Err(trouble) => of(Kind::Address, Weight::Bars, trouble),
    }
}

fn active(database: &Database) -> Finding {
    match &database.state {
        State::Active | State::Unknown => good(Kind::Active, "The database is active."),
        other => bars(
            Kind::Active,
            format!("The database is {}.", other.in_words()),
            "Its key can be changed once it is active. Look at it in the Upstash console.",
        ),
    }
}

pub(super) fn good(kind: Kind, words: impl Into<String>) -> Finding {
    Finding { kind, weight: Weight::Good, words: words.into(), consequence: String::new() }
}

pub(super) fn warning(kind: Kind, words: impl Into<String>, consequence: impl Into<String>) -> Finding {
    Finding { kind, weight: Weight::Warning, words: words.into(), consequence: consequence.into() }
}

pub(super) fn bars(kind: Kind, words: impl Into<String>, consequence: impl Into<String>) -> Finding {
    Finding { kind, weight: Weight::Bars, words: words.into(), consequence: consequence.into() }
}

fn of(kind: Kind, weight: Weight, trouble: Trouble) -> Finding {
    Finding { kind, weight, words: trouble.message, consequence: trouble.remedy }
}
