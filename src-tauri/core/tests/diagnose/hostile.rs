//! Servers that mean harm: what they say is bounded, cleaned, and does not make us say who we are.

use futures_util::future::join_all;
use heliograph_core::{
    diagnose::{CheckKind, Help, Outcome},
    trouble::TroubleCode,
};

use crate::bench::{Fake, check, of, outcome, run, stopped_at};

const SECRETS: [&str; 2] = ["A-PASSWORD", "somebody"];

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_repeats_who_we_are_and_paints_the_screen() {
    let said = "-ERR somebody \u{1b}[2J\u{202e}painted A-PASSWORD\u{0}";
    let server = Fake::answering(move |name| match name {
        "AUTH" => b"+OK\r\n".to_vec(),
        "PING" => b"+PONG\r\n".to_vec(),
        _ => format!("{said}{}\r\n", "x".repeat(100_000)).into_bytes(),
    })
    .await;
    let report = run(of(&server.url()), &SECRETS).await;
    let write = check(&report, CheckKind::ReadWrite);
    let trouble = write.trouble.as_ref().unwrap();
    assert_eq!(trouble.code, TroubleCode::ServerError);
    assert!(trouble.message.contains("painted …xxx") && trouble.message.chars().count() < 250, "{trouble:?}");
    assert!(report.text().chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'));
    // At the log-in not even that is quoted.
    let server = Fake::answering(move |_| format!("{said}\r\n").into_bytes()).await;
    let report = run(of(&server.url()), &SECRETS).await;
    let trouble = stopped_at(&report, CheckKind::LogIn, TroubleCode::ServerError, Help::TryAgain);
    assert!(!trouble.message.contains("painted"), "{trouble:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_an_end() {
    let endless = |begin: &'static str, from: &'static str| {
        move |name: &str| match name {
            _ if name == from => [begin.as_bytes(), &vec![b'7'; 4 * 1024 * 1024]].concat(),
            "AUTH" => b"+OK\r\n".to_vec(),
            _ => b"+PONG\r\n".to_vec(),
        }
    };
    for begin in ["$2000000000\r\n", "-ERR ", "*2000000000\r\n$1\r\n", ":"] {
        let server = Fake::answering(endless(begin, "SET")).await;
        let report = run(of(&server.url()), &SECRETS).await;
        stopped_at(&report, CheckKind::ReadWrite, TroubleCode::NotRedis, Help::PasteAnother);
    }
    let server = Fake::answering(endless("+", "AUTH")).await;
    let report = run(of(&server.url()), &SECRETS).await;
    stopped_at(&report, CheckKind::LogIn, TroubleCode::NotRedis, Help::PasteAnother);
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_and_answers_to_something_else() {
    let noise: Vec<u8> = (0..=255).cycle().take(2000).collect();
    let server = Fake::answering(move |name| if name == "AUTH" { b"+OK\r\n".to_vec() } else { noise.clone() }).await;
    let report = run(of(&server.url()), &SECRETS).await;
    stopped_at(&report, CheckKind::RoundTrip, TroubleCode::NotRedis, Help::PasteAnother);

    let tests = ["*0\r\n", ":7\r\n", "+OK\r\n", "$-1\r\n", "_\r\n", "+QUEUED\r\n"].map(async |answer| {
        let server =
            Fake::answering(move |_| if answer == ":7\r\n" { b"+OK\r\n".to_vec() } else { answer.into() }).await;
        let report = run(of(&server.url()), &SECRETS).await;
        assert!(!report.passed(), "{}", report.text());
        assert_ne!(outcome(&report, CheckKind::Rights), Outcome::Good, "{answer}: {}", report.text());
    });
    join_all(tests).await;
}
