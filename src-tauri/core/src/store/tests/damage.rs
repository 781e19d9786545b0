//! Files that are damaged in every way: what was in them, and what becomes of them.

use std::{fs, io::Write as _, path::PathBuf};

use super::*;

const MESSAGES: i64 = 3_000;
const PAGE: usize = schema::PAGE as usize;

/// A file with many messages, one answered and one large, a letter, a gap, a cursor and small state; closed.
async fn filled() -> (TempDir, PathBuf) {
    let mut at = Fixture::new();
    let tasks: Vec<_> = (1..MESSAGES).map(|n| task(&n.to_string(), &format!("task {n}"))).collect();
    at.arrive(&tasks).await;
    at.arrive(&[task("large", &"x".repeat(50_000))]).await;
    at.reply(1_500, ReplyStatus::Done, "well done").await.unwrap();
    at.store.sent(vec![(1, Sent::Unheard)], 6_000).await.unwrap();
    at.store.add_gap(10, 20, "asleep".into()).await.unwrap();
    at.store.save_heard(Some(9_000), Vec::new()).await.unwrap();
    at.store.keep("guide", &json!({"step": 3})).await.unwrap();
    within(at.store.stop()).await;
    let path = at.folder.path().join("m.db");
    // The reader may have the file open for a moment longer, and the log with it.
    let closing = schema::open(&path).unwrap();
    closing.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(closing);
    (at.folder, path)
}

struct After {
    at: Fixture,
    trouble: Trouble,
    messages: i64,
}

impl After {
    /// Opens the store on the damaged file, and waits until all goes on.
    async fn rescue(folder: TempDir) -> Self {
        let at = Fixture::at(folder);
        let mut notice = at.store.notice();
        let trouble = within(notice.wait_for(Option::is_some)).await.unwrap().clone().unwrap();
        within(at.store.inbox().wait_for(|inbox| inbox.file > 0)).await.unwrap();
        within(at.store.health().wait_for(Option::is_none)).await.unwrap();
        assert_eq!(trouble.code, TroubleCode::StoreDamaged);
        let messages = at.one("SELECT count(*) FROM messages").await;
        assert_eq!(at.one("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'").await, 1);
        assert_eq!(at.one("SELECT count(*) FROM pragma_foreign_key_check").await, 0);
        Self { at, trouble, messages }
    }

    /// The state of everything apart from the messages.
    async fn assert_rest(&self) {
        assert_eq!(self.at.one("SELECT state FROM messages WHERE seq = 1500").await, 3);
        assert_eq!(self.at.one("SELECT state FROM outbox WHERE about = 1500").await, 1);
        assert_eq!(self.at.one("SELECT until FROM gaps").await, 20);
        assert_eq!(self.at.store.listened_until(10_000).await.unwrap(), 9_000);
        assert_eq!(self.at.store.kept("guide").await.unwrap(), Some(json!({"step": 3})));
        assert_eq!(self.at.one("SELECT length(payload) > 50000 FROM messages WHERE id = 'large'").await, 1);
    }

    /// What stands beside the new file.
    fn aside(&self) -> Vec<String> {
        let names = fs::read_dir(self.at.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| !name.starts_with("m.db"));
        names.sort();
        names
    }
}

impl Fixture {
    async fn one(&self, sql: &'static str) -> i64 {
        self.store.read(move |connection| Ok(connection.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
    }
}

/// Writes over a part of a file.
fn write_at(path: &Path, at: usize, bytes: &[u8]) {
    let mut whole = fs::read(path).unwrap();
    whole[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(path, whole).unwrap();
}

#[tokio::test]
async fn garbage_over_the_header_costs_nothing() {
    let (folder, path) = filled().await;
    write_at(&path, 0, &[0xa5; 100]);
    let damaged = fs::read(&path).unwrap();
    let after = After::rescue(folder).await;
    assert_eq!(after.messages, MESSAGES);
    after.assert_rest().await;
    let names = after.aside();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].starts_with("m-damaged-20"), "{names:?}");
    let aside = after.at.folder.path().join(&names[0]);
    assert_eq!(fs::read(&aside).unwrap(), damaged, "it is kept as it was");
    assert!(after.trouble.message.contains("3000 messages were saved"), "{}", after.trouble.message);
    assert!(after.trouble.remedy.contains(&*aside.to_string_lossy()), "{}", after.trouble.remedy);
}

#[tokio::test]
async fn garbage_over_the_whole_first_page_costs_nothing() {
    let (folder, path) = filled().await;
    write_at(&path, 0, &[0xa5; PAGE]);
    let after = After::rescue(folder).await;
    assert_eq!(after.messages, MESSAGES);
    after.assert_rest().await;
}

#[tokio::test]
async fn a_page_of_zeros_costs_what_stood_on_it() {
    let (_keep, path) = filled().await;
    let pages = fs::metadata(&path).unwrap().len() / PAGE as u64;
    let sound = fs::read(&path).unwrap();
    let mut least = MESSAGES;
    for page in (1..pages).step_by(usize::try_from(pages / 12).unwrap()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.db");
        fs::write(&path, &sound).unwrap();
        write_at(&path, usize::try_from(page).unwrap() * PAGE, &[0; PAGE]);
        let after = After::rescue(folder).await;
        least = least.min(after.messages);
        assert!(after.messages >= MESSAGES - 120, "page {page}: {} messages", after.messages);
    }
    assert!(least < MESSAGES, "one of the pages held messages");
}

#[tokio::test]
async fn the_first_part_of_a_file_that_was_cut_off_is_saved() {
    let (folder, path) = filled().await;
    let length = fs::metadata(&path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2 + 1_000).unwrap();
    let after = After::rescue(folder).await;
    assert!((MESSAGES / 4..MESSAGES).contains(&after.messages), "{} messages", after.messages);
    assert!(after.trouble.message.contains("what could not be read is missing"), "{}", after.trouble.message);
}

#[tokio::test]
async fn what_is_no_database_is_set_aside_and_what_was_held_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let text = "this is no database, and it is long enough to be seen as none".repeat(100);
    fs::write(folder.path().join("m.db"), &text).unwrap();
    let mut after = After::rescue(folder).await;
    assert_eq!(after.messages, 0);
    assert_eq!(fs::read_to_string(after.at.folder.path().join(&after.aside()[0])).unwrap(), text);
    assert_eq!(after.at.arrive(&[task("a", "goes on")]).await.newest, 1);
    assert!(after.trouble.message.contains("No message could be saved"), "{}", after.trouble.message);
}

#[tokio::test]
async fn a_log_that_is_none_is_kept_and_the_file_too() {
    let (folder, path) = filled().await;
    let garbage = vec![0xa5; 100_000];
    fs::write(folder.path().join("m.db-wal"), &garbage).unwrap();
    let damaged = fs::read(&path).unwrap();
    let after = After::rescue(folder).await;
    assert_eq!(after.messages, MESSAGES);
    after.assert_rest().await;
    let kept = |name: &str| fs::read(after.at.folder.path().join(name)).unwrap();
    let names = after.aside();
    assert_eq!(kept(&names[0]), damaged);
    let log = names.iter().find(|name| name.ends_with("-wal")).unwrap();
    assert_eq!(kept(log), garbage);
}

#[tokio::test]
async fn what_stands_in_the_log_alone_is_saved_although_the_header_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let connection = schema::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0;
             INSERT INTO messages (sender, channel, kind, priority, received_at, state, payload)
             VALUES ('helios', 'c', 'log', 1, 1, 0, x'41')",
        )
        .unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    for end in ["", "-wal"] {
        let name = format!("m.db{end}");
        fs::copy(folder.path().join(&name), elsewhere.path().join(&name)).unwrap();
    }
    write_at(&elsewhere.path().join("m.db"), 0, &[0xa5; 100]);
    let after = After::rescue(elsewhere).await;
    assert_eq!(after.messages, 1);
    let ends: Vec<_> = after.aside().into_iter().map(|name| name.ends_with("-wal")).collect();
    assert!(ends.contains(&true), "the log is kept beside it");
}

#[tokio::test]
async fn two_damaged_files_of_one_day_have_two_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    fs::write(&path, "no database".repeat(1_000)).unwrap();
    let mut after = After::rescue(folder).await;
    within(after.at.store.stop()).await;
    fs::write(after.at.folder.path().join("m.db"), "no database again".repeat(1_000)).unwrap();
    after = After::rescue(after.at.folder).await;
    assert_eq!(after.aside().iter().filter(|name| !name.contains(".db-")).count(), 2, "{:?}", after.aside());
}

#[tokio::test]
async fn a_rescue_that_was_cut_short_is_finished() {
    let (folder, path) = filled().await;
    fs::rename(&path, folder.path().join("m-saved.db")).unwrap();
    let mut old = fs::File::create(&path).unwrap();
    old.write_all(&b"the damaged one".repeat(1_000)).unwrap();
    fs::write(folder.path().join("m-saving.db"), "begun").unwrap();
    let at = Fixture::at(folder);
    within(at.store.inbox().wait_for(|inbox| inbox.file > 0)).await.unwrap();
    assert_eq!(at.one("SELECT count(*) FROM messages").await, MESSAGES);
    let damaged = fs::read_dir(at.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let damaged = damaged.filter(|path| path.to_string_lossy().contains("damaged")).collect::<Vec<_>>();
    assert!(fs::read(&damaged[0]).unwrap().starts_with(b"the damaged one"));
}

#[tokio::test]
async fn damage_that_is_found_while_reading_is_mended_without_a_restart() {
    let mut at = Fixture::new();
    at.arrive(&[task("a", "x")]).await;
    let found = at.store.read(|_| Err::<(), _>(StoreError::Damaged("a page".into()))).await.unwrap_err();
    assert_eq!(found.code, TroubleCode::StoreDamaged);
    within(at.store.notice().wait_for(Option::is_some)).await.unwrap();
    within(at.store.inbox().wait_for(|inbox| inbox.file == 2)).await.unwrap();
    assert_eq!(at.rows(Filter::Open, "").await.len(), 1);
    // Whoever still reads from the old one changes nothing.
    at.store.orders.send(Order::Damaged(1, "an old page".into())).await.unwrap();
    at.arrive(&[task("b", "y")]).await;
    assert_eq!(at.store.inbox().borrow().file, 2);
}
