//! The keychain becomes what it was before the rotation, its own file put back, when that is nearly over: as from a
//! backup, or where its last writes were never flushed. The new key is looked for, or made anew, or asked for; nobody
//! is left without one that works.

use std::{fs, ops::ControlFlow, path::PathBuf};

use heliograph_core::{
    credentials::Item,
    rotation::{RotationAsk, RotationOutcome, RotationReason, RotationView},
};
use tempfile::TempDir;

use crate::{
    journal::watch,
    power::{Cut, copied, cut, put_back},
    server::{Server, waits},
    session::{Session, within},
    world::{World, exposed},
};

/// Where the keychain's daemon keeps its files.
fn keyrings() -> PathBuf {
    PathBuf::from(std::env::var_os("XDG_DATA_HOME").unwrap()).join("keyrings")
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The keychain's files as they are now.
fn backup() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_all(&keyrings(), folder.path());
    folder
}

async fn roll_back(session: &mut Session, backup: &TempDir) {
    session.end().await;
    copy_all(backup.path(), &keyrings());
    session.open().await;
}

/// Rotates until the store stands at this stage, and ends there.
async fn until_stage(world: &World, stage: &'static str) {
    let engine = world.engine("one").await;
    world.connected(&engine).await;
    let database = world.home("one").database();
    let sight =
        watch(&database, move |seen| if seen == stage { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    engine.rotation().begin(RotationReason::Asked).await.unwrap();
    world.until(&engine, waits).await;
    world.note(&engine.rotation().address_for_helios().unwrap());
    if stage != "await_ack" {
        engine.rotation().finish().unwrap();
    }
    tokio::task::spawn_blocking(|| sight.join().unwrap()).await.unwrap();
    let copy = copied(&database);
    world.note_items().await;
    engine.stop().await;
    cut(&copy.path().join("messages.db"), stage, Cut::Behind);
    put_back(&copy, &database);
}

fn over(view: &RotationView) -> bool {
    view.outcome.is_some()
}

fn one_password(name: &str, stage: &'static str, api: bool) {
    within(name, async |session| {
        session.open().await;
        let world = World::start().await;
        world.engine("one").await.stop().await;
        let (old, before) = (world.url(), backup());
        until_stage(&world, stage).await;
        roll_back(session, &before).await;
        assert_eq!(world.url_of_keychain("one").await, exposed(&old), "it is rolled back");
        if !api {
            world.upstash.revoke_key();
        }
        let engine = world.engine("one").await;
        let asks = |view: &RotationView| view.asks.as_ref().is_some_and(|asks| asks.what == RotationAsk::Address);
        // Only with the key in its place is Helios waited for.
        let is_there = |view: &RotationView| waits(view) || over(view);
        let view = world.until(&engine, |view| is_there(view) || asks(view)).await;
        assert_eq!(asks(&view), !api, "{view:#?}");
        if asks(&view) {
            engine.rotation().give_address(&world.url()).await.unwrap();
            world.until(&engine, is_there).await;
        }
        if !over(&engine.rotation().view()) {
            assert_eq!(exposed(&engine.rotation().address_for_helios().unwrap()), exposed(&world.url()));
            engine.rotation().finish().unwrap();
        }
        let view = world.until(&engine, over).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Done), "{view:#?}");
        world.ends_well(&engine, "one", &[&old], 1).await;
    });
}

fn users(name: &str, stage: &'static str) {
    within(name, async |session| {
        session.open().await;
        let world = World::paid().await;
        let server = Server::behind(&world).await;
        let engine = world.engine("one").await;
        world.moves(&engine).await;
        engine.stop().await;
        let (old, before) = (world.item(Item::Address).await.unwrap(), backup());
        until_stage(&world, stage).await;
        roll_back(session, &before).await;
        assert_eq!(world.url_of_keychain("one").await, exposed(&old), "it is rolled back");
        let engine = world.engine("one").await;
        let view = world.until(&engine, |view| waits(view) || over(view)).await;
        if !over(&view) {
            world.note(&engine.rotation().address_for_helios().unwrap());
            engine.rotation().finish().unwrap();
        }
        let view = world.until(&engine, over).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Done), "{view:#?}");
        world.users_end_well(&engine, &server, [1, 1]).await;
        engine.rotation().begin(RotationReason::Asked).await.unwrap();
        world.hands_over(&engine).await;
        world.users_end_well(&engine, &server, [1, 1]).await;
    });
}

macro_rules! at {
    ($($name:ident: $what:ident $stage:literal $($api:literal)?),* $(,)?) => {$(
        #[test]
        fn $name() {
            $what(concat!("rollback::", stringify!($name)), $stage $(, $api)?);
        }
    )*};
}

at! {
    waiting_for_helios: one_password "await_ack" true,
    waiting_for_helios_without_the_api: one_password "await_ack" false,
    at_the_receipt: one_password "receipt" true,
    users_waiting_for_helios: users "await_ack",
    users_revoking: users "revoke",
    users_at_the_receipt: users "receipt",
}
