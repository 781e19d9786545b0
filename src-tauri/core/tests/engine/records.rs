//! What was sent while nobody here could hear it, read from the records afterwards.

use std::{sync::Arc, time::Duration};

use heliograph_core::{
    engine::{Condition, Engine, Snapshot},
    home::Home,
    notification::Subject,
    store::{Filter, Gap, ListRequest, Row, TaskState, Way},
    trouble::Trouble,
};
use heliograph_sandbox::{Redis, RedisOptions};
use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use rusqlite::{Connection, OpenFlags};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::watch, time::timeout};

use crate::world::{Desktop, Screen, engine};

const CHANNEL: &str = "helios→chad";
const LIMIT: Duration = Duration::from_secs(20);

/// A Redis, a Helios's way to say things there, and the engine, which comes and goes.
struct Scene {
    redis: Redis,
    said: MultiplexedConnection,
    screen: Arc<Screen>,
    folder: TempDir,
    engine: Option<Engine>,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = RedisOptions { plain: true, ..RedisOptions::default() };
        let redis = Redis::start(&folder.path().join("redis"), options).await.unwrap();
        let said = connect(&redis).await;
        let screen = Arc::new(Screen { desktop: Desktop::Shows, shown: watch::channel(Vec::new()).0 });
        Self { redis, said, screen, folder, engine: None }
    }

    /// One whose engine has run before, with everything read to its end.
    async fn after_a_first_start() -> Self {
        let mut scene = Self::new().await;
        scene.start().await;
        scene.stop().await;
        scene
    }

    async fn start(&mut self) {
        let engine = engine(&self.folder, &self.redis, &self.screen);
        self.engine = Some(engine);
        self.until(|state| state.condition == Condition::Connected).await;
        let begun = async {
            while !self.reads_the_record() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LIMIT, begun).await.expect("the record is read from now on");
    }

    /// Is it written down how far the record was read? What is recorded before that is old history.
    fn reads_the_record(&self) -> bool {
        let file = Home::under(self.folder.path()).database();
        let known = "SELECT count(*) FROM records WHERE channel = ?1";
        // At the very beginning there is no file, and then no table in it.
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .and_then(|store| store.query_row(known, [CHANNEL], |row| row.get(0)))
            .unwrap_or(false)
    }

    /// Waits until the state is as asked.
    async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) {
        let engine = self.engine.as_ref().unwrap();
        let mut events = engine.events();
        let reached = async {
            while !wanted(&engine.snapshot()) {
                events.next().await;
            }
        };
        assert!(timeout(LIMIT, reached).await.is_ok(), "the state is {:#?}", engine.snapshot());
    }

    async fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
        // A gap has to last for some time to be one.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    async fn ask<T: redis::FromRedisValue>(&mut self, words: &[&str]) -> T {
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut self.said).await.unwrap()
    }

    /// How many were ever made to the server.
    async fn connections(&mut self) -> u64 {
        let stats: String = self.ask(&["INFO", "stats"]).await;
        let line = stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        line.unwrap().trim().parse().unwrap()
    }

    /// As a Helios does that wants nothing lost.
    async fn record(&mut self, message: &Value) {
        let text = message.to_string();
        let mut both = redis::pipe();
        both.atomic().cmd("XADD").arg(format!("record:{CHANNEL}")).arg("*").arg("m").arg(&text);
        both.cmd("PUBLISH").arg(CHANNEL).arg(&text);
        let (): () = both.query_async(&mut self.said).await.unwrap();
    }

    async fn rows(&self) -> Vec<Row> {
        let request = ListRequest { filter: Filter::All, limit: 500, ..ListRequest::default() };
        self.engine.as_ref().unwrap().list(request).await.unwrap().rows
    }

    /// The titles, oldest first, as soon as there are so many rows.
    async fn titles(&self, count: usize) -> Vec<String> {
        let rows = self.rows_when(|rows| rows.len() >= count).await;
        rows.into_iter().rev().map(|row| row.title).collect()
    }

    async fn rows_when(&self, wanted: impl Fn(&[Row]) -> bool) -> Vec<Row> {
        let mut inbox = self.engine.as_ref().unwrap().inbox();
        let found = timeout(LIMIT, async {
            loop {
                inbox.borrow_and_update();
                let rows = self.rows().await;
                if wanted(&rows) {
                    return rows;
                }
                // A gap is no change of the inbox.
                let _ = timeout(Duration::from_millis(100), inbox.changed()).await;
            }
        });
        let Ok(rows) = found.await else { panic!("the rows are {:#?}", self.rows().await) };
        rows
    }

    async fn gaps(&self) -> Vec<Gap> {
        self.rows().await.into_iter().flat_map(|row| row.gaps_after).collect()
    }

    /// Waits until a heartbeat of ours has gone round after everything said so far, and what follows from it is done.
    async fn settles(&mut self, id: &str) {
        self.record(&task(id, id)).await;
        self.rows_when(|rows| rows.iter().any(|row| row.title == id && row.ways.contains(&Way::Record))).await;
    }
}

async fn connect(redis: &Redis) -> MultiplexedConnection {
    let url = redis.plain_url().unwrap();
    // By itself it waits for half a second, and a busy machine takes longer.
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(LIMIT));
    Client::open(url.expose_secret()).unwrap().get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

fn task(id: &str, title: &str) -> Value {
    json!({"from": "helios", "type": "task", "id": id, "data": {"title": title}})
}

fn without_id(title: &str) -> Value {
    json!({"from": "helios", "type": "task", "data": {"title": title}})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_meanwhile_is_there_in_order_and_summed_up_in_one() {
    let mut scene = Scene::after_a_first_start().await;
    for number in 1..=7 {
        let mut task = task(&number.to_string(), &format!("Task {number}"));
        task["priority"] = json!(if number > 5 { "urgent" } else { "normal" });
        scene.record(&task).await;
    }
    scene.start().await;
    // Before the inbox is looked at, which makes it superfluous.
    let mut shown = scene.screen.shown.subscribe();
    let shown = timeout(LIMIT, shown.wait_for(|shown| !shown.is_empty())).await.unwrap().unwrap().clone();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!((shown[0].subject, shown[0].title.as_str()), (Subject::Summary, "7 tasks while you were away"));
    assert_eq!(shown[0].body, "2 urgent. The latest: Task 7");
    let titles = scene.titles(7).await;
    assert_eq!(titles, (1..=7).map(|number| format!("Task {number}")).collect::<Vec<_>>());
    assert!(scene.rows().await.iter().all(|row| row.ways == [Way::Record]));
    assert_eq!(scene.gaps().await, [], "nothing can be missing");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_live_does_not_come_again_from_the_record() {
    let mut scene = Scene::after_a_first_start().await;
    scene.start().await;
    scene.record(&task("1", "With an id")).await;
    scene.record(&without_id("Without one")).await;
    scene.record(&without_id("Without one")).await;
    let rows = scene.rows_when(|rows| rows.len() == 3 && rows.iter().all(|row| row.ways.len() == 2)).await;
    assert!(rows.iter().all(|row| row.ways == [Way::Live, Way::Record]), "{rows:?}");
    scene.stop().await;
    scene.record(&without_id("Without one")).await;
    scene.start().await;
    assert_eq!(scene.titles(4).await, ["With an id", "Without one", "Without one", "Without one"]);
    scene.settles("end").await;
    assert_eq!(scene.rows().await.len(), 5);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_the_record_is_read_is_there_once() {
    let mut scene = Scene::after_a_first_start().await;
    let mut said = connect(&scene.redis).await;
    // As fast as it goes while the engine starts: some are read, some are heard, some are both.
    let speaking = tokio::spawn(async move {
        for number in 0..2_000 {
            let message =
                if number % 2 == 0 { task(&number.to_string(), "x") } else { without_id(&number.to_string()) };
            let text = message.to_string();
            let mut both = redis::pipe();
            both.atomic().cmd("XADD").arg(format!("record:{CHANNEL}")).arg("*").arg("m").arg(&text);
            both.cmd("PUBLISH").arg(CHANNEL).arg(&text);
            let (): () = both.query_async(&mut said).await.unwrap();
        }
    });
    scene.start().await;
    speaking.await.unwrap();
    scene.settles("end").await;
    let engine = scene.engine.as_ref().unwrap();
    let page = engine.list(ListRequest { filter: Filter::All, limit: 1, ..ListRequest::default() }).await.unwrap();
    assert_eq!(page.total, 2_001);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_from_before_the_first_start_is_offered_and_not_forced_on_anybody() {
    let mut scene = Scene::new().await;
    scene.record(&task("1", "From before")).await;
    scene.start().await;
    scene.record(&task("2", "From now on")).await;
    assert_eq!(scene.titles(1).await, ["From now on"]);
    scene.record(&without_id("Without an id")).await;
    scene.rows_when(|rows| rows.len() == 2 && rows.iter().all(|row| row.ways.len() == 2)).await;
    let engine = scene.engine.clone().unwrap();
    scene.until(|state| state.earlier).await;
    engine.earlier(true);
    assert_eq!(scene.titles(3).await, ["From now on", "Without an id", "From before"]);
    assert_eq!(scene.gaps().await, []);
    scene.stop().await;
    scene.start().await;
    assert!(!scene.engine.as_ref().unwrap().snapshot().earlier);
    assert_eq!(scene.titles(3).await.len(), 3);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_cut_is_a_gap() {
    let mut scene = Scene::after_a_first_start().await;
    scene.start().await;
    scene.settles("first").await;
    scene.stop().await;
    for number in 0..20 {
        scene.record(&task(&number.to_string(), &format!("Task {number}"))).await;
    }
    let () = scene.ask(&["XTRIM", &format!("record:{CHANNEL}"), "MAXLEN", "5"]).await;
    scene.start().await;
    let rows = scene.rows_when(|rows| rows.iter().any(|row| !row.gaps_after.is_empty())).await;
    assert_eq!(rows.len(), 6, "what is left is read");
    let gap = &rows.iter().find(|row| !row.gaps_after.is_empty()).unwrap().gaps_after[0];
    assert_eq!(gap.cause, "Heliograph was not running, and the record does not reach back that far");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_came_back_without_its_data_is_a_gap_and_its_new_record_is_read() {
    let mut scene = Scene::after_a_first_start().await;
    scene.start().await;
    scene.settles("first").await;
    scene.redis.restart().await.unwrap();
    scene.said = connect(&scene.redis).await;
    let rows = scene.rows_when(|rows| rows.iter().any(|row| !row.gaps_after.is_empty())).await;
    assert!(rows[0].gaps_after[0].cause.ends_with("does not reach back that far"), "{:?}", rows[0]);
    scene.settles("second").await;
    scene.stop().await;
    scene.record(&task("third", "third")).await;
    scene.start().await;
    assert_eq!(scene.titles(3).await, ["first", "second", "third"]);
    assert_eq!(scene.gaps().await.len(), 1, "and that is all");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_is_read_over_one_connection_than_one_answer_may_hold() {
    let mut scene = Scene::after_a_first_start().await;
    let large = "x".repeat(1024 * 1024);
    let count = 70;
    for number in 0..count {
        let mut task = task(&number.to_string(), "Large");
        task["data"]["text"] = json!(large);
        scene.record(&task).await;
    }
    let before = scene.connections().await;
    scene.start().await;
    let engine = scene.engine.clone().unwrap();
    let mut inbox = engine.inbox();
    timeout(LIMIT * 3, inbox.wait_for(|inbox| inbox.counts.unread >= count)).await.expect("all are read").unwrap();
    assert_eq!(scene.connections().await - before, 2, "the one that listens and the one for commands");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_opened_at_the_start_hides_neither_the_gap_nor_what_was_recorded() {
    let mut scene = Scene::after_a_first_start().await;
    scene.record(&task("1", "From meanwhile")).await;
    let file = Home::under(scene.folder.path()).database();
    // Somebody else has it for himself alone.
    let other = Connection::open(&file).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    scene.engine = Some(engine(&scene.folder, &scene.redis, &scene.screen));
    // Our heartbeat goes round all the same.
    scene.until(|state| state.store_trouble.is_some() && state.link.round_trip_ms.is_some()).await;
    drop(other);
    scene.until(|state| state.store_trouble.is_none()).await;
    let rows = scene.rows_when(|rows| !rows.is_empty()).await;
    assert_eq!((rows[0].title.as_str(), rows[0].ways.as_slice()), ("From meanwhile", &[Way::Record][..]));
    assert_eq!(scene.gaps().await, [], "the record tells");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_expired_meanwhile_is_marked_and_answered_so() {
    let mut scene = Scene::after_a_first_start().await;
    let mut late = task("late", "Too late");
    late["expires"] = json!(1_700_000_000);
    scene.record(&late).await;
    scene.start().await;
    let rows = scene.rows_when(|rows| rows.len() == 1).await;
    assert_eq!(rows[0].state, Some(TaskState::Expired));
    let answered = timeout(LIMIT, async {
        loop {
            let answers: Vec<(String, Vec<String>)> = scene.ask(&["XRANGE", "record:chad→helios", "-", "+"]).await;
            let answers: Vec<Value> =
                answers.iter().map(|(_, fields)| serde_json::from_str(&fields[1]).unwrap()).collect();
            if let Some(answer) = answers.first() {
                return answer.clone();
            }
        }
    });
    let answer = answered.await.unwrap();
    assert_eq!((&answer["data"]["task_id"], &answer["data"]["status"]), (&json!("late"), &json!("expired")));
    assert!(scene.screen.shown.borrow().is_empty(), "it is no news any more");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_record_may_not_be_read_it_says_so_and_the_gap_stays() {
    let mut scene = Scene::new().await;
    scene.start().await;
    scene.settles("first").await;
    scene.stop().await;
    let () = scene.ask(&["ACL", "SETUSER", "default", "-xread", "-xrevrange"]).await;
    scene.start().await;
    scene.record(&task("1", "Heard all the same")).await;
    let rows = scene.rows_when(|rows| rows.len() == 2 && !rows[1].gaps_after.is_empty()).await;
    assert_eq!(rows[1].gaps_after[0].cause, "Heliograph was not running");
    let said = |trouble: &Trouble| trouble.message.contains("cannot be read from the record");
    scene.until(|state| state.troubles.iter().any(said)).await;
    scene.stop().await;
}
