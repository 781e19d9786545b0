//! What the server refuses as a whole: log-in, writing, everything.

use heliograph_core::{
    diagnose::{CheckKind, Help, Outcome, Test},
    trouble::TroubleCode,
};
use heliograph_sandbox::proxy::{Mode, Proxy};

use crate::bench::{Server, check, of, outcome, run, stopped_at};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_a_wrong_user_or_none() {
    let server = Server::start().await;
    let port = server.redis.port();
    let rows = [
        (format!("rediss://default:A-PASSWORD@localhost:{port}"), "Password refused"),
        (format!("rediss://:A-PASSWORD@localhost:{port}"), "Password refused"),
        (format!("rediss://somebody:A-PASSWORD@localhost:{port}"), "User or password refused"),
        (format!("rediss://localhost:{port}"), "A password is needed"),
    ];
    for (url, title) in rows {
        let test = Test { authorities: Some(server.authority()), ..of(&url.into()) };
        let report = run(test, &["A-PASSWORD", "somebody"]).await;
        stopped_at(&report, CheckKind::LogIn, TroubleCode::PasswordRefused, Help::PasteAnother);
        assert_eq!(check(&report, CheckKind::LogIn).title, title);
        assert_eq!(report.commands, 1, "offered once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_password() {
    let server = Server::start().await;
    let () = server.command(&["ACL", "SETUSER", "default", "nopass"]).await;
    let port = server.redis.plain_port().unwrap();
    let report = run(of(&format!("redis://:A-PASSWORD@localhost:{port}").into()), &["A-PASSWORD"]).await;
    let trouble = stopped_at(&report, CheckKind::LogIn, TroubleCode::PasswordRefused, Help::PasteAnother);
    assert!(trouble.message.contains("asks for none"), "{trouble:?}");
    let report = run(of(&format!("redis://localhost:{port}").into()), &[]).await;
    assert!(report.passed(), "{}", report.text());
    assert_eq!(outcome(&report, CheckKind::LogIn), Outcome::Warning);
}

/// A replica refuses to be written to in the words of a read-only token.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_only_be_read() {
    let server = Server::start().await;
    let () = server.command(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let report = run(server.test(), &[]).await;
    let trouble = stopped_at(&report, CheckKind::ReadWrite, TroubleCode::ReadOnlyToken, Help::PasteAnother);
    assert_eq!(trouble.message, "This is the read-only token.");
    assert!(trouble.remedy.contains("Upstash console → your database → Token"), "{trouble:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_only_read() {
    let server = Server::start().await;
    let rules = ["~*", "&*", "+@read", "+@connection", "+subscribe"];
    let report = run(server.test_as("default_ro", &rules).await, &["the-users-password", "default_ro"]).await;
    let trouble = stopped_at(&report, CheckKind::ReadWrite, TroubleCode::ReadOnlyToken, Help::PasteAnother);
    assert_eq!(trouble.message, "This is the read-only token.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up() {
    let server = Server::start().await;
    let rows = [
        ("ERR max requests limit exceeded. Limit: 500000, Usage: 500001", TroubleCode::QuotaUsedUp, "500000"),
        ("ERR max daily request limit exceeded", TroubleCode::QuotaUsedUp, "today"),
        ("ERR max concurrent connections exceeded", TroubleCode::TooManyConnections, "clients"),
    ];
    for (text, code, word) in rows {
        for (mode, kind) in [
            (Mode::Refuse(text.to_owned()), CheckKind::LogIn),
            (Mode::RefuseAfterLogin(text.to_owned()), CheckKind::RoundTrip),
        ] {
            let proxy = Proxy::start(server.redis.plain_port().unwrap()).await.unwrap();
            proxy.to_new(mode);
            let report = run(of(&server.through(proxy.port(), false)), &[]).await;
            let trouble = stopped_at(&report, kind, code, Help::TryAgain);
            assert!(trouble.message.contains(word), "{trouble:?}");
        }
    }
}
