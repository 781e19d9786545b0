//! Out into a file and in again: everything, once, and nothing that was there already.

use std::fs;

use proptest::{collection::vec, prelude::*};
use rusqlite::{params, types::Value};

use super::*;

/// Everything but the number.
const ALL: &str = "SELECT sender, id, channel, kind, priority, received_at, sent_at, expires_at, reply_to, state, seen,
                          receipt, receipt_at, payload FROM messages ORDER BY seq";

impl Fixture {
    async fn all(&self) -> Vec<Vec<Value>> {
        let read = self.store.read(|connection| {
            let mut statement = connection.prepare(ALL)?;
            let rows = statement.query_map([], |row| (0..14).map(|column| row.get(column)).collect())?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.await.unwrap()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("messages.jsonl")
    }
}

fn imported(added: u64, there_already: u64, unreadable_lines: u64) -> Imported {
    Imported { added, there_already, unreadable_lines }
}

#[tokio::test]
async fn a_line_holds_the_envelope_as_it_came_and_what_we_know_beside_it() {
    let mut at = Fixture::new();
    let spread = b"{\"type\": \"log\",\n \"data\": 1}".to_vec();
    at.arrive_bytes(vec![task("a", "x").to_string().into_bytes(), spread, b"\xff".to_vec()]).await;
    at.reply(1, ReplyStatus::Done, "").await.unwrap();
    assert_eq!(at.store.export(&at.file()).await.unwrap(), 3);
    let text = fs::read_to_string(at.file()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let start = format!("{{\"message\":{},\"heliograph\":{{\"channel\":\"helios→chad\"", task("a", "x"));
    assert!(lines[0].starts_with(&start), "{}", lines[0]);
    let lines: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["heliograph"]["state"], "done");
    assert_eq!(lines[1]["message"], json!({"type": "log", "data": 1}));
    assert_eq!(
        lines[2],
        json!({"heliograph":
            {"channel": "helios→chad", "received_at": 1000, "seen": false, "bytes": "/w==", "more": {"ways": 1}}})
    );
    let names: Vec<_> = fs::read_dir(at.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("part")), "{names:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(at.file()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_is_there_already_stays_as_it_is() {
    let mut at = Fixture::new();
    let nameless = json!({"from": "helios", "type": "log", "data": "again"});
    at.arrive(&[task("a", "x"), nameless.clone(), nameless.clone()]).await;
    at.store.export(&at.file()).await.unwrap();
    at.reply(1, ReplyStatus::Done, "").await.unwrap();
    assert_eq!(at.store.import(&at.file()).await.unwrap(), imported(0, 3, 0));
    assert_eq!(at.rows(Filter::Answered, "").await.len(), 1, "the task is answered still");
    // One more of the same is one more.
    let text = fs::read_to_string(at.file()).unwrap();
    fs::write(at.file(), format!("{text}\n{}\n", text.lines().last().unwrap())).unwrap();
    assert_eq!(at.store.import(&at.file()).await.unwrap(), imported(1, 3, 0));
    assert_eq!(at.store.import(&at.file()).await.unwrap(), imported(0, 4, 0));
}

#[tokio::test]
async fn lines_that_are_none_of_ours_are_counted_and_passed_over() {
    let at = Fixture::new();
    let good = r#"{"message":{"type":"log"},"heliograph":{"channel":"c","received_at":5,"seen":true,"later":1}}"#;
    let deep = "[".repeat(100_000);
    fs::write(at.file(), format!("\n\nno json\n{{}}\n{good}\n[1]\n{deep}\n\u{0}\n")).unwrap();
    assert_eq!(at.store.import(&at.file()).await.unwrap(), imported(1, 0, 5));
    let missing = at.store.import(&at.folder.path().join("missing")).await.unwrap_err();
    assert_eq!(missing.code, TroubleCode::NotPossible);
    let unwritable = at.store.export(&at.folder.path().join("no/such/folder")).await.unwrap_err();
    assert_eq!(unwritable.code, TroubleCode::NotPossible);
}

#[tokio::test]
async fn what_is_taken_in_is_found_and_neither_received_nor_notified_again() {
    let mut from = Fixture::new();
    let tasks: Vec<_> = (0..450).map(|n| task(&n.to_string(), &format!("word{n}"))).collect();
    from.arrive(&tasks).await;
    from.store.export(&from.file()).await.unwrap();
    for used in [false, true] {
        let mut at = Fixture::new();
        if used {
            at.arrive(&[task("new", "x")]).await;
        }
        let before = i64::from(used);
        assert_eq!(at.store.import(&from.file()).await.unwrap(), imported(450, 0, 0));
        assert!(at.committed.try_recv().is_err(), "nothing is notified");
        assert_eq!(at.store.receipts(names(), true, 10, 0).await.unwrap().0.len(), usize::from(used));
        within(at.store.inbox().wait_for(|inbox| inbox.counts.open == 450 + u32::from(used))).await.unwrap();
        assert_eq!(at.rows(Filter::Open, "word449").await.len(), 1);
        assert_eq!(at.rows(Filter::Open, "word17").await.pop().unwrap().title, "word17");
        let newest = at.arrive(&[task("later", "x")]).await.newest;
        assert_eq!(newest, if used { 2 } else { 451 });
        let receipts = at.store.receipts(names(), true, 10, 0).await.unwrap().0;
        assert_eq!(receipts.last().unwrap().about, newest, "what comes then is received");
        assert_eq!(receipts.len(), 1 + usize::try_from(before).unwrap());
        let rows = at.rows(Filter::All, "").await;
        assert_eq!((rows[0].seq, rows.last().unwrap().title.as_str()), (newest, "word0"), "in their order");
    }
}

/// A column of a later version goes out and comes in without a word here.
#[tokio::test]
async fn columns_that_have_no_word_yet_are_carried_along() {
    let mut at = Fixture::new();
    let mut other = Fixture::new();
    for fixture in [&at, &other] {
        let add = |connection: &mut Connection| {
            Ok(connection.execute_batch("ALTER TABLE messages ADD COLUMN hue TEXT NOT NULL DEFAULT 'red'")?)
        };
        fixture.store.note(add).await.unwrap();
    }
    at.arrive(&[task("a", "x")]).await;
    at.store.note(|connection| Ok(connection.execute("UPDATE messages SET hue = 'blue'", [])?)).await.unwrap();
    at.store.export(&at.file()).await.unwrap();
    other.arrive(&[task("b", "x")]).await;
    other.store.import(&at.file()).await.unwrap();
    let hues = other.store.read(|connection| {
        let mut statement = connection.prepare("SELECT hue FROM messages ORDER BY seq")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    assert_eq!(hues.await.unwrap(), ["blue", "red"]);
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![Just(None), (0..20_u8).prop_map(Some)];
    let envelope = (id, "[a-z]{0,3}", prop_oneof![Just("task"), Just("log"), Just("alert")], ".{0,12}");
    let object = envelope.prop_map(|(id, from, kind, data)| {
        let mut object = json!({"from": from, "type": kind, "data": data, "timestamp": 5.5});
        if let Some(id) = id {
            object["id"] = id.into();
        }
        object
    });
    prop_oneof![
        4 => object.clone().prop_map(|object| object.to_string().into_bytes()),
        1 => object.clone().prop_map(|object| serde_json::to_vec_pretty(&object).unwrap()),
        1 => object.prop_map(|object| format!("\u{feff} {object}\t").into_bytes()),
        1 => vec(any::<u8>(), 0..8),
        1 => Just(b"{\"a\": 1e400, \"a\": 2}".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_export_comes_back_as_it_went(
        messages in vec((payload(), 0..3_i64, 1..7_i64, any::<bool>(), 0..3_i64), 1..40),
        already in vec(any::<bool>(), 40),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut from = Fixture::new();
            let batch: Vec<_> = messages
                .iter()
                .map(|(payload, at, ..)| Arrival { at: *at, ..arrival(payload.clone()) })
                .collect();
            from.store.arrivals().send(batch.clone()).await.unwrap();
            within(from.committed.recv()).await.unwrap();
            let states: Vec<_> = messages.iter().map(|(_, _, state, seen, receipt)| (*state, *seen, *receipt)).collect();
            from.store.note(move |connection| {
                for (seq, (state, seen, receipt)) in (1_i64..).zip(states) {
                    connection.execute(
                        "UPDATE messages SET state = ?2, seen = ?3, receipt = ?4, receipt_at = 9
                         WHERE seq = ?1 AND state > 0",
                        params![seq, state, seen, receipt],
                    )?;
                }
                Ok(())
            }).await.unwrap();
            let all = from.all().await;
            let count = all.len() as u64;
            assert_eq!(from.store.export(&from.file()).await.unwrap(), count);
            assert_eq!(from.store.import(&from.file()).await.unwrap(), imported(0, count, 0));
            assert_eq!(from.all().await, all);

            let empty = Fixture::new();
            assert_eq!(empty.store.import(&from.file()).await.unwrap(), imported(count, 0, 0));
            assert_eq!(empty.all().await, all);
            assert_eq!(empty.store.import(&from.file()).await.unwrap(), imported(0, count, 0));

            // Into a store that has some of them.
            let mut some = Fixture::new();
            let there: Vec<_> = batch.into_iter().zip(already).filter(|(_, there)| *there).map(|(one, _)| one).collect();
            if !there.is_empty() {
                some.store.arrivals().send(there).await.unwrap();
                within(some.committed.recv()).await.unwrap();
            }
            some.store.import(&from.file()).await.unwrap();
            let payloads = |rows: &[Vec<Value>]| {
                let mut keys: Vec<_> = rows.iter().map(|row| format!("{:?}", (&row[0], &row[1], &row[5], &row[13]))).collect();
                keys.sort();
                keys
            };
            let same = |rows: &[Vec<Value>]| rows.iter().filter(|row| row[1] == Value::Null).count();
            let merged = some.all().await;
            assert_eq!(merged.len(), all.len());
            assert_eq!(same(&merged), same(&all));
            if all.iter().all(|row| row[1] == Value::Null) {
                assert_eq!(payloads(&merged), payloads(&all));
            }
        });
    }
}
