//! Starting the engine's tasks, and stopping them in an order in which nothing that has arrived is left behind.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, Notify, mpsc, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    Engine, Setup,
    attention::{self, QUEUE, Said},
    board::Board,
    intake::Intake,
    keeping,
    mailbox::{self, Around},
    outgoing::Outgoing,
    reminder,
    rotation::{self, Rotation},
    seek::Seek,
    status::{self, Fixed, Parts, Watched},
    usage::{self, Desk},
};
use crate::{
    credentials::Keychain,
    guide::{Guide, Means},
    link::{Link, Tuning},
    message::{Names, now},
    notification::{Notifier, Policy},
    settings::{InForce, Settings},
    store::{Committed, InboxState, Store},
    usage::Level,
};

/// Batches between the link and the intake. Full: the link stops reading.
const DELIVERIES: usize = 4;

/// Commits that the policy has not looked at. It never waits for anything, so the store hardly ever waits for it.
const COMMITS: usize = 64;

/// What a person did. Full: said again by the next thing they do.
const SAID: usize = 16;

/// What a person wants fetched. Full: it is asked for already.
const WISHES: usize = 4;

/// How long the way in may take to empty itself, and how long the store may take to write what it holds.
const EMPTYING: Duration = Duration::from_millis(900);
const WRITING: Duration = Duration::from_millis(900);

/// Every task of the engine.
pub(super) struct Tasks {
    running: Mutex<Option<Running>>,
}

struct Running {
    link_stop: CancellationToken,
    /// The way in ends by itself once the link is told to: the link, then the intake.
    way_in: JoinSet<()>,
    /// Everything else, which may be cut off at any moment.
    others: JoinSet<()>,
}

impl Tasks {
    /// Stops the way in first and lets it empty itself, then everything else, then the store.
    pub(super) async fn stop(&self, store: &Store, usage: &Desk) {
        let mut running = self.running.lock().await;
        let Some(mut tasks) = running.take() else { return };
        tasks.link_stop.cancel();
        let emptied = async { while tasks.way_in.join_next().await.is_some() {} };
        if timeout(EMPTYING, emptied).await.is_err() {
            tracing::warn!("what the store does not take is given up");
            tasks.way_in.shutdown().await;
        }
        tasks.others.shutdown().await;
        let written = async {
            if let Err(trouble) = usage.write().await {
                tracing::warn!("what was counted last could not be written: {trouble}");
            }
            store.stop().await;
        };
        if timeout(WRITING, written).await.is_err() {
            tracing::warn!("the store does not close in time");
        }
    }
}

/// Wires everything together and starts it.
#[expect(clippy::too_many_lines, reason = "who is given what, once and in order; nothing is decided")]
pub(super) fn start(setup: Setup) -> Engine {
    let Setup { home, settings, surroundings, version, sandbox, .. } = setup;
    let settings = InForce::new(settings, home.settings());
    let set = settings.follow();
    let (adopt, adopted) = watch::channel(None);
    let (in_use, used) = watch::channel(None);
    let board = Arc::new(Board::new());
    let (commits, committed) = mpsc::channel(COMMITS);
    let store = Store::open(home.database(), commits);
    let (deliveries, delivered) = mpsc::channel(DELIVERIES);
    let mut tuning = Tuning::default();
    tuning.authorities = setup.authorities.or(tuning.authorities);
    let authorities = tuning.authorities.clone();
    let (meter, pace) = (tuning.meter.clone(), tuning.pace.clone());
    let (sparing, saving) = watch::channel(Level::Usual);
    let (link, supervisor) = Link::new(deliveries, tuning);
    let seek = Arc::new(Notify::new());
    let fixed = Fixed { version: version.clone(), sandbox };
    let (snapshot_out, snapshot) = watch::channel(first_snapshot(&fixed, &set.borrow().names(), &board, &link));

    let keychain = Keychain::new(sandbox);
    let mut others = JoinSet::new();
    let said = notify(&mut others, setup.notifier, &board, &set, committed);
    let around = Around {
        keychain: keychain.clone(),
        api: setup.github,
        authorities: authorities.clone(),
        offered: setup.mailbox,
        settings: set.clone(),
        store: store.clone(),
        link: link.clone(),
        board: Arc::clone(&board),
    };
    let (mailroom, away) = mailbox::start(&mut others, around);
    let watched =
        Watched { link: link.status(), settings: set.clone(), mailroom: Arc::clone(&mailroom), away: away.clone() };
    others.spawn(status::keep(fixed, Arc::clone(&board), store.clone(), watched, snapshot_out));
    let sending = Outgoing {
        settings: set.clone(),
        store: store.clone(),
        link: link.clone(),
        mailbox: mailroom.mailbox().clone(),
        away,
        board: Arc::clone(&board),
        saving: saving.clone(),
    };
    others.spawn(sending.run());
    let seeking = Seek {
        given: setup.address,
        adopted,
        in_use,
        keychain: keychain.clone(),
        settings: set.clone(),
        version,
        link: link.clone(),
        board: Arc::clone(&board),
        again: Arc::clone(&seek),
        pace: pace.clone(),
    };
    others.spawn(seeking.run());
    let intake_link = link.clone();
    let surroundings_of_rotation = surroundings.clone();
    let guide = Guide::start(Means {
        keychain: keychain.clone(),
        store: store.clone(),
        settings: set.clone(),
        surroundings,
        api: setup.api,
        authorities: authorities.clone(),
        link: link.clone(),
        answers: board.answers(),
        in_use: used.clone(),
        adopt: adopt.clone(),
        meter: meter.clone(),
    });
    let rotation = Rotation::start(rotation::Means {
        keychain,
        store: store.clone(),
        home: home.clone(),
        settings: set.clone(),
        surroundings: surroundings_of_rotation,
        authorities,
        meter: meter.clone(),
        guide: guide.clone(),
        link,
        board: Arc::clone(&board),
        mailroom: Arc::clone(&mailroom),
        in_use: used.clone(),
        adopt,
        said: said.clone(),
        tuning: setup.rotation,
    });
    let means = usage::Means {
        meter,
        pace,
        store: store.clone(),
        link: intake_link.clone(),
        guide: guide.clone(),
        in_use: used,
        board: Arc::clone(&board),
        settings: set.clone(),
        saving: sparing,
        said: said.clone(),
    };
    let usage = usage::start(&mut others, means);
    others.spawn(keeping::keep(store.clone(), set.clone(), Arc::clone(&board)));
    others.spawn(reminder::remind(rotation.clone(), set.clone(), Arc::clone(&board), said.clone()));
    let intake = Intake::new(set, store.clone(), intake_link, Arc::clone(&board));
    let (wishes, asked_for) = mpsc::channel(WISHES);
    let link_stop = CancellationToken::new();
    let mut way_in = JoinSet::new();
    way_in.spawn(supervisor.run(link_stop.clone()));
    way_in.spawn(intake.run(delivered, asked_for));
    let tasks = Arc::new(Tasks { running: Mutex::new(Some(Running { link_stop, way_in, others })) });
    Engine { settings, store, board, said, wishes, seek, guide, usage, mailroom, rotation, snapshot, tasks }
}

/// Notifications, from what is committed and said to the desktop.
fn notify(
    tasks: &mut JoinSet<()>,
    notifier: Arc<dyn Notifier>,
    board: &Arc<Board>,
    settings: &watch::Receiver<Settings>,
    committed: mpsc::Receiver<Committed>,
) -> mpsc::Sender<Said> {
    let (said, heard) = mpsc::channel(SAID);
    let (desktop, showing) = mpsc::channel(QUEUE);
    let policy = Policy::new(settings.borrow().notifications.clone(), jiff::tz::TimeZone::system());
    tasks.spawn(attention::decide(policy, Arc::clone(board), settings.clone(), committed, heard, desktop));
    tasks.spawn(attention::show(notifier, Arc::clone(board), showing));
    said
}

fn first_snapshot(fixed: &Fixed, names: &Names, board: &Board, link: &Link) -> super::Snapshot {
    status::compose(&Parts {
        fixed,
        names,
        inner: &board.look(),
        mailbox: super::MailboxView::default(),
        link: link.status().borrow().clone(),
        inbox: InboxState::default(),
        store_trouble: None,
        now: now(),
    })
}
