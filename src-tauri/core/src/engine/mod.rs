//! The engine owns every background task; commands go in, one state snapshot and one event stream come out.
//!
//! It must not know a screen.

mod attention;
mod board;
mod event;
mod events;
mod intake;
mod keeping;
mod mailbox;
mod outgoing;
mod reminder;
mod rotation;
mod seek;
mod snapshot;
mod status;
mod tasks;
mod usage;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::SecretString;
use tokio::sync::{Notify, mpsc, watch};
use url::Url;

pub use event::{Direction, Event, FeedItem, Page, Place};
pub use events::Events;
pub use mailbox::{MailboxView, Offer};
pub use rotation::Rotation;
pub use snapshot::{Brief, ChannelView, Condition, LinkView, Snapshot, Source};

use self::{attention::Said, board::Board, intake::Wish, mailbox::Mailroom, tasks::Tasks, usage::Desk};
use crate::{
    discover::Surroundings,
    guide::Guide,
    home::Home,
    mailbox::Inspection,
    message::{Names, Priority, ReplyStatus, free_data, now},
    notification::{Action, Notifier, Pause, Subject},
    settings::{self, Agents, Handover, InForce, Settings},
    store::{Detail, Imported, InboxState, Letter, ListPage, ListRequest, Store},
    trouble::{Trouble, TroubleCode},
    usage::{Example, Fleet, FleetPlan, UsageView, WhatIf, WhatIfView, example, plan},
};

/// What the engine is given of the world around it.
pub struct Setup {
    /// Where its files stand; the folders exist.
    pub home: Home,
    /// What the person set.
    pub settings: Settings,
    /// The database's address where it is known already; otherwise the keychain is asked.
    pub address: Option<(SecretString, Source)>,
    /// A file of certificate authorities to trust beside the usual ones; none for the one `SSL_CERT_FILE` names.
    pub authorities: Option<PathBuf>,
    /// What was found around the program that may help to set it up.
    pub surroundings: Surroundings,
    /// Where the Developer API is; `None` for Upstash's own.
    pub api: Option<Url>,
    /// Where GitHub's API is; `None` for GitHub's own.
    pub github: Option<Url>,
    /// A mailbox that was found around the program.
    pub mailbox: Option<Offer>,
    /// The limits of a rotation.
    pub rotation: crate::rotation::Tuning,
    /// The desktop's notifications.
    pub notifier: Arc<dyn Notifier>,
    /// The program's version.
    pub version: String,
    /// Is the outside world the one on this computer?
    pub sandbox: bool,
}

/// A handle on the running engine; clones are handles on the same one.
#[derive(Clone)]
pub struct Engine {
    settings: Arc<InForce>,
    store: Store,
    board: Arc<Board>,
    said: mpsc::Sender<Said>,
    wishes: mpsc::Sender<Wish>,
    seek: Arc<Notify>,
    guide: Guide,
    usage: Arc<Desk>,
    mailroom: Arc<Mailroom>,
    rotation: Rotation,
    snapshot: watch::Receiver<Snapshot>,
    tasks: Arc<Tasks>,
}

/// For so many days a reminder is put off.
const LATER: u32 = 3;

/// A message a person writes.
#[derive(Clone, Debug)]
pub struct Draft {
    /// On which channel.
    pub channel: String,
    /// Its type.
    pub kind: String,
    /// Its content: JSON, or text that is sent as `{"text": …}`.
    pub text: String,
    /// How soon it wants attention.
    pub priority: Priority,
}

impl Engine {
    /// Starts every background task. Must be called inside a tokio runtime.
    pub fn start(setup: Setup) -> Self {
        tasks::start(setup)
    }

    /// The state as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }

    /// What happens from now on, beginning with the state. Each call gives a stream of its own.
    pub fn events(&self) -> Events {
        Events::new(
            &self.board,
            self.snapshot.clone(),
            self.store.inbox(),
            self.guide.changes(),
            self.rotation.changes(),
        )
    }

    /// The inbox in numbers, at once with every commit; the events say the same at their own pace.
    pub fn inbox(&self) -> watch::Receiver<InboxState> {
        self.store.inbox()
    }

    /// The last lines of the feed, newest last.
    pub fn feed(&self) -> Vec<FeedItem> {
        self.board.fed()
    }

    /// A page of the inbox. Looking at it ends the count of what arrived unseen.
    pub async fn list(&self, request: ListRequest) -> Result<ListPage, Trouble> {
        // Looked at again in a moment, if this one finds no room.
        let _ = self.said.try_send(Said::Seen);
        self.store.list(request).await
    }

    /// One message with everything known of it.
    pub async fn detail(&self, seq: i64) -> Result<Detail, Trouble> {
        self.store.detail(seq).await
    }

    /// Writes every message into a file, a line of JSON each, and returns how many.
    pub async fn export(&self, path: &Path) -> Result<u64, Trouble> {
        self.store.export(path).await
    }

    /// Takes in the messages of such a file; those that are there already stay as they are.
    pub async fn import(&self, path: &Path) -> Result<Imported, Trouble> {
        self.store.import(path).await
    }

    /// Somebody has looked at a task.
    pub async fn mark_read(&self, seq: i64) -> Result<(), Trouble> {
        let _ = self.said.try_send(Said::DealtWith(seq));
        self.store.mark_read(seq).await
    }

    /// Somebody has looked at all of them.
    pub async fn mark_all_read(&self) -> Result<(), Trouble> {
        self.store.mark_all_read().await
    }

    /// Answers a task. `text` is free text or JSON. The answer is in the outbox when this returns, and goes out as
    /// soon as the link is up.
    pub async fn reply(&self, seq: i64, status: ReplyStatus, text: &str) -> Result<Detail, Trouble> {
        self.store.reply(self.names(), seq, status, text.to_owned(), now()).await?;
        let _ = self.said.try_send(Said::DealtWith(seq));
        self.store.detail(seq).await
    }

    /// Puts a message of the person's own into the outbox.
    pub async fn send(&self, draft: Draft) -> Result<(), Trouble> {
        let Draft { channel, kind, text, priority } = draft;
        let kind = kind.trim().to_owned();
        if kind.is_empty() || !self.names().sent().contains(&channel) {
            return Err(Trouble::new(
                TroubleCode::NotPossible,
                "A message needs a type and one of the channels we send on.",
                "Choose both and send it again.",
            ));
        }
        let letter = Letter { channel, kind, data: free_data(&text), reply_to: None, priority };
        self.store.post(self.names(), letter, now()).await
    }

    /// Tries the connection now, whatever it is waiting for; where no address was found, looks for one again.
    pub fn reconnect(&self) {
        self.seek.notify_one();
        self.mailroom.look();
    }

    /// Holds notifications back, or no longer.
    pub fn pause(&self, pause: Pause) {
        if self.said.try_send(Said::Pause(pause)).is_err() {
            tracing::warn!("notifications are neither paused nor resumed: too much is going on");
        }
    }

    /// A person pressed something on a notification. Where something is to be shown, an [`Event::Open`] follows.
    pub async fn acted(&self, subject: Subject, action: Action) -> Result<(), Trouble> {
        match (subject, action) {
            (Subject::Task(seq), Action::Accept) => {
                self.reply(seq, ReplyStatus::Accepted, "").await?;
            }
            (Subject::Task(seq), Action::Open) => self.open(Place { page: Page::Inbox, task: Some(seq) }),
            (Subject::Key, Action::Rotate) => {
                self.open(Place { page: Page::Keys, task: None });
                self.rotation.begin_if_clear().await?;
            }
            (Subject::Key, Action::Later) => self.rotation.put_off(LATER).await,
            (Subject::Key, _) => self.open(Place { page: Page::Keys, task: None }),
            (Subject::Usage, _) => self.open(Place { page: Page::Usage, task: None }),
            (Subject::Summary | Subject::Notice | Subject::Task(_), _) => self.open(Place::default()),
        }
        Ok(())
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.settings.look()
    }

    /// Changes what differs between the settings that a person saw and those that they want: written to their file, and
    /// in force from now on.
    pub async fn change_settings(&self, before: Settings, after: Settings) -> Result<Settings, Trouble> {
        self.settings.take_over(before, after).await
    }

    /// Names the agents, as a step of the set-up.
    pub async fn name(&self, agents: Agents) -> Result<Settings, Trouble> {
        let settings = self.settings.change(move |settings| settings.agents = agents).await?;
        self.guide.named().await;
        Ok(settings)
    }

    /// The channels as they follow from names; fails with the reason one cannot be used.
    pub fn preview_names(&self, agents: &Agents) -> Result<Vec<ChannelView>, Trouble> {
        agents.check()?;
        Ok(status::channels(&agents.names()))
    }

    fn names(&self) -> Names {
        self.settings.look().names()
    }

    /// Looks at a repository for the mailbox, with this token or the one that is known. Leaves nothing behind there.
    pub async fn check_mailbox(&self, repository: &str, token: Option<SecretString>) -> Result<Inspection, Trouble> {
        self.mailroom.check(repository, token).await
    }

    /// Uses a repository as the mailbox from now on: its label and issues are made, the token is kept in the keychain
    /// (or in memory where that takes none), and comments by these accounts may be messages; by the token's own where
    /// none is named.
    pub async fn use_mailbox(
        &self,
        repository: &str,
        token: Option<SecretString>,
        allowed: Vec<String>,
    ) -> Result<Settings, Trouble> {
        let (repository, found) = self.mailroom.prepare(repository, token, &self.names()).await?;
        let allowed = if allowed.is_empty() { vec![found.login] } else { allowed };
        self.settings.change(move |settings| settings.mailbox = settings::Mailbox { repository, allowed }).await
    }

    /// Does without a mailbox from now on, and forgets its token.
    pub async fn leave_mailbox(&self) -> Result<Settings, Trouble> {
        self.mailroom.forget().await?;
        self.settings.change(|settings| settings.mailbox = settings::Mailbox::default()).await
    }

    /// Changing the database's key.
    pub fn rotation(&self) -> &Rotation {
        &self.rotation
    }

    /// Uses the public key that was offered for sealing, its fingerprint having been compared; or puts it away.
    pub async fn confirm_key(&self, take: bool) -> Result<Settings, Trouble> {
        let Some(key) = self.rotation.decide_on_key(take).await? else { return Ok(self.settings()) };
        let sealed = |settings: &mut Settings| {
            settings.rotation.helios_key = key;
            settings.rotation.handover = Handover::Sealed;
        };
        self.settings.change(sealed).await
    }

    /// What the database costs this month. While somebody looks, it is to be asked again and again: the service's own
    /// counters are then read every ten minutes, and otherwise once an hour.
    pub fn usage(&self) -> UsageView {
        self.usage.view()
    }

    /// What a month would cost with other settings; quick enough for a slider.
    pub fn usage_what_if(&self, settings: WhatIf) -> WhatIfView {
        self.usage.what_if(settings)
    }

    /// What a fleet of agents would cost, by the prices in the settings.
    pub fn plan(&self, fleet: Fleet) -> FleetPlan {
        plan(fleet, &self.settings.look().usage.prices)
    }

    /// The fleet that is often reckoned wrongly.
    pub fn plan_example(&self) -> Example {
        example(&self.settings.look().usage.prices)
    }

    /// The days that are kept, as a table for spreadsheets.
    pub fn export_usage(&self) -> String {
        self.usage.export()
    }

    /// The guided set-up.
    pub fn guide(&self) -> &Guide {
        &self.guide
    }

    /// Shows a notification to see whether it is seen.
    pub fn try_notification(&self) {
        let _ = self.said.try_send(Said::Trial);
    }

    /// Asks every screen to show a place.
    pub fn open(&self, place: Place) {
        self.board.open(place);
    }

    /// Fetches what stands in the records from the hour before the very first start, or says that nobody wants it.
    pub fn earlier(&self, wanted: bool) {
        if wanted {
            // One that waits already does the same.
            let _ = self.wishes.try_send(Wish::Earlier);
        } else {
            self.board.change(|inner| inner.earlier = false);
        }
    }

    /// Something outside the engine is wrong (no tray host, say): shown until it is mended or dismissed.
    pub fn report(&self, trouble: Trouble) {
        self.board.report(trouble);
    }

    /// It is no longer wrong.
    pub fn mended(&self, code: TroubleCode) {
        self.board.mended(code);
    }

    /// The person has read it.
    pub fn dismiss(&self, code: TroubleCode) {
        self.board.mended(code);
    }

    /// Stops every task, commits what has arrived and closes the store; at most two seconds. Later calls wait for
    /// the first one to end.
    pub async fn stop(&self) {
        self.rotation.stop().await;
        self.guide.stop().await;
        self.tasks.stop(&self.store, &self.usage).await;
    }
}
