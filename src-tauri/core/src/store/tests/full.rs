//! A full disk: what is held is bounded, whoever brings more waits, and with room again all goes on in order.

use std::{fs, io::Write as _, path::PathBuf, process::Command};

use super::*;

/// What makes the disk full, and gives room again.
enum Disk {
    /// A small file system of its own, and a file that fills it.
    Small(PathBuf),
    /// SQLite's own limit on the file's size, which gives the same error.
    Limit,
}

impl Disk {
    /// A small file system, where we may mount one; otherwise SQLite's limit.
    fn at(folder: &Path) -> Self {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=96m", "tmpfs"]).arg(folder).status();
        if mounted.is_ok_and(|status| status.success()) { Self::Small(folder.to_owned()) } else { Self::Limit }
    }

    async fn fill(&self, store: &Store) {
        let Self::Small(folder) = self else {
            return set_size(store, "(SELECT page_count FROM pragma_page_count)").await;
        };
        let mut filler = fs::File::create(folder.join("filler")).unwrap();
        for size in [65_536, 4_096, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    async fn make_room(&self, store: &Store) {
        match self {
            Self::Small(folder) => fs::remove_file(folder.join("filler")).unwrap(),
            Self::Limit => set_size(store, "1000000").await,
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Small(folder) = self {
            // Lazily: the store's threads may have their files open for a moment longer.
            let _ = Command::new("umount").arg("-l").arg(folder).status();
        }
    }
}

fn numbered(number: usize, size: usize) -> Arrival {
    let message = json!({"from": "helios", "type": "log", "id": number.to_string(), "data": "x".repeat(size)});
    arrival(message.to_string().into_bytes())
}

/// Brings messages to a full disk until it has to wait, then makes room. Returns how many were taken in before that.
async fn full_and_room_again(disk: Disk, folder: TempDir, batch: usize, size: usize) -> usize {
    let mut at = Fixture::at(folder);
    at.arrive(&[task("first", "x")]).await;
    disk.fill(&at.store).await;
    let arrivals = at.store.arrivals();
    let mut health = at.store.health();
    let mut taken = 0;
    let mut numbers = 0..;
    let mut next = || numbers.by_ref().take(batch).map(|number| numbered(number, size)).collect::<Vec<_>>();
    let waiting = loop {
        let mut send = Box::pin(arrivals.send(next()));
        // It is taken at once, or nothing is taken at all until there is room.
        if timeout(Duration::from_secs(1), &mut send).await.is_err() {
            break send;
        }
        taken += batch;
    };
    let full = within(health.wait_for(Option::is_some)).await.unwrap().clone().unwrap();
    assert_eq!(full.code, TroubleCode::DiskFull);
    assert!(full.message.contains("disk is full"), "{}", full.message);
    if matches!(disk, Disk::Small(_)) {
        // Below SQLite's limit there may be room in a page yet.
        assert_eq!(at.store.mark_read(1).await.map_err(|trouble| trouble.code), Err(TroubleCode::DiskFull));
    }
    disk.make_room(&at.store).await;
    within(waiting).await.unwrap();
    within(health.wait_for(Option::is_none)).await.unwrap();
    let mut rows = 0;
    while rows < taken + batch {
        rows += within(at.committed.recv()).await.unwrap().rows as usize;
    }
    assert_eq!(rows, taken + batch);
    at.store.mark_read(1).await.unwrap();
    let ids = at.store.read(|connection| {
        let mut statement = connection.prepare("SELECT id FROM messages WHERE seq > 1 ORDER BY seq")?;
        let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(ids.map(|id| id.map(|id| id.parse().unwrap())).collect::<Result<Vec<usize>, _>>()?)
    });
    assert_eq!(ids.await.unwrap(), (0..taken + batch).collect::<Vec<_>>(), "in order, nothing lost, nothing twice");
    within(at.store.stop()).await;
    taken
}

#[tokio::test]
async fn large_messages_are_held_up_to_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::at(folder.path());
    let taken = full_and_room_again(disk, folder, 10, 100_000).await;
    // 16 MB are held, eight batches wait, and one was on its way.
    assert!((160..=270).contains(&taken), "{taken}");
}

#[tokio::test]
async fn small_messages_are_held_up_to_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::at(folder.path());
    let taken = full_and_room_again(disk, folder, 1_000, 1).await;
    assert!((20_000..=55_000).contains(&taken), "{taken}");
}

#[tokio::test]
async fn a_limit_on_the_file_is_as_good_as_a_full_disk() {
    full_and_room_again(Disk::Limit, tempfile::tempdir().unwrap(), 10, 100_000).await;
}

#[tokio::test]
async fn what_was_fetched_is_refused_and_can_be_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::at(folder.path());
    let mut at = Fixture::at(folder);
    at.arrive(&[task("first", "x")]).await;
    disk.fill(&at.store).await;
    let page = || Page { arrivals: vec![numbered(1, 1_000_000)], ..Page::default() };
    let refused = within(at.store.take(page())).await.map_err(|trouble| trouble.code);
    assert_eq!(refused, Err(TroubleCode::DiskFull));
    // Nothing is held that could be tried again when the time for that has come, and all goes on past it.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let refused = within(at.store.take(page())).await.map_err(|trouble| trouble.code);
    assert_eq!(refused, Err(TroubleCode::DiskFull));
    disk.make_room(&at.store).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    within(at.store.take(page())).await.unwrap();
    assert!(at.store.health().borrow().is_none());
    within(at.store.stop()).await;
}
