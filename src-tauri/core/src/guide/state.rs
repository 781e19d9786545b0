//! What the guide knows, and what of it is kept over a restart.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{AddressView, Adopted, Door, GuideView, Held, Keep, Ping, Step, Temporary};
use crate::{
    credentials::Login,
    diagnose::{Report, Verdict},
    link::Address,
    message::Millis,
};

/// Everything the guide knows.
pub(super) struct State {
    /// What may be shown.
    pub(super) view: GuideView,
    /// The address that is being tried.
    pub(super) candidate: Option<SecretString>,
    /// The address that is in use.
    pub(super) in_use: Adopted,
    /// The API key that is known.
    pub(super) account: Option<Login>,
    /// Where the lent database is made one's own.
    pub(super) claim: Option<SecretString>,
    /// The last test.
    pub(super) report: Option<Report>,
    /// Since when the address in use is kept.
    pub(super) kept_since: Option<Millis>,
    /// Where it stands, in words, where the API told it.
    pub(super) place: Option<String>,
    /// The database that the API named.
    pub(super) database: Option<String>,
}

/// What is kept over a restart. No secret is in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    pub(super) step: Step,
    pub(super) finished: bool,
    pub(super) done: Vec<Step>,
    pub(super) door: Option<Door>,
    pub(super) temporary: Option<Temporary>,
    /// The database's id and name, where the API named it.
    pub(super) database: Option<(String, String)>,
    /// Whose API key is in the keychain.
    pub(super) email: Option<String>,
    /// Since when the address in use is kept.
    pub(super) kept_since: Option<Millis>,
    /// Is the address being tried in the keychain, beside the one in use?
    pub(super) candidate: bool,
    /// Was the address in use for that session only, so that it is gone?
    pub(super) session: bool,
}

impl State {
    pub(super) fn new() -> Self {
        let view = GuideView {
            step: Step::Where,
            finished: false,
            unfinished: true,
            done: Vec::new(),
            door: None,
            found: Vec::new(),
            address: None,
            kept: None,
            temporary: None,
            keychain: None,
            account: None,
            database: None,
            making: None,
            checks: Vec::new(),
            testing: false,
            verdict: Verdict::None,
            cost: 0,
            ping: Ping::None,
        };
        Self {
            view,
            candidate: None,
            in_use: None,
            account: None,
            claim: None,
            report: None,
            kept_since: None,
            place: None,
            database: None,
        }
    }

    /// Brings what follows from the rest of the view up to date.
    pub(super) fn conclude(&mut self) {
        let view = &mut self.view;
        view.unfinished = !view.finished && (view.address.is_none() || !view.done.is_empty());
        view.verdict = Verdict::of(&view.checks, view.testing);
    }

    /// A step is done.
    pub(super) fn done(&mut self, step: Step) {
        if !self.view.done.contains(&step) {
            self.view.done.push(step);
            self.view.done.sort_unstable();
        }
    }

    /// It is no longer: what it rests on has changed.
    pub(super) fn undone(&mut self, step: Step) {
        self.view.done.retain(|done| *done != step);
    }

    /// Another address is being tried.
    pub(super) fn attempt(&mut self, url: SecretString) {
        self.view.address = Address::parse(&url).ok().as_ref().map(AddressView::from);
        self.view.kept = None;
        self.view.keychain = None;
        self.view.checks.clear();
        self.view.cost = 0;
        self.view.step = Step::Test;
        self.undone(Step::Test);
        self.done(Step::Where);
        self.done(Step::Address);
        self.candidate = Some(url);
    }

    /// Another address is in use.
    pub(super) fn use_now(&mut self, held: Adopted) {
        self.in_use = held;
        if self.candidate.is_none() {
            let address = self.in_use.as_ref().and_then(|held| Address::parse(&held.url).ok());
            self.view.address = address.as_ref().map(AddressView::from);
            self.view.kept = self.in_use.as_ref().and_then(|held| held.keep);
        }
    }

    /// The address is of no database that the API named, nor lent.
    pub(super) fn forget_database(&mut self) {
        self.database = None;
        self.place = None;
        self.view.database = None;
        self.view.temporary = None;
        self.claim = None;
    }

    /// The address to be tested: the one being tried, or else the one in use.
    pub(super) fn address(&self) -> Option<&SecretString> {
        self.candidate.as_ref().or(self.in_use.as_ref().map(|held| &held.url))
    }

    /// What is to be stored when the person says where: the address being tried, or one in use that is not there yet.
    pub(super) fn to_keep(&self, keep: Keep) -> Option<SecretString> {
        let elsewhere = |held: &&Held| keep == Keep::Keychain && held.keep != Some(Keep::Keychain);
        self.candidate.clone().or_else(|| self.in_use.as_ref().filter(elsewhere).map(|held| held.url.clone()))
    }

    /// What is kept over a restart.
    pub(super) fn progress(&self) -> Progress {
        let view = &self.view;
        let name = view.database.clone().unwrap_or_default();
        Progress {
            step: view.step,
            finished: view.finished,
            done: view.done.clone(),
            door: view.door,
            temporary: view.temporary.clone(),
            database: self.database.clone().map(|id| (id, name)),
            email: view.account.as_ref().filter(|known| known.kept == Keep::Keychain).map(|known| known.email.clone()),
            kept_since: self.kept_since,
            candidate: self.candidate.is_some(),
            session: self.in_use.as_ref().is_some_and(|held| held.keep == Some(Keep::Session)),
        }
    }

    /// Takes up what was kept. The address that was being tried follows by itself: it is the keychain's to give.
    pub(super) fn resume(&mut self, progress: Progress) {
        let view = &mut self.view;
        view.finished = progress.finished;
        view.done = progress.done;
        view.door = progress.door;
        view.temporary = progress.temporary;
        // What was gone through to its end is opened at its beginning.
        view.step = if progress.finished && !progress.candidate { Step::Where } else { progress.step };
        self.kept_since = progress.kept_since;
        if let Some((id, name)) = progress.database {
            self.database = Some(id);
            view.database = (!name.is_empty()).then_some(name);
        }
        if progress.session && !progress.candidate {
            self.ask_again();
        }
    }

    /// Takes up the address that was being tried, unless there is another meanwhile. Without it, it has to be given
    /// again.
    pub(super) fn take_up(&mut self, candidate: Option<SecretString>) {
        if self.candidate.is_some() {
            return;
        }
        match candidate {
            Some(url) => {
                self.view.address = Address::parse(&url).ok().as_ref().map(AddressView::from);
                self.view.kept = None;
                self.candidate = Some(url);
            }
            None if self.view.step == Step::Test => self.ask_again(),
            None => {}
        }
    }

    /// Goes back to where the address is given.
    fn ask_again(&mut self) {
        self.undone(Step::Address);
        self.undone(Step::Test);
        if self.view.door.is_some() {
            self.view.step = Step::Address;
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    const URL: &str = "rediss://default:SECRET@calm-owl-1.upstash.io:6379";

    fn url() -> SecretString {
        SecretString::from(URL)
    }

    /// The state of a later start, with what was kept.
    fn restarted(state: &State, candidate: Option<SecretString>) -> State {
        let json = serde_json::to_string(&state.progress()).unwrap();
        assert!(!json.contains("SECRET"), "{json}");
        let mut later = State::new();
        later.resume(serde_json::from_str(&json).unwrap());
        later.take_up(candidate);
        later
    }

    #[test]
    fn a_restart_goes_on_where_it_was_left() {
        let mut state = State::new();
        state.view.door = Some(Door::Paste);
        state.done(Step::Where);
        state.view.step = Step::Address;
        assert_eq!(restarted(&state, None).view.step, Step::Address);

        state.attempt(url());
        let later = restarted(&state, Some(url()));
        assert_eq!((later.view.step, later.view.done.as_slice()), (Step::Test, &[Step::Where, Step::Address][..]));
        assert_eq!(later.candidate.unwrap().expose_secret(), URL);
        assert_eq!(later.view.address.unwrap().host, "calm-owl-1.upstash.io");
        assert_eq!(later.view.door, Some(Door::Paste));
    }

    #[test]
    fn an_address_that_could_not_be_kept_is_asked_for_again() {
        let mut state = State::new();
        state.view.door = Some(Door::Paste);
        state.attempt(url());
        let later = restarted(&state, None);
        assert_eq!((later.view.step, later.view.done.as_slice()), (Step::Address, &[Step::Where][..]));
        assert!(later.candidate.is_none() && later.view.address.is_none());
    }

    #[test]
    fn an_address_for_one_session_is_asked_for_again_in_the_next() {
        let mut state = State::new();
        state.view.door = Some(Door::Paste);
        state.attempt(url());
        state.candidate = None;
        state.use_now(Some(Held { url: url(), keep: Some(Keep::Session) }));
        for finished in [false, true] {
            for step in [Step::Test, Step::Names, Step::Computer] {
                state.done(step);
                state.view.step = step;
                state.view.finished = finished;
                let later = restarted(&state, None);
                assert_eq!((later.view.step, later.view.finished), (Step::Address, finished));
                assert!(!later.view.done.contains(&Step::Address) && !later.view.done.contains(&Step::Test));
            }
        }
    }

    #[test]
    fn what_was_gone_through_is_opened_at_its_beginning() {
        let mut state = State::new();
        state.use_now(Some(Held { url: url(), keep: Some(Keep::Keychain) }));
        state.view.step = Step::Computer;
        state.view.finished = true;
        assert_eq!(restarted(&state, None).view.step, Step::Where);
        // Gone through once more, and left in the middle.
        state.attempt(url());
        assert_eq!(restarted(&state, Some(url())).view.step, Step::Test);
    }

    #[test]
    fn what_was_given_while_the_keychain_was_asked_counts() {
        let mut state = State::new();
        state.attempt(SecretString::from("rediss://default:SECRET@other.upstash.io"));
        state.take_up(Some(url()));
        assert_eq!(state.view.address.unwrap().host, "other.upstash.io");
    }

    #[test]
    fn another_address_has_to_be_tested_anew_and_shows_no_place_of_the_old() {
        let mut state = State::new();
        state.use_now(Some(Held { url: url(), keep: Some(Keep::Keychain) }));
        assert_eq!(state.view.kept, Some(Keep::Keychain));
        state.done(Step::Test);
        state.attempt(SecretString::from("rediss://default:SECRET@other.upstash.io"));
        assert_eq!((state.view.kept, state.view.done.contains(&Step::Test)), (None, false));
        assert_eq!(state.view.address.as_ref().unwrap().host, "other.upstash.io");
        // The one in use may change meanwhile; what is being tried stays on the screen.
        state.use_now(None);
        assert_eq!(state.view.address.as_ref().unwrap().host, "other.upstash.io");
    }

    #[test]
    fn what_is_in_the_keychain_is_not_put_there_again() {
        let mut state = State::new();
        assert!(state.to_keep(Keep::Keychain).is_none());
        state.use_now(Some(Held { url: url(), keep: Some(Keep::Keychain) }));
        assert!(state.to_keep(Keep::Keychain).is_none());
        state.use_now(Some(Held { url: url(), keep: Some(Keep::Session) }));
        assert!(state.to_keep(Keep::Keychain).is_some() && state.to_keep(Keep::Session).is_none());
        state.attempt(url());
        assert!(state.to_keep(Keep::Session).is_some());
    }
}
