//! What the server, or we, refuse: each with its own words, and with as many tries as do no harm.

use std::time::Duration;

use heliograph_core::{
    link::{Delivery, LinkState, PublishFailed, Tuning},
    message::Millis,
    trouble::TroubleCode,
};
use heliograph_sandbox::proxy::{Mode, Proxy};
use secrecy::{ExposeSecret, SecretString};

use crate::bench::{RARELY, SOON, Server, Subject, plan};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_offered_once() {
    let server = Server::start().await;
    let right = server.redis.url();
    let (_, place) = right.expose_secret().rsplit_once('@').unwrap();
    let wrong = SecretString::from(format!("rediss://default:wrong-one@{place}"));
    let before = server.calls("auth").await;
    let subject = Subject::start(server.tuning(), &wrong, RARELY);
    let status = subject.until(SOON, |status| status.state == LinkState::Stopped).await;
    let trouble = status.trouble.unwrap();
    assert_eq!((trouble.code, status.next_try), (TroubleCode::PasswordRefused, None));
    assert!(!format!("{trouble:?}").contains("wrong-one"));
    // Each look at the statistics logs in once itself.
    assert_eq!(server.calls("auth").await - before, 1 + 1);
    assert_eq!(subject.link.publish("work", vec![1]).await, Err(PublishFailed::NotConnected));

    // What woke the computer cannot have mended it; a person who asks may know better.
    subject.link.woke(heliograph_core::link::Wake::NetworkChanged);
    subject.link.reconnect_now();
    subject.until(SOON, |status| status.attempts == 2 && status.state == LinkState::Stopped).await;
    assert_eq!(server.calls("auth").await - before, 2 + 2);

    subject.link.connect(plan(&right, RARELY));
    subject.connected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_changed_elsewhere_shows_at_the_next_connection() {
    let mut server = Server::start().await;
    let mut subject = Subject::start(server.tuning(), &server.redis.url(), RARELY);
    subject.next_connected(SOON).await;
    server.redis.set_password("another-one".into()).await.unwrap();
    assert_eq!(subject.link.publish("work", b"still".to_vec()).await, Ok(1), "what stands goes on");
    subject.messages(1, SOON).await;
    let before = server.calls("auth").await;
    let _: u64 = server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    let status = subject.until(SOON, |status| status.state == LinkState::Stopped).await;
    assert_eq!(status.trouble.unwrap().code, TroubleCode::PasswordRefused);
    assert_eq!(server.calls("auth").await - before, 1 + 2, "one of them ours, and one for each look");

    subject.link.connect(plan(&server.redis.url(), RARELY));
    let missed = subject.next_connected(SOON).await;
    assert!(missed.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_will_not_do_now_waits_a_quarter_hour() {
    let server = Server::start().await;
    let rows = [
        ("ERR max requests limit exceeded. Limit: 500000, Usage: 500001", TroubleCode::QuotaUsedUp),
        ("ERR max daily request limit exceeded", TroubleCode::QuotaUsedUp),
        ("ERR max concurrent connections exceeded", TroubleCode::TooManyConnections),
    ];
    for (text, code) in rows {
        for mode in [Mode::Refuse(text.to_owned()), Mode::RefuseAfterLogin(text.to_owned())] {
            let proxy = Proxy::start(server.redis.plain_port().unwrap()).await.unwrap();
            proxy.to_new(mode);
            let subject = Subject::start(server.tuning(), &server.through(proxy.port(), false), RARELY);
            let status = subject.until(SOON, |status| status.next_try.is_some()).await;
            assert_eq!((status.state, status.trouble.unwrap().code), (LinkState::Waiting, code));
            let minutes = (status.next_try.unwrap() - status.since) / 60_000;
            assert!((11..=18).contains(&minutes), "{minutes}");
            // Asked for, it is tried at once.
            proxy.to_all(&Mode::Forward);
            subject.link.reconnect_now();
            subject.connected().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_ends_in_the_middle_ends_the_connection() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.redis.plain_port().unwrap()).await.unwrap();
    let url = server.through(proxy.port(), false);
    let subject = Subject::start(server.tuning(), &url, RARELY);
    subject.until(SOON, |status| status.round_trip.is_some()).await;
    proxy.to_all(&Mode::Refuse("ERR max requests limit exceeded. Limit: 500000, Usage: 500001".to_owned()));
    let publish = subject.link.publish("work", vec![1]).await;
    assert!(matches!(&publish, Err(PublishFailed::Limited(trouble)) if trouble.code == TroubleCode::QuotaUsedUp));
    // The next heartbeat hears it as well.
    subject.link.reconnect_now();
    let status = subject.until(SOON, |status| status.state == LinkState::Waiting).await;
    assert_eq!(status.trouble.unwrap().code, TroubleCode::QuotaUsedUp);
    assert!(status.next_try.unwrap() - status.since > 10 * 60_000 as Millis);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_listen_is_told_so() {
    let server = Server::start().await;
    let user = ["ACL", "SETUSER", "limited", "on", ">pw", "resetchannels", "&other", "+@all"];
    let _: String = server.command(&user).await;
    let url = SecretString::from(format!("rediss://limited:pw@localhost:{}", server.redis.port()));
    let subject = Subject::start(server.tuning(), &url, RARELY);
    let status = subject.until(SOON, |status| status.state == LinkState::Stopped).await;
    let trouble = status.trouble.unwrap();
    assert_eq!(trouble.code, TroubleCode::NotPermitted);
    assert!(trouble.message.contains("channels"), "{}", trouble.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_only_listen_is_connected_and_proved_by_ping() {
    let server = Server::start().await;
    let user = ["ACL", "SETUSER", "listener", "on", ">pw", "&*", "-@all", "+subscribe", "+ping"];
    let _: String = server.command(&user).await;
    let proxy = Proxy::start(server.redis.port()).await.unwrap();
    let url = SecretString::from(format!("rediss://listener:pw@localhost:{}", proxy.port()));
    let mut subject = Subject::start(server.tuning(), &url, Duration::from_secs(1));
    subject.next_connected(SOON).await;
    let status = subject.until(SOON, |status| status.trouble.is_some() && status.round_trip.is_some()).await;
    assert_eq!((status.state, status.trouble.unwrap().code), (LinkState::Connected, TroubleCode::NotPermitted));
    let publish = subject.link.publish("work", vec![1]).await;
    assert!(matches!(publish, Err(PublishFailed::Refused(trouble)) if trouble.code == TroubleCode::NotPermitted));
    let count: u64 = server.command(&["PUBLISH", "work", "heard"]).await;
    assert_eq!(count, 1);
    subject.messages(1, SOON).await;
    proxy.to_live(&Mode::Swallow);
    // One second to the next ping, and two that stay unanswered for five; the rest is for a busy machine.
    subject.left(Duration::from_secs(15), LinkState::Connected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_refused_by_name() {
    let server = Server::start().await;
    let tuning = Tuning { authorities: None, ..server.tuning() };
    let subject = Subject::start(tuning, &server.redis.url(), RARELY);
    let trouble = subject.until(SOON, |status| status.trouble.is_some()).await.trouble.unwrap();
    assert_eq!(trouble.code, TroubleCode::CertificateRefused);
    assert!(trouble.message.contains("authority"), "{}", trouble.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_where_there_is_none_and_none_where_there_is() {
    let server = Server::start().await;
    let (plain, encrypted) = (server.redis.plain_port().unwrap(), server.redis.port());
    for (url, code) in [
        // Redis without TLS waits for the end of what it takes for a long command.
        (server.through(plain, true), TroubleCode::TimedOut),
        (server.through(encrypted, false), TroubleCode::TlsNeeded),
    ] {
        let subject = Subject::start(server.tuning(), &url, RARELY);
        let status = subject.until(Duration::from_secs(12), |status| status.trouble.is_some()).await;
        let trouble = status.trouble.unwrap();
        assert_eq!(trouble.code, code, "{}", trouble.message);
        assert!(trouble.remedy.contains("TLS") || trouble.remedy.contains("rediss://"), "{}", trouble.remedy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_message_does_not_fail_the_others() {
    let server = Server::start().await;
    let user = ["ACL", "SETUSER", "some", "on", ">pw", "resetchannels", "&work", "&heartbeat", "+@all"];
    let _: String = server.command(&user).await;
    let url = SecretString::from(format!("rediss://some:pw@localhost:{}", server.redis.port()));
    let mut subject = Subject::start(server.tuning(), &url, RARELY);
    subject.next_connected(SOON).await;
    let link = &subject.link;
    let (one, two, three) = tokio::join!(
        link.publish("work", b"1".to_vec()),
        link.publish("secret", b"2".to_vec()),
        link.publish("work", b"3".to_vec())
    );
    assert_eq!((one, three), (Ok(1), Ok(1)));
    assert!(matches!(two, Err(PublishFailed::Refused(trouble)) if trouble.message.contains("secret")));
    let heard = subject.messages(2, SOON).await;
    assert_eq!([&heard[0].payload[..], &heard[1].payload[..]], [b"1", b"3"]);
    assert!(!matches!(subject.deliveries.try_recv(), Ok(Delivery::Connected { .. })));
}
