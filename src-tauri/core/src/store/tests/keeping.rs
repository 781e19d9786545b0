//! What is kept, what is not, and the room it leaves.

use rusqlite::params;

use super::*;
use crate::{message::now, store::keeping::Keeping};

const DAY: Millis = 24 * 60 * 60 * 1_000;

fn at_time(payload: &serde_json::Value, at: Millis) -> Arrival {
    Arrival { at, ..arrival(payload.to_string().into_bytes()) }
}

fn log(what: &str) -> serde_json::Value {
    json!({"from": "helios", "type": "log", "data": what})
}

impl Fixture {
    async fn arrive_at(&mut self, messages: &[(serde_json::Value, Millis)]) {
        let batch = messages.iter().map(|(message, at)| at_time(message, *at)).collect();
        self.store.arrivals().send(batch).await.unwrap();
        within(self.committed.recv()).await.unwrap();
    }

    async fn numbers(&self, sql: &'static str) -> Vec<i64> {
        let read = self.store.read(move |connection| {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.await.unwrap()
    }

    async fn until_numbers(&self, sql: &'static str, expected: &[i64]) {
        let mut inbox = self.store.inbox();
        let waited = timeout(Duration::from_secs(10), async {
            while self.numbers(sql).await != expected {
                // Whatever was removed is said; the outbox is not.
                let _ = timeout(Duration::from_millis(20), inbox.changed()).await;
            }
        });
        if waited.await.is_err() {
            assert_eq!(self.numbers(sql).await, expected);
        }
    }
}

const ROWS: &str = "SELECT seq FROM messages ORDER BY seq";

#[tokio::test]
async fn everything_is_kept_unless_said_otherwise() {
    let mut at = Fixture::new();
    at.arrive_at(&[(log("ancient"), 1), (log("new"), now())]).await;
    at.store.keep_at_most(Retention { most: Some(1), age_days: None }).await;
    at.until_numbers(ROWS, &[2]).await;
    at.store.keep_at_most(Retention::default()).await;
    at.arrive_at(&[(log("ancient"), 1), (log("new"), now())]).await;
    within(async { while at.numbers("SELECT position FROM cursors WHERE name = 'indexed'").await != [4] {} }).await;
    at.store.note(|_| Ok(())).await.unwrap();
    assert_eq!(at.numbers(ROWS).await, [2, 3, 4]);
}

#[tokio::test]
async fn what_is_too_old_goes_and_what_waits_for_somebody_stays() {
    let mut at = Fixture::new();
    let old = now() - 8 * DAY;
    let tasks = ["open", "accepted", "waits", "unheard", "refused", "heard"];
    let mut messages: Vec<_> = tasks.iter().map(|id| (task(id, id), old)).collect();
    messages.extend([(log("old"), old), (json!("unreadable"), old), (log("young"), now()), (log("old"), old)]);
    at.arrive_at(&messages).await;
    assert_eq!(at.store.inbox().borrow().counts.unreadable, 1);
    for (seq, status) in [(2, ReplyStatus::Accepted), (3, ReplyStatus::Done), (4, ReplyStatus::Done)] {
        at.reply(seq, status, "").await.unwrap();
    }
    at.reply(5, ReplyStatus::Failed, "").await.unwrap();
    at.reply(6, ReplyStatus::Declined, "").await.unwrap();
    let outcomes = vec![(1, Sent::Heard), (3, Sent::Unheard), (4, Sent::Refused("no".into())), (5, Sent::Heard)];
    at.store.sent(outcomes, 6_000).await.unwrap();
    at.store.keep_at_most(Retention { age_days: Some(7), most: None }).await;
    // 10 is as old, and the newest: numbers are given from it.
    at.until_numbers(ROWS, &[1, 2, 3, 4, 5, 9, 10]).await;
    at.until_numbers("SELECT seq FROM outbox ORDER BY seq", &[1, 2, 3, 4]).await;
    assert_eq!(at.store.inbox().borrow().counts, Counts { open: 2, unread: 1, unreadable: 0 });
}

#[tokio::test]
async fn of_many_the_newest_stay_and_the_index_with_them() {
    let mut at = Fixture::new();
    let messages: Vec<_> = (0..1_300).map(|n| (log(&format!("word{n}")), 1_000 + n)).collect();
    at.arrive_at(&messages).await;
    within(async { while at.numbers("SELECT position FROM cursors WHERE name = 'indexed'").await != [1_300] {} }).await;
    at.store.add_gap(0, 900, "old".into()).await.unwrap();
    at.store.add_gap(900, 9_000, "new".into()).await.unwrap();
    at.store.keep_at_most(Retention { age_days: None, most: Some(600) }).await;
    at.until_numbers("SELECT count(*) FROM messages", &[600]).await;
    at.until_numbers("SELECT seq FROM gaps", &[2]).await;
    assert_eq!(at.numbers("SELECT min(seq) FROM messages").await, [701]);
    assert_eq!(at.numbers("SELECT count(*) FROM search WHERE search MATCH 'log'").await, [600]);
    assert_eq!(at.rows(Filter::All, "word700").await.len(), 1);
    assert_eq!(at.rows(Filter::All, "word699").await.len(), 0);
    assert_eq!(at.numbers("SELECT 1 FROM pragma_integrity_check WHERE integrity_check = 'ok'").await, [1]);
}

#[tokio::test]
async fn what_comes_after_a_removal_is_beyond_every_cursor() {
    let mut at = Fixture::new();
    at.arrive_at(&[(task("a", "x"), 1), (task("b", "x"), 1)]).await;
    let (due, until) = at.store.receipts(names(), true, 10, 0).await.unwrap();
    at.store.receipts_given(due.into_iter().map(|receipt| (receipt, Sent::Heard)).collect(), until, 1).await.unwrap();
    for seq in [1, 2] {
        at.reply(seq, ReplyStatus::Done, "").await.unwrap();
    }
    at.store.sent(vec![(1, Sent::Heard), (2, Sent::Heard)], 1).await.unwrap();
    at.store.keep_at_most(Retention { age_days: Some(1), most: Some(1) }).await;
    at.until_numbers(ROWS, &[2]).await;
    at.arrive(&[task("c", "x")]).await;
    assert_eq!(at.store.receipts(names(), true, 10, 0).await.unwrap().0[0].about, 3);
}

#[test]
fn a_large_removal_goes_in_small_steps_and_leaves_a_small_index() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = schema::open(&folder.path().join("m.db")).unwrap();
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
             INSERT INTO messages (sender, channel, kind, priority, received_at, state, payload)
             SELECT 'helios', 'c', 'log', 1, 1, 0, CAST(json_object('data', hex(randomblob(8))) AS BLOB) FROM n",
        )
        .unwrap();
    while search::index_some(&mut connection, 1_000).unwrap() {}
    let size = |connection: &Connection| -> i64 {
        connection.query_row("SELECT sum(length(block)) FROM search_data", [], |row| row.get(0)).unwrap()
    };
    let before = size(&connection);
    let mut keeping = Keeping::default();
    keeping.set(Retention { age_days: None, most: Some(100) });
    let mut removed = 0;
    loop {
        let (step, more) = keeping.step(&mut connection, now()).unwrap();
        assert!(step.rows <= 500);
        removed += step.rows;
        if !more {
            break;
        }
    }
    assert_eq!(removed, 11_900);
    assert!(size(&connection) < before / 20, "{before} → {}", size(&connection));
    assert!(keeping.due().is_some_and(|due| due > std::time::Instant::now()), "and is due again in an hour");
    check::thorough(&connection).unwrap();
}

/// A file of that many megabytes, three quarters of which are free.
fn mostly_free(path: &Path, megabytes: usize) -> Connection {
    let connection = schema::open(path).unwrap();
    for n in 0..megabytes {
        connection
            .execute(
                "INSERT INTO messages (sender, id, channel, kind, priority, received_at, state, payload)
                 VALUES ('helios', ?1, 'c', 'log', 1, 1, 0, zeroblob(1048576))",
                params![n.to_string()],
            )
            .unwrap();
    }
    connection.execute("DELETE FROM messages WHERE seq % 4 > 0", []).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    connection
}

#[test]
fn free_pages_are_given_back_in_small_steps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let connection = mostly_free(&path, 40);
    let before = path.metadata().unwrap().len();
    let free = || -> i64 { connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap() };
    let mut steps = 0;
    loop {
        let pages = free();
        let left = shrink::step(&connection, steps > 0).unwrap();
        assert!(pages - free() <= 256, "{pages} → {}", free());
        if left == shrink::Left::Nothing {
            break;
        }
        steps += 1;
    }
    assert!(steps > 10, "{steps} steps");
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let after = path.metadata().unwrap().len();
    assert!(after < before / 2, "{before} → {after}");
    check::thorough(&connection).unwrap();
    assert_eq!((free(), shrink::step(&connection, false).unwrap()), (0, shrink::Left::Nothing));
}

#[test]
fn an_older_file_is_rebuilt_once_and_gives_way_to_what_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch("CREATE TABLE older (x); DROP TABLE older").unwrap();
    drop(old);
    let connection = mostly_free(&path, 40);
    assert_eq!(shrink::step(&connection, false).unwrap(), shrink::Left::Rebuild);
    let (connection, result) = aside::Aside::start(aside::Job::Rebuild, connection).end().unwrap();
    // It may have been through before it heard.
    if let Err(error) = result {
        assert!(error.is_interruption(), "{error}");
    }
    let mut job = aside::Aside::start(aside::Job::Rebuild, connection);
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(job.ended());
    let (connection, result) = job.end().unwrap();
    result.unwrap();
    connection.execute("DELETE FROM messages WHERE seq % 8 > 0", []).unwrap();
    let map: i64 = connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0)).unwrap();
    let memory: i64 = connection.query_row("PRAGMA temp_store", [], |row| row.get(0)).unwrap();
    assert_eq!((map, memory), (2, 2));
    check::thorough(&connection).unwrap();
}

#[test]
fn a_file_is_looked_through_once_a_week() {
    let folder = tempfile::tempdir().unwrap();
    let connection = schema::open(&folder.path().join("m.db")).unwrap();
    assert!(aside::check_is_due(&connection, now()).unwrap());
    let mut job = aside::Aside::start(aside::Job::Check, connection);
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(job.ended());
    let (connection, result) = job.end().unwrap();
    result.unwrap();
    assert!(!aside::check_is_due(&connection, now()).unwrap());
    assert!(aside::check_is_due(&connection, now() + 8 * DAY).unwrap());
    assert!(aside::check_is_due(&connection, now() - 8 * DAY).unwrap(), "the clock was ahead");
}
