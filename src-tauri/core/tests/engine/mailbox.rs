//! Redis goes away, messages go by GitHub, and Redis comes back.

use std::{sync::Arc, time::Duration};

use heliograph_core::{
    engine::{Condition, Engine, Setup, Snapshot, Source},
    home::Home,
    mailbox::MailboxState,
    message::ReplyStatus,
    settings::Settings,
    store::{Filter, ListRequest, Row, Way},
};
use heliograph_sandbox::{Github, GithubOptions, Redis, RedisOptions, github::Fault, proxy::Proxy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::watch, time::timeout};

use crate::world::{Desktop, Screen};

/// Half a minute of patience with Redis, and some more.
const LIMIT: Duration = Duration::from_mins(1);

struct Scene {
    redis: Redis,
    github: Github,
    /// The way to GitHub, until it is shut.
    way: Option<Proxy>,
    screen: Arc<Screen>,
    engine: Engine,
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = Redis::start(&folder.path().join("redis"), RedisOptions::default()).await.unwrap();
        let github = Github::start(GithubOptions::default()).await.unwrap();
        let way = Proxy::start(github.url().rsplit_once(':').unwrap().1.trim_end_matches('/').parse().unwrap());
        let way = way.await.unwrap();
        let screen = Arc::new(Screen { desktop: Desktop::Shows, shown: watch::channel(Vec::new()).0 });
        let home = Home::under(folder.path());
        home.create().unwrap();
        let mut settings = Settings::default();
        settings.heartbeat.every = 1;
        let engine = Engine::start(Setup {
            home,
            settings,
            address: Some((redis.url(), Source::Environment)),
            authorities: Some(redis.ca_file().to_owned()),
            surroundings: heliograph_core::discover::Surroundings::default(),
            api: None,
            github: Some(format!("http://127.0.0.1:{}", way.port()).parse().unwrap()),
            mailbox: None,
            rotation: heliograph_core::rotation::Tuning::default(),
            notifier: Arc::clone(&screen) as Arc<_>,
            version: "0".into(),
            sandbox: false,
        });
        Self { redis, github, way: Some(way), screen, engine, _folder: folder }
    }

    /// With the mailbox in use.
    async fn with_mailbox() -> Self {
        let scene = Self::new().await;
        scene.until(|state| state.condition == Condition::Connected).await;
        let (repository, token) = (scene.github.repository().to_owned(), scene.github.token().clone());
        scene.engine.use_mailbox(&repository, Some(token), Vec::new()).await.unwrap();
        scene.until(|state| state.mailbox.state == MailboxState::Idle && state.mailbox.last_poll.is_some()).await;
        scene
    }

    /// With Redis gone and these tasks, each from somebody else, left in the mailbox; gives their rows.
    async fn without_redis(senders: &[&str]) -> (Self, Vec<i64>) {
        let mut scene = Self::with_mailbox().await;
        scene.redis.kill().await.unwrap();
        for sender in senders {
            let task = json!({"from": sender, "type": "task", "id": sender, "data": {"title": sender}});
            scene.leave(scene.github.login(), &task);
        }
        scene.until(|state| state.condition == Condition::ViaGithub).await;
        let rows = scene.rows(senders.len()).await;
        let of = |sender: &&str| rows.iter().find(|row| row.title == *sender).unwrap().seq;
        let tasks = senders.iter().map(of).collect();
        (scene, tasks)
    }

    /// How many comments GitHub did not take.
    fn refused(&self) -> usize {
        self.github.seen().iter().filter(|seen| seen.method == "POST" && seen.status == 403).count()
    }

    async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) {
        let found = timeout(LIMIT, self.changes(wanted)).await;
        assert!(found.is_ok(), "{:#?}", self.engine.snapshot());
    }

    async fn changes(&self, wanted: impl Fn(&Snapshot) -> bool) {
        let mut events = self.engine.events();
        while !wanted(&self.engine.snapshot()) {
            events.next().await;
        }
    }

    async fn rows(&self, count: usize) -> Vec<Row> {
        let mut inbox = self.engine.inbox();
        let found = timeout(LIMIT, async {
            loop {
                inbox.borrow_and_update();
                let request = ListRequest { filter: Filter::All, limit: 100, ..ListRequest::default() };
                let rows = self.engine.list(request).await.unwrap().rows;
                if rows.len() >= count {
                    return rows;
                }
                inbox.changed().await.unwrap();
            }
        });
        found.await.expect("the rows are there")
    }

    /// The envelopes in the comments under a channel's issue, as soon as there are so many.
    async fn left(&self, channel: &str, count: usize) -> Vec<Value> {
        let issue = format!("heliograph: {channel}");
        let found = timeout(LIMIT, async {
            loop {
                let comments: Vec<_> = self.github.comments().into_iter().filter(|one| one.issue == issue).collect();
                if comments.len() >= count {
                    return comments;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let comments = found.await.expect("it is left there");
        let inner = |one: &heliograph_sandbox::github::Posted| {
            let (_, rest) = one.body.split_once("```json\n").unwrap();
            serde_json::from_str(rest.split_once("\n```").unwrap().0).unwrap()
        };
        comments.iter().map(inner).collect()
    }

    fn leave(&self, login: &str, message: &Value) {
        let issue = self.github.issue("heliograph: helios→chad").unwrap();
        self.github.comment_as(login, issue, &format!("```json\n{message}\n```")).unwrap();
    }
}

fn task(id: &str) -> Value {
    json!({"from": "helios", "type": "task", "id": id, "data": {"title": id}})
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_by_github_while_redis_is_away_and_none_comes_twice() {
    let mut scene = Scene::new().await;
    scene.until(|state| state.condition == Condition::Connected).await;
    let (repository, token) = (scene.github.repository().to_owned(), scene.github.token().clone());
    let found = scene.engine.check_mailbox(&repository, Some(token.clone())).await.unwrap();
    assert!(found.private && found.usable(), "{found:?}");
    scene.engine.use_mailbox(&repository, Some(token), Vec::new()).await.unwrap();
    scene.until(|state| state.mailbox.state == MailboxState::Idle && state.mailbox.last_poll.is_some()).await;

    scene.redis.kill().await.unwrap();
    scene.leave(scene.github.login(), &task("by github"));
    scene.leave(scene.github.other_login(), &task("by a stranger"));
    scene.until(|state| state.condition == Condition::ViaGithub).await;
    let rows = scene.rows(2).await;
    let row = rows.iter().find(|row| row.title == "by github").unwrap();
    assert_eq!(row.ways, [Way::Mailbox]);
    let stranger = rows.iter().find(|row| row.title != "by github").unwrap();
    let detail = scene.engine.detail(stranger.seq).await.unwrap();
    assert_eq!((stranger.kind.as_str(), stranger.from.as_str()), ("unreadable", ""));
    assert_eq!(detail.login.as_deref(), Some(scene.github.other_login()));
    assert!(detail.doubt.unwrap().contains("not among those"));

    scene.engine.reply(row.seq, ReplyStatus::Done, "by the other way").await.unwrap();
    let left = scene.left("chad→helios", 1).await;
    assert_eq!((&left[0]["data"]["status"], &left[0]["data"]["task_id"]), (&json!("done"), &json!("by github")));
    let long = "x".repeat(70_000);
    scene.leave(scene.github.login(), &task("another"));
    scene.engine.reconnect();
    let rows = scene.rows(3).await;
    let another = rows.iter().find(|row| row.title == "another").unwrap().seq;
    scene.engine.reply(another, ReplyStatus::Done, &long).await.unwrap();
    let said = timeout(LIMIT, async {
        loop {
            let timeline = scene.engine.detail(another).await.unwrap().timeline;
            if let Some(moment) = timeline.iter().find(|moment| moment.text.contains("65536")) {
                return moment.text.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert!(said.await.unwrap().starts_with("Waits for Redis"), "it is kept, and the reason said");
    scene.until(|state| state.link.waiting_to_send == 1).await;

    scene.redis.restart().await.unwrap();
    scene.until(|state| state.condition == Condition::Connected && !state.mailbox.instead).await;
    scene.until(|state| state.link.waiting_to_send == 0).await;
    assert_eq!(scene.left("chad→helios", 1).await.len(), 1, "one answer was left there, once");
    assert_eq!(scene.rows(3).await.len(), 3);
    let shown = scene.screen.shown.borrow().clone();
    assert_eq!(shown.iter().filter(|one| one.title == "by github").count(), 1, "{shown:?}");
    assert!(shown.iter().all(|one| !one.title.contains("stranger")), "{shown:?}");
    scene.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_the_hours_requests_are_not_used_up() {
    let (mut scene, tasks) = Scene::without_redis(&["helios"]).await;
    scene.way = None;
    let before = scene.engine.snapshot().mailbox.counted_last_hour;
    scene.engine.reply(tasks[0], ReplyStatus::Done, "").await.unwrap();
    // Looks fail as well, less and less often.
    let used_up = timeout(Duration::from_secs(5), scene.changes(|state| state.mailbox.counted_last_hour > before + 12));
    assert!(used_up.await.is_err(), "{:?}", scene.engine.snapshot().mailbox);
    assert!(scene.engine.snapshot().mailbox.counted_last_hour > before, "it was tried");
    scene.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_is_locked_holds_up_no_other_and_is_left_alone_until_somebody_asks() {
    let (scene, tasks) = Scene::without_redis(&["helios", "apollo"]).await;
    let issue = scene.github.issue("heliograph: chad→helios").unwrap();
    assert!(scene.github.lock_issue(issue, true));
    for task in tasks {
        scene.engine.reply(task, ReplyStatus::Done, "").await.unwrap();
    }
    assert_eq!(scene.left("chad→apollo", 1).await[0]["data"]["status"], "done");
    assert_eq!(scene.refused(), 1);
    scene.github.lock_issue(issue, false);
    scene.engine.reconnect();
    scene.left("chad→helios", 1).await;
    assert_eq!(scene.refused(), 1);
    scene.until(|state| state.link.waiting_to_send == 0).await;
    scene.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_github_asks_for_holds_whatever_is_set_or_asked_here() {
    let scene = Scene::with_mailbox().await;
    scene.github.misbehave_times(Fault::Secondary { retry_after: Duration::from_mins(1) }, 1);
    scene.engine.reconnect();
    scene.until(|state| matches!(state.mailbox.state, MailboxState::Waiting { .. })).await;
    let asked = scene.github.seen().len();
    scene.engine.reconnect();
    let mut settings = scene.engine.settings();
    settings.notifications.one_by_one += 1;
    scene.engine.change_settings(scene.engine.settings(), settings).await.unwrap();
    let more = timeout(Duration::from_secs(3), async {
        while scene.github.seen().len() == asked {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(more.await.is_err(), "{:?}", scene.github.seen().split_off(asked));
    scene.engine.stop().await;
}
