//! Looking at a repository and a token, and making what is missing.

use heliograph_core::{
    mailbox::{FindingKind, Inspection, TokenKind, inspect},
    trouble::TroubleCode,
};
use heliograph_sandbox::github::{Access, Fault};
use secrecy::SecretString;

use crate::bench::{World, tuning};

async fn look(world: &World, token: &SecretString) -> Inspection {
    let repository = world.github.repository().parse().unwrap();
    inspect(&world.api(), &repository, token, &tuning()).await.unwrap()
}

fn kinds(inspection: &Inspection) -> Vec<FindingKind> {
    inspection.findings.iter().map(|finding| finding.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_token_and_repository_is_recognised() {
    let world = World::empty().await;
    let good = look(&world, world.github.token()).await;
    assert_eq!((good.login.as_str(), good.token), (world.github.login(), TokenKind::FineGrained));
    assert!(good.private && good.reads && good.writes && good.usable());
    assert_eq!(kinds(&good), [], "nothing more than needed, though its owner is the owner");

    let reader = look(&world, world.github.token_with(Access::Read)).await;
    assert!(reader.reads && !reader.writes && !reader.usable());
    assert_eq!(kinds(&reader), [FindingKind::CannotWrite]);

    let classic = look(&world, world.github.token_with(Access::Classic)).await;
    assert_eq!((classic.token, classic.usable()), (TokenKind::Classic, true));
    assert_eq!(kinds(&classic), [FindingKind::ReachesFurther]);

    world.github.set_private(false);
    assert_eq!(kinds(&look(&world, world.github.token()).await), [FindingKind::Public]);
    world.github.set_private(true);
    world.github.set_issues(false);
    assert_eq!(kinds(&look(&world, world.github.token()).await), [FindingKind::NoIssues]);
    assert!(world.github.comments().is_empty() && world.github.issue("").is_none(), "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_altogether_is_a_trouble() {
    let world = World::empty().await;
    let repository = world.github.repository().parse().unwrap();
    let other = "octo/nowhere".parse().unwrap();
    let wrong = SecretString::from("github_pat_wrong");
    let elsewhere = world.github.token_with(Access::Elsewhere);
    for (repository, token) in [(&repository, &wrong), (&other, world.github.token()), (&repository, elsewhere)] {
        let trouble = inspect(&world.api(), repository, token, &tuning()).await.unwrap_err();
        assert_eq!(trouble.code, TroubleCode::MailboxRefused);
        assert!(!trouble.remedy.is_empty());
    }
    world.github.misbehave(Fault::Unavailable(502));
    let trouble = inspect(&world.api(), &repository, world.github.token(), &tuning()).await.unwrap_err();
    assert_eq!(trouble.code, TroubleCode::MailboxUnreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_made_once() {
    let world = World::empty().await;
    let first = world.prepare().await;
    let all = [
        "helios→chad",
        "helios→chad-urgent",
        "helios→chad-low",
        "broadcast",
        "agent.chad",
        "chad→helios",
        "agent.helios",
    ];
    assert_eq!((first.label, first.made.as_slice(), first.found.len()), (true, &all.map(String::from)[..], 0));
    let second = world.prepare().await;
    assert_eq!((second.label, second.made.len(), second.found.as_slice()), (false, 0, &all.map(String::from)[..]));
}
