//! The store as the engine uses it, on a real file.

mod damage;
mod full;
mod haste;
mod keeping;
mod portable;

use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::message::{Priority, read};

struct Fixture {
    store: Store,
    committed: mpsc::Receiver<Committed>,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn at(folder: TempDir) -> Self {
        let (sender, committed) = mpsc::channel(64);
        let store = Store::open(folder.path().join("m.db"), sender);
        Self { store, committed, folder }
    }

    async fn arrive(&mut self, messages: &[serde_json::Value]) -> Committed {
        self.arrive_bytes(messages.iter().map(|message| message.to_string().into_bytes()).collect()).await
    }

    async fn arrive_bytes(&mut self, payloads: Vec<Vec<u8>>) -> Committed {
        self.store.arrivals().send(payloads.into_iter().map(arrival).collect()).await.unwrap();
        within(self.committed.recv()).await.unwrap()
    }

    async fn rows(&self, filter: Filter, search: &str) -> Vec<Row> {
        let request = ListRequest { filter, search: search.into(), limit: 500, ..ListRequest::default() };
        self.store.list(request).await.unwrap().rows
    }

    async fn reply(&self, seq: i64, status: ReplyStatus, text: &str) -> Result<(), Trouble> {
        self.store.reply(names(), seq, status, text.into(), 5_000).await
    }
}

fn arrival(payload: Vec<u8>) -> Arrival {
    let channel = "helios→chad";
    let header = read(channel, &payload);
    let notable = header.kind == Kind::Task;
    Arrival::live(channel.into(), header, payload, 1_000, notable)
}

fn names() -> Names {
    Names { me: "chad".into(), peers: vec!["helios".into()] }
}

fn task(id: &str, what: &str) -> serde_json::Value {
    json!({"from": "helios", "type": "task", "id": id, "data": {"what": what}})
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), what).await.expect("within ten seconds")
}

#[tokio::test]
async fn whoever_reads_first_waits_until_the_file_is_there() {
    for _ in 0..10 {
        assert_eq!(Fixture::new().rows(Filter::All, "").await, []);
    }
}

#[tokio::test]
async fn what_arrives_is_listed_newest_first_and_counted() {
    let mut at = Fixture::new();
    let committed = at.arrive(&[task("a", "first"), task("b", "second"), json!({"type": "log", "data": "x"})]).await;
    assert_eq!((committed.rows, committed.notable, committed.newest), (3, 2, 3));
    let titles: Vec<_> = at.rows(Filter::Open, "").await.into_iter().map(|row| row.title).collect();
    assert_eq!(titles, ["second", "first"]);
    assert_eq!(at.rows(Filter::Feed, "").await.len(), 1);
    assert_eq!(at.store.inbox().borrow().counts, Counts { open: 2, unread: 2, unreadable: 0 });
}

#[tokio::test]
async fn the_same_message_is_kept_once_and_one_without_id_is_like_no_other() {
    let mut at = Fixture::new();
    let nameless = json!({"from": "helios", "type": "task", "data": {"what": "again"}});
    let committed = at.arrive(&[task("a", "x"), task("a", "x"), nameless.clone(), nameless]).await;
    assert_eq!(committed.rows, 3);
}

#[tokio::test]
async fn every_payload_is_kept_byte_for_byte() {
    let mut at = Fixture::new();
    let payloads = vec![b"\xff\x00\xfe".to_vec(), Vec::new(), "x".repeat(1_000_000).into_bytes(), b"{}".to_vec()];
    let committed = at.arrive_bytes(payloads.clone()).await;
    assert_eq!((committed.rows, committed.unreadable), (4, 3));
    let kept = at
        .store
        .read(|connection| {
            let mut statement = connection.prepare("SELECT payload FROM messages ORDER BY seq")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<Vec<Vec<u8>>, _>>()?)
        })
        .await
        .unwrap();
    assert_eq!(kept, payloads);
    assert_eq!(at.store.detail(3).await.unwrap().bytes, 1_000_000);
}

#[tokio::test]
async fn an_answer_changes_the_task_and_waits_in_the_outbox() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x")]).await;
    at.reply(1, ReplyStatus::Accepted, "on it").await.unwrap();
    let row = at.rows(Filter::Open, "").await.remove(0);
    assert_eq!((row.state, row.unread, row.heard), (Some(TaskState::Accepted), false, Some(false)));
    assert_eq!(row.answer.as_deref(), Some("on it"));
    at.reply(1, ReplyStatus::Done, r#"{"n": 1}"#).await.unwrap();
    let refused = at.reply(1, ReplyStatus::Failed, "").await.unwrap_err();
    assert_eq!(refused.code, TroubleCode::NotPossible);
    assert!(at.rows(Filter::Open, "").await.is_empty());
    assert_eq!(at.rows(Filter::Answered, "").await.len(), 1);
    let waiting = at.store.waiting(10, false).await.unwrap();
    let data: Vec<serde_json::Value> = waiting
        .iter()
        .map(|w| serde_json::from_slice::<serde_json::Value>(&w.payload).unwrap()["data"].clone())
        .collect();
    assert_eq!(data[0], json!({"task_id": "a", "status": "accepted", "note": "on it"}));
    assert_eq!(data[1], json!({"task_id": "a", "status": "done", "result": {"n": 1}}));
    assert_eq!(waiting[0].channel, "chad→helios");
    assert_eq!(at.store.inbox().borrow().waiting_to_send, 2);
}

#[tokio::test]
async fn what_nobody_heard_goes_out_once_more_and_only_once() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x")]).await;
    at.reply(1, ReplyStatus::Done, "").await.unwrap();
    at.store.sent(vec![(1, Sent::Unheard)], 6_000).await.unwrap();
    assert!(at.store.waiting(10, false).await.unwrap().is_empty());
    assert_eq!(at.store.unheard_peers().await.unwrap(), ["helios"]);
    assert_eq!(at.store.revive("sol".into()).await.unwrap(), 0);
    assert_eq!(at.store.revive("helios".into()).await.unwrap(), 1);
    assert_eq!(at.store.waiting(10, false).await.unwrap().len(), 1);
    at.store.sent(vec![(1, Sent::Unheard)], 7_000).await.unwrap();
    assert_eq!(at.store.revive("helios".into()).await.unwrap(), 0);
}

#[tokio::test]
async fn an_answer_to_our_message_proves_it_heard() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x")]).await;
    at.reply(1, ReplyStatus::Done, "").await.unwrap();
    let payload = at.store.waiting(1, false).await.unwrap().remove(0).payload;
    let id = serde_json::from_slice::<serde_json::Value>(&payload).unwrap()["id"].clone();
    at.store.sent(vec![(1, Sent::Unheard)], 6_000).await.unwrap();
    at.arrive(&[json!({"from": "helios", "type": "ack", "reply_to": id})]).await;
    assert_eq!(at.rows(Filter::Answered, "").await[0].heard, Some(true));
    assert_eq!(at.store.revive("helios".into()).await.unwrap(), 0);
}

#[tokio::test]
async fn every_task_gets_one_receipt() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x"), json!({"type": "log"}), task("b", "y"), json!({"type": "log"})]).await;
    let (first, until) = at.store.receipts(names(), true, 1, 0).await.unwrap();
    assert_eq!((first[0].about, until), (1, 1));
    at.store.receipts_given(vec![(first[0].clone(), Sent::Heard)], until, 2_000).await.unwrap();
    let (second, until) = at.store.receipts(names(), true, 10, 0).await.unwrap();
    assert_eq!((second.len(), second[0].about, until), (1, 3, 4));
    at.store.receipts_given(vec![(second[0].clone(), Sent::Unheard)], until, 2_000).await.unwrap();
    assert!(at.store.receipts(names(), true, 10, 0).await.unwrap().0.is_empty());
    let texts: Vec<_> = at.store.detail(1).await.unwrap().timeline.into_iter().map(|moment| moment.text).collect();
    assert_eq!(texts, ["Arrived on helios→chad", "helios knows it was received"]);
    assert_eq!(at.store.revive("helios".into()).await.unwrap(), 1, "the unheard one waits in the outbox");
    at.store.sent(vec![(1, Sent::Heard)], 3_000).await.unwrap();
    let last = at.store.detail(3).await.unwrap().timeline.pop().unwrap();
    assert_eq!((last.at, last.text.as_str()), (3_000, "helios knows it was received"));
}

#[tokio::test]
async fn words_are_found_before_and_after_they_are_indexed() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "Rebuild the stagingindex"), task("b", "Renew the certificate")]).await;
    assert_eq!(at.rows(Filter::All, "certif").await.len(), 1, "at once");
    let indexed = || async { at.store.read(|c| cursors::read(c, search::CURSOR)).await.unwrap() == 2 };
    within(async {
        while !indexed().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(at.rows(Filter::All, "certif").await.len(), 1, "from the index");
    assert_eq!(at.rows(Filter::Answered, "certif").await.len(), 0);
    assert_eq!(at.rows(Filter::All, "\"*").await.len(), 0);
}

#[tokio::test]
async fn pages_stay_where_they_are_while_more_arrives() {
    let mut at = Fixture::new();
    let tasks: Vec<_> = (0..50).map(|n| task(&n.to_string(), &format!("task {n}"))).collect();
    at.arrive(&tasks).await;
    for filter in [Filter::Open, Filter::All] {
        let request = ListRequest { filter, limit: 10, ..ListRequest::default() };
        let first = at.store.list(request.clone()).await.unwrap();
        let before = at.store.inbox().borrow().newest;
        assert_eq!((i64::from(first.total), first.newer), (before, 0));
        at.arrive(&[task(&format!("later {filter:?}"), "later")]).await;
        let request = ListRequest { anchor: Some(first.anchor), offset: 10, ..request };
        let second = at.store.list(request).await.unwrap();
        assert_eq!((second.newer, second.rows[0].seq), (1, before - 10));
    }
}

#[tokio::test]
async fn a_gap_stands_between_what_came_before_and_after() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "before"), task("b", "before too")]).await;
    at.store.add_gap(10, 20, "asleep".into()).await.unwrap();
    at.arrive(&[task("c", "after")]).await;
    let rows = at.rows(Filter::Open, "").await;
    let gaps: Vec<_> = rows.iter().map(|row| row.gaps_after.len()).collect();
    assert_eq!(gaps, [0, 1, 0]);
    let request = ListRequest { filter: Filter::Open, offset: 2, limit: 5, ..ListRequest::default() };
    assert!(at.store.list(request).await.unwrap().rows[0].gaps_after.is_empty(), "a gap is on one page only");
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_held_is_lost() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x")]).await;
    set_size(&at.store, "(SELECT page_count FROM pragma_page_count)").await;
    let large = json!({"from": "helios", "type": "task", "id": "b", "data": "x".repeat(100_000)});
    at.store.arrivals().send(vec![arrival(large.to_string().into_bytes())]).await.unwrap();
    let mut health = at.store.health();
    let full = within(health.wait_for(Option::is_some)).await.unwrap().clone().unwrap();
    assert_eq!(full.code, TroubleCode::DiskFull);
    at.store.arrivals().send(vec![arrival(task("c", "z").to_string().into_bytes())]).await.unwrap();
    set_size(&at.store, "1000000").await;
    within(health.wait_for(Option::is_none)).await.unwrap();
    let mut rows = 0;
    while rows < 2 {
        rows += within(at.committed.recv()).await.unwrap().rows;
    }
    assert_eq!(at.rows(Filter::Open, "").await.len(), 3);
}

/// SQLite's own limit on the file's size gives the error that a full disk gives.
async fn set_size(store: &Store, pages: &'static str) {
    store
        .change(move |connection| {
            let pages: i64 = connection.query_row(&format!("SELECT {pages}"), [], |row| row.get(0))?;
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn readers_follow_to_a_new_file() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "old")]).await;
    assert_eq!(at.rows(Filter::Open, "").await.len(), 1);
    let path = at.folder.path().join("m.db");
    at.store
        .change(move |connection| {
            // What a damaged page looks like to the writer, in the shape that makes it open the file anew.
            std::fs::rename(&path, path.with_extension("aside")).unwrap();
            connection.execute_batch("DROP TABLE messages").map_err(StoreError::from)
        })
        .await
        .unwrap();
    at.store.arrivals().send(vec![arrival(task("b", "new").to_string().into_bytes())]).await.unwrap();
    assert_eq!(within(at.committed.recv()).await.unwrap().rows, 1);
    let titles: Vec<_> = at.rows(Filter::Open, "").await.into_iter().map(|row| row.title).collect();
    assert_eq!(titles, ["new"]);
}

#[tokio::test]
async fn any_word_may_be_a_type() {
    let mut at = Fixture::new();
    let committed = at.arrive(&[json!({"type": "unreadable", "data": "read well"})]).await;
    assert_eq!(committed.unreadable, 0);
    assert_eq!(at.rows(Filter::Feed, "").await[0].title, "read well");
    assert_eq!(at.store.inbox().borrow().counts.unreadable, 0);
}

#[tokio::test]
async fn many_messages_may_be_about_one_task() {
    let mut at = Fixture::new();
    let status = |what: &str| json!({"from": "helios", "type": "status", "data": {"task_id": "a", "status": what}});
    assert_eq!(at.arrive(&[status("begun"), status("done")]).await.rows, 2);
}

#[tokio::test]
async fn stopping_commits_what_has_arrived() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x")]).await;
    at.store.arrivals().send(vec![arrival(task("b", "y").to_string().into_bytes())]).await.unwrap();
    within(at.store.stop()).await;
    assert!(at.store.mark_read(1).await.is_err());
    let again = Fixture::at(at.folder);
    within(again.store.inbox().wait_for(|inbox| inbox.counts.open == 2)).await.unwrap();
}

#[tokio::test]
async fn letters_and_cursors_are_kept() {
    let mut at = Fixture::new();
    let letter = Letter {
        channel: "chad→helios".into(),
        kind: "message".into(),
        data: json!({"text": "hi"}),
        reply_to: None,
        priority: Priority::Urgent,
    };
    at.store.post(names(), letter, 1_000).await.unwrap();
    assert_eq!(at.store.waiting(5, false).await.unwrap()[0].kind, "message");
    let agent = KnownAgent { name: "helios".into(), last_heard: 7, interval_s: Some(60) };
    at.store.save_heard(Some(9), vec![agent.clone()]).await.unwrap();
    at.store.save_heard(Some(8), Vec::new()).await.unwrap();
    assert_eq!(at.store.listened_until(10).await.unwrap(), 8, "a clock that was set back is followed");
    assert_eq!(at.store.listened_until(7).await.unwrap(), 7, "nobody has listened in the future");
    assert_eq!(at.store.agents(5).await.unwrap(), [agent]);
    at.arrive(&[task("a", "x")]).await;
    assert_eq!(at.store.listened_until(2_000).await.unwrap(), 1_000, "a message was heard, too");
    assert_eq!(at.store.listened_until(999).await.unwrap(), 8, "by a clock that was set back since");
}

#[tokio::test]
async fn the_newest_open_tasks_stand_apart_from_what_is_answered() {
    let mut fixture = Fixture::new();
    fixture.arrive(&[task("1", "a"), task("2", "b"), task("3", "c")]).await;
    fixture.reply(3, ReplyStatus::Done, "").await.unwrap();
    let newest: Vec<_> = fixture.store.newest_open(3).await.unwrap().into_iter().map(|row| row.title).collect();
    assert_eq!(newest, ["b", "a"]);
    assert_eq!(fixture.store.newest_open(1).await.unwrap().len(), 1);
}

/// What a change of the outbox leaves uncounted is what it cannot alter.
#[tokio::test]
async fn counts_are_right_whatever_changed() {
    let mut fixture = Fixture::new();
    let mut inbox = fixture.store.inbox();
    fixture.arrive(&[task("1", "a"), task("2", "b")]).await;
    let letter = Letter {
        channel: "chad→helios".into(),
        kind: "note".into(),
        data: json!({}),
        reply_to: None,
        priority: Priority::Normal,
    };
    fixture.store.post(names(), letter, 2_000).await.unwrap();
    let counted = |state: &InboxState| (state.counts.open, state.counts.unread, state.waiting_to_send);
    within(inbox.wait_for(|state| counted(state) == (2, 2, 1))).await.unwrap();
    fixture.store.mark_read(1).await.unwrap();
    fixture.reply(2, ReplyStatus::Done, "").await.unwrap();
    within(inbox.wait_for(|state| counted(state) == (1, 0, 2))).await.unwrap();
}
