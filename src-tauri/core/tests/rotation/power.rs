//! The power fails at every stage: the store is what it was when it was last flushed, and the world is further.
//!
//! What is imitated: with `synchronous=FULL` a commit is flushed into the log before anybody is told of it, so a power
//! cut leaves the log up to a commit. As soon as a stage is on the disk the files are copied (log first), the engine is
//! ended in the middle of what it does, and the copy is put in the files' place: cut off behind the last commit that
//! speaks of the stage; or in front of the first one that does, with that one half written and zeros behind. The second
//! is more than a power cut does, for the stage's work has begun by then: it is a disk that lies about flushing. Server,
//! service and keychain stay as they are, or the keychain is set to what it is in the middle of a stage, or before.
//!
//! What is not: pages of the file itself that were written half while the log was folded into it (SQLite writes them
//! again from the log, which is flushed before), settings, and a keychain's own file that is damaged. The engine ends
//! in order here; by SIGKILL it ends in the tests of the whole program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use heliograph_core::{
    credentials::{Item, Keychain},
    rotation::{RotationAsk, RotationOutcome, RotationReason, RotationView},
};
use tempfile::TempDir;

use crate::{
    journal::{STAGES, place, standing, until},
    session::within,
    world::World,
};

/// What is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Every commit up to the last one of the stage.
    Behind,
    /// The stage's first commit is half written.
    Within,
}

/// What is in the keychain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// What was there when the engine ended.
    AsItWas,
    /// The new address in both places.
    Twice,
    /// The new address in the old one's place alone.
    Moved,
    /// The old address alone: nothing of the rotation was flushed.
    Nothing,
}

fn log_of(database: &Path) -> PathBuf {
    database.with_extension("db-wal")
}

/// The file and its log as they are now, in a folder of their own. The log first: what is folded into the file
/// meanwhile stands in both.
pub(crate) fn copied(database: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg(log_of(database)).arg(database).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    folder
}

/// Where each commit in a log ends.
fn commits(log: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let frame = 24 + usize::try_from(number(8)).unwrap();
    let whole = (32..).step_by(frame).take_while(|at| at + frame <= log.len());
    // What is left of an earlier round of the log has other salts.
    let valid = whole.take_while(|at| log[at + 8..at + 16] == log[16..24]);
    valid.filter(|at| number(at + 4) != 0).map(|at| at + frame).collect()
}

/// Cuts the copied log, so that the store is as the power cut left it.
pub(crate) fn cut(database: &Path, stage: &str, cut: Cut) {
    let path = log_of(database);
    let log = fs::read(&path).unwrap();
    let ends = commits(&log);
    let says = |end: usize| {
        fs::write(&path, &log[..end]).unwrap();
        let _ = fs::remove_file(database.with_extension("db-shm"));
        standing(database).is_some_and(|standing| standing.stage == stage && !standing.ended)
    };
    let last = ends.iter().rposition(|end| says(*end)).unwrap_or_else(|| panic!("{stage} was never on the disk"));
    let left = match cut {
        Cut::Behind => log[..ends[last]].to_vec(),
        Cut::Within => {
            let before = ends[..last].iter().rposition(|end| !says(*end)).expect("the log goes back so far");
            let (from, to) = (ends[before], ends[before + 1]);
            let half = from + (to - from) / 2;
            [&log[..half], &vec![0; to - half]].concat()
        }
    };
    fs::write(&path, left).unwrap();
    let _ = fs::remove_file(database.with_extension("db-shm"));
    assert_eq!(standing(database).is_some_and(|standing| standing.stage == stage), cut == Cut::Behind);
}

/// Puts the copy in the files' place. As another file: of one that was open in this process SQLite remembers things.
pub(crate) fn put_back(copy: &TempDir, database: &Path) {
    for file in [database.with_extension("db-shm"), log_of(database), database.to_owned()] {
        let _ = fs::remove_file(file);
    }
    for file in ["messages.db", "messages.db-wal"] {
        fs::copy(copy.path().join(file), database.with_file_name(file)).unwrap();
    }
}

async fn keep(world: &World, old: &secrecy::SecretString, kept: Kept) {
    let keychain = Keychain::new(false);
    let (address, next) = match kept {
        Kept::AsItWas => return,
        Kept::Twice => (world.url(), Some(world.url())),
        Kept::Moved => (world.url(), None),
        Kept::Nothing => (old.clone(), None),
    };
    keychain.write(Item::Address, &address).await.unwrap();
    match next {
        Some(next) => keychain.write(Item::NextAddress, &next).await.unwrap(),
        None => keychain.delete(Item::NextAddress).await.unwrap(),
    }
}

fn power_fails(name: &str, stage: &'static str, lost: Cut, kept: Kept) {
    within(name, async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        if stage == "reset" {
            world.resets_late(Duration::from_secs(20));
        }
        let (old, database) = (world.url(), world.home("one").database());
        let sight = until(&database, &STAGES, stage);
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        if stage == "reset" {
            world.until_reset().await;
        }
        if stage == "receipt" {
            world.until(&engine, |view| view.helios_behind_since.is_some()).await;
            engine.rotation().finish().unwrap();
        }
        tokio::task::spawn_blocking(|| sight.join().unwrap()).await.unwrap();
        let copy = copied(&database);
        engine.stop().await;
        world.upstash.behave();
        cut(&copy.path().join("messages.db"), stage, lost);
        put_back(&copy, &database);
        keep(&world, &old, kept).await;
        let resets = world.resets();
        // Where even that was done, there is nothing more to be found out.
        let moved = resets == 1 && world.url_of_keychain("one").await == crate::world::exposed(&world.url());
        let engine = world.engine("one").await;
        let over = |view: &RotationView| match view.outcome {
            Some(RotationOutcome::Done | RotationOutcome::Adopted) => true,
            Some(RotationOutcome::Unchanged) => resets == 0 || moved,
            // One that was not even written down was never begun.
            None => resets == 0 && view.id.is_none() && view.due.since.is_some(),
            Some(RotationOutcome::Undone) => false,
        };
        let asks = |view: &RotationView| view.asks.as_ref().is_some_and(|asks| asks.what == RotationAsk::Address);
        let waits = |view: &RotationView| over(view) || view.helios_behind_since.is_some();
        let mut view = world.until(&engine, |view| waits(view) || asks(view)).await;
        if asks(&view) {
            assert_eq!(lost, Cut::Within, "the journal says enough: {view:#?}");
            engine.rotation().give_address(&world.url()).await.unwrap();
            view = world.until(&engine, waits).await;
        }
        if !over(&view) {
            engine.rotation().finish().unwrap();
        }
        let view = world.until(&engine, over).await;
        if place(&STAGES, stage) > place(&STAGES, "reset") || (stage == "reset" && lost == Cut::Behind) {
            assert_eq!((resets, view.outcome), (1, Some(RotationOutcome::Done)), "{view:#?}");
        }
        world.ends_well(&engine, "one", &[&old], resets).await;
        world.rotates(&engine).await;
        world.ends_well(&engine, "one", &[&old], resets + 1).await;
    });
}

macro_rules! at {
    ($($name:ident: $stage:literal $cut:ident $kept:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            power_fails(concat!("power::", stringify!($name)), $stage, Cut::$cut, Kept::$kept);
        }
    )*};
}

at! {
    behind_preflight: "preflight" Behind AsItWas,
    behind_announce: "announce" Behind AsItWas,
    behind_reset: "reset" Behind AsItWas,
    behind_store: "store" Behind AsItWas,
    behind_prove: "prove" Behind AsItWas,
    behind_adopt: "adopt" Behind AsItWas,
    behind_reconnect: "reconnect" Behind AsItWas,
    behind_hand_over: "hand_over" Behind AsItWas,
    behind_await_ack: "await_ack" Behind AsItWas,
    behind_receipt: "receipt" Behind AsItWas,
    within_preflight: "preflight" Within AsItWas,
    within_announce: "announce" Within AsItWas,
    within_reset: "reset" Within AsItWas,
    within_store: "store" Within AsItWas,
    within_prove: "prove" Within AsItWas,
    within_adopt: "adopt" Within AsItWas,
    within_reconnect: "reconnect" Within AsItWas,
    within_hand_over: "hand_over" Within AsItWas,
    within_await_ack: "await_ack" Within AsItWas,
    within_receipt: "receipt" Within AsItWas,
    adopted_and_not_removed: "adopt" Behind Twice,
    adopted_and_removed: "adopt" Behind Moved,
    proved_and_removed: "prove" Behind Moved,
    stored_and_not_flushed: "prove" Behind Nothing,
    proved_and_not_flushed: "adopt" Behind Nothing,
    adopted_and_not_flushed: "reconnect" Behind Nothing,
}
