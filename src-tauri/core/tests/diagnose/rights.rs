//! Users who may not do everything: what messages need is found and named, the rest is said.

use heliograph_core::{
    diagnose::{CheckKind, Help, Outcome, Report},
    trouble::{Trouble, TroubleCode},
};

use crate::bench::{Server, calls, check, outcome, run};

const SECRETS: [&str; 2] = ["the-users-password", "somebody"];

async fn as_user(server: &Server, rules: &[&str]) -> Report {
    run(server.test_as("somebody", rules).await, &SECRETS).await
}

fn refused(report: &Report) -> &Trouble {
    let rights = check(report, CheckKind::Rights);
    assert_eq!((rights.outcome, rights.help), (Outcome::Failed, Some(Help::PasteAnother)), "{}", report.text());
    let trouble = rights.trouble.as_ref().unwrap();
    assert_eq!(trouble.code, TroubleCode::NotPermitted);
    trouble
}

/// Three kinds of servers' answers: one that can be asked, one that can be made to forget, and one that does neither.
const WAYS: [&[&str]; 3] = [&[], &["-acl"], &["-acl", "-multi"]];

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_may_not_be_published_on() {
    let server = Server::start().await;
    let some = ["~*", "+@all", "resetchannels", "&helios→chad*", "&agent.*", "&broadcast", "&heartbeat"];
    for way in &WAYS[..2] {
        let report = as_user(&server, &[&some, *way].concat()).await;
        let trouble = refused(&report);
        assert_eq!(check(&report, CheckKind::Rights).title, "May not publish on chad→helios");
        assert_eq!(trouble.message, "This user may not publish on chad→helios.");
        assert_eq!(outcome(&report, CheckKind::Hear), Outcome::Skipped, "{}", report.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_may_not_be_heard() {
    let server = Server::start().await;
    let some = ["~*", "+@all", "resetchannels", "&chad→helios", "&agent.*", "&broadcast", "&heartbeat"];
    for way in WAYS {
        let report = as_user(&server, &[&some, way].concat()).await;
        let trouble = refused(&report);
        assert_eq!(check(&report, CheckKind::Rights).title, "May not hear helios→chad", "{}", report.text());
        assert!(trouble.message.contains("subscribe to helios→chad"), "{trouble:?}");
        assert!(!trouble.message.contains("broadcast"), "{trouble:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_missing() {
    let server = Server::start().await;
    for way in WAYS {
        for (rule, command, title) in [
            ("-publish", "PUBLISH", "May not publish on chad→helios"),
            ("-subscribe", "SUBSCRIBE", "May not hear helios→chad"),
        ] {
            let report = as_user(&server, &[&["~*", "&*", "+@all", rule], way].concat()).await;
            let hear = check(&report, CheckKind::Hear);
            assert_eq!(hear.trouble.as_ref().unwrap().message, format!("This user may not run {command}."));
            let rights = check(&report, CheckKind::Rights);
            if way.len() < 2 {
                assert_eq!(rights.title, title);
                assert!(refused(&report).message.contains(command), "{}", report.text());
            } else {
                assert_eq!(rights.outcome, Outcome::Warning, "{}", report.text());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_that_messages_need() {
    let server = Server::start().await;
    let report = as_user(&server, &["&*", "+subscribe", "+publish", "+ping"]).await;
    assert!(report.passed(), "{}", report.text());
    assert_eq!(outcome(&report, CheckKind::Hear), Outcome::Good);
    for kind in [CheckKind::ReadWrite, CheckKind::Streams, CheckKind::Rights] {
        assert_eq!(outcome(&report, kind), Outcome::Warning, "{}", report.text());
    }
    let rights = check(&report, CheckKind::Rights).detail.as_deref().unwrap();
    assert!(rights.starts_with("It may hear our channels."), "{rights}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_can_be_done_without() {
    let server = Server::start().await;
    let some =
        ["~*", "+@all", "resetchannels", "&helios→chad*", "&chad→helios", "&agent.chad", "&broadcast", "&heartbeat"];
    let report = as_user(&server, &some).await;
    assert!(report.passed(), "{}", report.text());
    let rights = check(&report, CheckKind::Rights);
    assert_eq!((rights.outcome, rights.title.as_str()), (Outcome::Warning, "May not publish on agent.helios"));
}

/// Somebody on our channels hears nothing of the test, however the rights are looked up.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_of_it() {
    let server = Server::start().await;
    let mut ours = server.commands().await;
    for way in WAYS {
        let before = calls(&mut ours, Some("publish")).await;
        let report = as_user(&server, &[&["~*", "&*", "+@all"], way].concat()).await;
        assert!(report.passed(), "{}", report.text());
        assert_eq!(calls(&mut ours, Some("publish")).await - before, 1, "on the throwaway channel");
    }
}
