//! Certificates that are not accepted, each for its own reason.

use heliograph_core::{
    diagnose::{CheckKind, Help, Test},
    trouble::{Trouble, TroubleCode},
};
use heliograph_sandbox::redis::Certificate;

use crate::bench::{Server, run, stopped_at};

async fn refused(test: Test, help: Help) -> Trouble {
    let report = run(test, &[]).await;
    assert_eq!(report.commands, 0, "not a word to a server that is not the right one");
    stopped_at(&report, CheckKind::Encryption, TroubleCode::CertificateRefused, help)
}

#[tokio::test(flavor = "multi_thread")]
async fn for_another_name() {
    let server = Server::showing(Certificate::OtherName).await;
    let trouble = refused(server.test(), Help::PasteAnother).await;
    assert_eq!(trouble.message, "The certificate is for elsewhere.example, not for localhost.");
}

#[tokio::test(flavor = "multi_thread")]
async fn expired() {
    let server = Server::showing(Certificate::Expired).await;
    let trouble = refused(server.test(), Help::TryAgain).await;
    assert_eq!(trouble.message, "The certificate of localhost expired on 2 January 2020.");
    assert!(trouble.remedy.contains("clock"), "{trouble:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_unknown_authority() {
    let server = Server::start().await;
    let trouble = refused(Test { authorities: None, ..server.test() }, Help::TryAgain).await;
    assert!(trouble.message.contains("authority"), "{trouble:?}");
    assert!(trouble.remedy.contains("SSL_CERT_FILE"), "{trouble:?}");
}
