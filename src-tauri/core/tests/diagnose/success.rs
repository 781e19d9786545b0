//! When all is well: what is said, what it costs, what is left.

use std::{sync::Arc, time::Duration};

use heliograph_core::{
    diagnose::{CheckKind, Outcome, PlanFacts, Test},
    message::Names,
    trouble::{Trouble, TroubleCode},
};
use heliograph_sandbox::proxy::{Mode, Proxy};
use secrecy::ExposeSecret;

use crate::bench::{Server, calls, check, command, eventually, of, outcome, run};

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_for_as_many_commands_as_it_says_and_nothing_is_left() {
    let server = Server::start().await;
    let mut ours = server.commands().await;
    let before = calls(&mut ours, None).await;
    let test = Test { place: Some("Singapore (ap-southeast-1)".into()), ..server.test() };
    let secret = test_password(&server);
    let report = run(test, &[&secret]).await;
    // The first look at the statistics is in the second.
    assert_eq!(calls(&mut ours, None).await - before - 1, report.commands, "{}", report.text());
    assert!(report.passed() && (15..30).contains(&report.commands), "{}", report.text());

    for check in &report.checks[..9] {
        assert_eq!(check.outcome, Outcome::Good, "{check:?}");
    }
    let titles: Vec<_> = report.checks.iter().map(|check| check.title.as_str()).collect();
    let port = format!("Port {} answers", server.redis.port());
    assert_eq!(titles[..5], ["localhost found", &port, "Encrypted connection", "Password accepted", "Round trip"]);
    let detail = |kind| check(&report, kind).detail.as_deref().unwrap();
    assert_eq!(detail(CheckKind::Name), "Singapore (ap-southeast-1)");
    assert!(detail(CheckKind::Encryption).starts_with("Certificate of localhost, valid until 1 January 4096"));
    assert!(detail(CheckKind::Encryption).ends_with("issued by Heliograph sandbox authority"));
    assert_eq!(detail(CheckKind::RoundTrip), "median of five");
    let rights = detail(CheckKind::Rights);
    assert!(rights.contains("helios→chad") && rights.contains("chad→helios"), "{rights}");
    assert_eq!(outcome(&report, CheckKind::Plan), Outcome::Skipped);

    let copied = report.text();
    assert!(copied.contains(&format!("rediss://localhost:{}", server.redis.port())), "{copied}");
    assert!(copied.contains("good     Password accepted"), "{copied}");

    assert_eq!(command::<u32>(&mut ours, &["DBSIZE"]).await, 0);
    eventually(async || command::<Vec<String>>(&mut ours, &["PUBSUB", "CHANNELS"]).await.is_empty()).await;
    eventually(async || command::<String>(&mut ours, &["CLIENT", "LIST"]).await.lines().count() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_shown_as_it_runs() {
    let server = Server::start().await;
    let mut seen = Vec::new();
    let report = server.test().run(|report| seen.push(report.checks.last().cloned().unwrap())).await;
    for check in report.checks.iter().filter(|check| check.outcome == Outcome::Good) {
        let outcomes: Vec<_> = seen.iter().filter(|seen| seen.kind == check.kind).map(|seen| seen.outcome).collect();
        assert_eq!(outcomes, [Outcome::Running, Outcome::Good], "{:?}", check.kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_of_twenty_costs_no_more() {
    let server = Server::start().await;
    let peers: Vec<_> = (0..20).map(|n| format!("agent-{n}")).collect();
    let test = Test { names: Names { me: "chad".into(), peers }, ..server.test() };
    let report = run(test, &[]).await;
    assert!(report.passed(), "{}", report.text());
    assert!(check(&report, CheckKind::Rights).detail.as_deref().unwrap().contains("not looked at"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_encryption_on_this_computer() {
    let server = Server::start().await;
    let secret = test_password(&server);
    let report = run(of(&server.redis.plain_url().unwrap()), &[&secret]).await;
    assert!(report.passed(), "{}", report.text());
    assert_eq!(outcome(&report, CheckKind::Encryption), Outcome::Skipped);
    assert_eq!(outcome(&report, CheckKind::Rights), Outcome::Good);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_asked_for_last_and_even_where_nothing_else_works() {
    let server = Server::start().await;
    let facts = PlanFacts {
        plan: "Free".into(),
        commands_a_month: Some(500_000),
        commands_used: Some(499_000),
        ..PlanFacts::default()
    };
    let answer = facts.clone();
    let test = Test { plan: Some(Box::pin(async move { Ok(answer) })), ..server.test() };
    let report = run(test, &[]).await;
    let plan = check(&report, CheckKind::Plan);
    assert_eq!((plan.outcome, plan.title.as_str()), (Outcome::Warning, "Plan: Free"));
    assert_eq!(plan.detail.as_deref(), Some("499,000 of 500,000 commands used this month"));

    let suspended = PlanFacts { suspended: true, ..facts };
    let closed = of(&"redis://:pw@127.0.0.1:1".to_owned().into());
    let report = run(Test { plan: Some(Box::pin(async move { Ok(suspended) })), ..closed }, &[]).await;
    assert_eq!(outcome(&report, CheckKind::LogIn), Outcome::Skipped);
    assert_eq!(check(&report, CheckKind::Plan).trouble.as_ref().unwrap().message, "The database is suspended.");

    let trouble = Trouble::new(TroubleCode::ApiFailed, "The API did not answer.", "Try again.");
    let test = Test { plan: Some(Box::pin(async move { Err(trouble) })), ..server.test() };
    let report = run(test, &[]).await;
    assert_eq!(outcome(&report, CheckKind::Plan), Outcome::Warning);
    assert!(report.passed());
}

/// The proxy's delay makes room between a command and its answer, in which the test is dropped.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_in_the_middle_it_leaves_nothing_either() {
    let server = Server::start().await;
    let proxy = Arc::new(Proxy::start(server.redis.port()).await.unwrap());
    let mut ours = server.commands().await;
    for (step, sent) in [(CheckKind::ReadWrite, "set"), (CheckKind::Streams, "multi")] {
        let before = calls(&mut ours, Some(sent)).await;
        let test = Test { authorities: Some(server.authority()), ..of(&server.through(proxy.port(), true)) };
        let slow = Arc::clone(&proxy);
        let task = tokio::spawn(test.run(move |report| {
            if report.checks.last().unwrap().kind == step {
                slow.to_live(&Mode::Delay(Duration::from_millis(1500)));
            }
        }));
        eventually(async || calls(&mut ours, Some(sent)).await > before).await;
        if sent == "set" {
            assert_eq!(command::<u32>(&mut ours, &["DBSIZE"]).await, 1, "it was cut where a key is written");
        }
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        eventually(async || command::<u32>(&mut ours, &["DBSIZE"]).await == 0).await;
        eventually(async || command::<String>(&mut ours, &["CLIENT", "LIST"]).await.lines().count() == 1).await;
    }
}

fn test_password(server: &Server) -> String {
    let url = server.redis.url();
    let (_, rest) = url.expose_secret().split_once("default:").unwrap();
    rest.split_once('@').unwrap().0.to_owned()
}
