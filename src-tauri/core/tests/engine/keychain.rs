//! What the engine leaves in the keychain.

use std::sync::Arc;

use heliograph_core::{
    credentials::{Item, Keychain},
    settings::Settings,
    trouble::TroubleCode,
};
use secrecy::SecretString;
use tokio::{sync::watch, time::timeout};

use crate::{
    session::{LIMIT, Session, within},
    world::{Desktop, Screen, engine_at},
};

#[test]
fn a_mailbox_that_is_forgotten_leaves_no_token_there() {
    within("keychain::a_mailbox_that_is_forgotten_leaves_no_token_there", async |session| {
        session.open().await;
        let keychain = Keychain::new(false);
        keychain.write(Item::GitHub, &SecretString::from("github_pat_one")).await.unwrap();
        Session::lock();
        let folder = tempfile::tempdir().unwrap();
        let screen = Arc::new(Screen { desktop: Desktop::Shows, shown: watch::channel(Vec::new()).0 });
        let mut settings = Settings::default();
        settings.mailbox.repository = "octo/mailbox".into();
        let engine = engine_at(&folder, None, None, settings, &screen);
        let mut events = engine.events();
        let locked = timeout(LIMIT, async {
            while engine.snapshot().mailbox.trouble.is_none() {
                events.next().await;
            }
        });
        locked.await.unwrap();
        let trouble = engine.leave_mailbox().await.unwrap_err();
        assert_eq!(trouble.code, TroubleCode::KeychainLocked, "what is not removed is not called so");
        assert_eq!(engine.settings().mailbox.repository, "octo/mailbox");
        session.unlock().await;
        let gone = timeout(LIMIT, async { while engine.leave_mailbox().await.is_err() {} });
        gone.await.unwrap();
        assert!(keychain.read(Item::GitHub).await.unwrap().is_none());
        assert_eq!(engine.settings().mailbox.repository, "");
        engine.stop().await;
    });
}

#[test]
fn without_a_keychain_a_mailbox_is_forgotten_all_the_same() {
    within("keychain::without_a_keychain_a_mailbox_is_forgotten_all_the_same", async |_| {
        let folder = tempfile::tempdir().unwrap();
        let screen = Arc::new(Screen { desktop: Desktop::Shows, shown: watch::channel(Vec::new()).0 });
        let mut settings = Settings::default();
        settings.mailbox.repository = "octo/mailbox".into();
        let engine = engine_at(&folder, None, None, settings, &screen);
        assert_eq!(engine.leave_mailbox().await.unwrap().mailbox.repository, "");
        engine.stop().await;
    });
}
