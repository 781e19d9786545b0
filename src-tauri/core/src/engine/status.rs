//! The snapshot: composed from what everybody knows, at most ten times a second.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{sleep, sleep_until},
};

use super::{
    board::{Board, Inner},
    mailbox::{MailboxView, Mailroom},
    snapshot::{ChannelView, Condition, LinkView, Snapshot},
};
use crate::{
    link::{LinkState, Status},
    message::{Millis, Names, now},
    presence::{AgentView, Presence},
    settings::Settings,
    store::{InboxState, Store},
    text,
    trouble::{Trouble, TroubleCode},
    usage::Level,
};

/// The least time between two snapshots.
const SPACING: Duration = Duration::from_millis(100);

/// So many of the newest open tasks stand in the snapshot.
const RECENT: u32 = 3;

/// What is said while Helios does not have the new key.
const BEHIND: &str = "Helios on the old key";

/// What does not change while the engine runs.
pub(super) struct Fixed {
    pub(super) version: String,
    pub(super) sandbox: bool,
}

/// Everything a snapshot is made of.
pub(super) struct Parts<'a> {
    pub(super) fixed: &'a Fixed,
    pub(super) names: &'a Names,
    pub(super) inner: &'a Inner,
    pub(super) link: Status,
    pub(super) mailbox: MailboxView,
    pub(super) inbox: InboxState,
    pub(super) store_trouble: Option<Trouble>,
    pub(super) now: Millis,
}

/// What is watched for changes, apart from the board and the store.
pub(super) struct Watched {
    pub(super) link: watch::Receiver<Status>,
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) mailroom: Arc<Mailroom>,
    /// Redis is not to be counted on.
    pub(super) away: watch::Receiver<bool>,
}

/// Keeps the snapshot true until its makers are gone.
pub(super) async fn keep(
    fixed: Fixed,
    board: Arc<Board>,
    store: Store,
    watched: Watched,
    snapshot: watch::Sender<Snapshot>,
) {
    let Watched { mut link, mut settings, mailroom, mut away } = watched;
    let mut mailed = mailroom.mailbox().status();
    let mut tokens = mailroom.changes();
    let mut inbox = store.inbox();
    let mut health = store.health();
    let mut changed = board.changed();
    let mut seen_revision = None;
    loop {
        let state = *inbox.borrow_and_update();
        if seen_revision != Some(state.revision) {
            seen_revision = Some(state.revision);
            refresh_recent(&board, &store).await;
        }
        let (new, silence) = {
            let store_trouble = health.borrow_and_update().clone();
            changed.borrow_and_update();
            let link = link.borrow_and_update().clone();
            let mut inner = board.look();
            if link.state != LinkState::Connected {
                inner.roster.deaf();
            }
            let now = now();
            inner.roster.clock(now);
            let names = settings.borrow_and_update().names();
            let mailbox =
                mailroom.view(&settings.borrow().mailbox, &mailed.borrow_and_update(), *away.borrow_and_update());
            tokens.borrow_and_update();
            let inbox = state;
            let parts = Parts { fixed: &fixed, names: &names, inner: &inner, link, mailbox, inbox, store_trouble, now };
            let silence = inner.roster.next_silence(&names.peers, now).map(|at| wait(at - now));
            (compose(&parts), silence)
        };
        snapshot.send_if_modified(|old| {
            let news = *old != new;
            if news {
                *old = new;
            }
            news
        });
        sleep(SPACING).await;
        let until = tokio::time::Instant::now() + silence.unwrap_or_default();
        let gone = tokio::select! {
            changed = changed.changed() => changed.is_err(),
            changed = link.changed() => changed.is_err(),
            changed = settings.changed() => changed.is_err(),
            changed = inbox.changed() => changed.is_err(),
            changed = health.changed() => changed.is_err(),
            changed = mailed.changed() => changed.is_err(),
            changed = away.changed() => changed.is_err(),
            changed = tokens.changed() => changed.is_err(),
            () = sleep_until(until), if silence.is_some() => false,
        };
        if gone {
            return;
        }
    }
}

fn wait(millis: Millis) -> Duration {
    // A moment later than due, so that it has passed when it is looked at.
    Duration::from_millis(u64::try_from(millis).unwrap_or(0) + 10)
}

async fn refresh_recent(board: &Board, store: &Store) {
    // What cannot be read is said by the store's own state.
    if let Ok(rows) = store.newest_open(RECENT).await {
        let recent = rows
            .into_iter()
            .map(|row| super::snapshot::Brief { seq: row.seq, title: text::line(&row.title, 60) })
            .collect();
        board.look().recent = recent;
    }
}

/// The whole state in one.
pub(super) fn compose(parts: &Parts<'_>) -> Snapshot {
    let Parts { fixed, names, inner, link, mailbox, inbox, store_trouble, now } = parts;
    let agents = inner.roster.view(&names.peers, *now);
    let link_trouble = link.trouble.clone().or_else(|| inner.address_trouble.clone());
    let condition = condition(parts, &agents, link_trouble.as_ref());
    Snapshot {
        version: fixed.version.clone(),
        me: names.me.clone(),
        peers: names.peers.clone(),
        sandbox: fixed.sandbox,
        condition,
        headline: match condition {
            Condition::HeliosSilent if inner.behind => BEHIND.into(),
            _ => headline(condition, names, inner.saving, store_trouble.as_ref().or(link_trouble.as_ref())),
        },
        link: LinkView {
            state: link.state,
            since: link.since,
            address: inner.address.as_ref().map(|known| known.shown.clone()),
            tls: inner.address.as_ref().is_some_and(|known| known.tls),
            source: inner.address.as_ref().map(|known| known.source),
            round_trip_ms: link.round_trip.map(|trip| u32::try_from(trip.as_millis()).unwrap_or(u32::MAX)),
            trouble: link_trouble,
            next_try: link.next_try,
            attempts: link.attempts,
            channels: channels(names),
            waiting_to_send: inbox.waiting_to_send,
        },
        agents,
        mailbox: mailbox.clone(),
        counts: inbox.counts,
        store_trouble: store_trouble.clone(),
        troubles: inner.troubles.clone(),
        paused_until: inner.paused_until,
        recent: inner.recent.clone(),
        earlier: inner.earlier,
        saving: inner.saving,
    }
}

pub(super) fn channels(names: &Names) -> Vec<ChannelView> {
    let heard = names.heard();
    let sent = names.sent();
    let all = heard.iter().chain(sent.iter().filter(|channel| !heard.contains(channel)));
    all.map(|channel| ChannelView {
        name: channel.clone(),
        purpose: names.purpose(channel),
        heard: heard.contains(channel),
        sent: sent.contains(channel),
    })
    .collect()
}

fn condition(parts: &Parts<'_>, agents: &[AgentView], trouble: Option<&Trouble>) -> Condition {
    if parts.store_trouble.is_some() {
        return Condition::NeedsYou;
    }
    if parts.mailbox.instead {
        return Condition::ViaGithub;
    }
    match parts.link.state {
        // Without a keychain there is nothing to mend before there is something to put into it.
        LinkState::NoAddress if trouble.is_some_and(|trouble| trouble.code != TroubleCode::KeychainMissing) => {
            Condition::NeedsYou
        }
        LinkState::NoAddress => Condition::SetupNeeded,
        LinkState::Stopped => Condition::NeedsYou,
        LinkState::Connecting if parts.link.attempts <= 1 => Condition::Connecting,
        LinkState::Connecting | LinkState::Waiting => Condition::Offline,
        LinkState::Connected if parts.inner.behind || all_silent(agents) => Condition::HeliosSilent,
        LinkState::Connected if parts.inner.paused_until.is_some() => Condition::Paused,
        LinkState::Connected => Condition::Connected,
    }
}

/// Nobody we talk with gives a sign, and at least one of them should have.
fn all_silent(agents: &[AgentView]) -> bool {
    let mut peers = agents.iter().filter(|agent| agent.peer).map(|agent| agent.presence);
    peers.clone().any(|presence| presence == Presence::Silent) && peers.all(|presence| presence != Presence::Alive)
}

fn headline(condition: Condition, names: &Names, saving: Level, trouble: Option<&Trouble>) -> String {
    match condition {
        Condition::SetupNeeded => "Set-up needed".into(),
        Condition::Connecting => "Connecting…".into(),
        Condition::Connected => match saving {
            Level::Usual => "Connected".into(),
            Level::Careful => "Connected, saving commands".into(),
            Level::Scarce => "Connected, tasks and replies only".into(),
        },
        Condition::HeliosSilent => match names.peers.as_slice() {
            [peer] => format!("{} is silent", text::capital(&text::line(peer, 40))),
            _ => "All agents are silent".into(),
        },
        Condition::ViaGithub => "Via GitHub".into(),
        Condition::Offline => match trouble.map(|trouble| trouble.code) {
            Some(TroubleCode::QuotaUsedUp) => "Quota used up".into(),
            _ => "Offline".into(),
        },
        Condition::Paused => "Notifications paused".into(),
        Condition::NeedsYou => match trouble.map(|trouble| trouble.code) {
            Some(TroubleCode::PasswordRefused) => "Password refused",
            Some(TroubleCode::NotPermitted) => "Not permitted",
            Some(TroubleCode::ReadOnlyToken) => "Read-only token",
            Some(TroubleCode::AddressUnreadable) => "Address unreadable",
            Some(TroubleCode::KeychainLocked) => "Keychain locked",
            Some(TroubleCode::KeychainMissing | TroubleCode::KeychainSilent | TroubleCode::KeychainFailed) => {
                "Keychain unavailable"
            }
            Some(TroubleCode::DiskFull) => "Disk full",
            Some(TroubleCode::StoreDamaged) => "Messages damaged",
            Some(TroubleCode::StoreUnusable) => "Messages cannot be stored",
            _ => "Needs you",
        }
        .into(),
    }
}
