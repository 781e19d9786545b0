//! What the network does, and servers that say nothing.

use std::{
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use futures_util::future::join_all;
use heliograph_core::{
    diagnose::{CheckKind, Help, Outcome, Test},
    trouble::TroubleCode,
};
use heliograph_sandbox::proxy::{Mode, Proxy};

use crate::bench::{Fake, Server, check, of, outcome, run, stopped_at};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_host() {
    // No resolver is asked for a name with an empty part, so that none can be slow.
    let report = run(of(&"rediss://default:A-PASSWORD@calm..owl:6379".to_owned().into()), &["A-PASSWORD"]).await;
    let trouble = stopped_at(&report, CheckKind::Name, TroubleCode::NameNotFound, Help::PasteAnother);
    assert!(trouble.message.contains("calm..owl"), "{trouble:?}");
    assert_eq!(report.commands, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port() {
    let free = heliograph_sandbox::port::free().unwrap();
    let report = run(of(&format!("rediss://default:A-PASSWORD@127.0.0.1:{free}").into()), &["A-PASSWORD"]).await;
    let trouble = stopped_at(&report, CheckKind::Reach, TroubleCode::Unreachable, Help::TryAgain);
    assert!(trouble.message.contains("nothing answers on that port"), "{trouble:?}");
    assert_eq!(report.commands, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_to_a_port_that_wants_tls() {
    let server = Server::start().await;
    let port = server.redis.port();
    // Without a password there is no log-in to be cut; the first word is.
    for url in [server.through(port, false), format!("redis://localhost:{port}").into()] {
        let report = run(of(&url), &[]).await;
        let trouble = stopped_at(&report, CheckKind::LogIn, TroubleCode::TlsNeeded, Help::UseTls);
        assert!(trouble.remedy.contains("rediss://"), "{trouble:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_to_a_plain_port() {
    let server = Server::start().await;
    let url = server.through(server.redis.plain_port().unwrap(), true);
    let report = run(Test { authorities: Some(server.authority()), ..of(&url) }, &[]).await;
    let trouble = stopped_at(&report, CheckKind::Encryption, TroubleCode::NotRedis, Help::PasteAnother);
    assert!(trouble.message.contains("Redis without TLS"), "{trouble:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_than_redis() {
    let web = Fake::start(|mut stream| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let report = run(of(&web.url()), &["A-PASSWORD", "somebody"]).await;
    stopped_at(&report, CheckKind::LogIn, TroubleCode::NotRedis, Help::PasteAnother);
    let encrypted = format!("rediss://somebody:A-PASSWORD@127.0.0.1:{}", web.port);
    let report = run(of(&encrypted.into()), &["A-PASSWORD", "somebody"]).await;
    stopped_at(&report, CheckKind::Encryption, TroubleCode::NotRedis, Help::PasteAnother);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_and_is_silent() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.redis.port()).await.unwrap();
    proxy.to_new(Mode::Swallow);
    let mute = Fake::answering(|name| if name == "AUTH" { b"+OK\r\n".to_vec() } else { Vec::new() }).await;
    let rows = [
        (server.through(proxy.port(), true), CheckKind::Encryption),
        (server.through(proxy.port(), false), CheckKind::LogIn),
        (mute.url(), CheckKind::RoundTrip),
    ];
    let tests = rows.map(|(url, kind)| {
        let test = Test { authorities: Some(server.authority()), ..of(&url) };
        async move {
            let report = run(test, &["A-PASSWORD"]).await;
            stopped_at(&report, kind, TroubleCode::TimedOut, Help::TryAgain);
            assert!(report.took < Duration::from_secs(8), "{:?}", report.took);
        }
    });
    join_all(tests).await;
}

/// Its queue of connections is full, so that the system answers no more of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_does_not_answer() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let place = socket.local_addr().unwrap().as_socket().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&place, Duration::from_millis(300)) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "the queue does not fill");
    }
    let report = run(of(&format!("rediss://default:A-PASSWORD@{place}").into()), &["A-PASSWORD"]).await;
    stopped_at(&report, CheckKind::Reach, TroubleCode::TimedOut, Help::TryAgain);
    assert_eq!(check(&report, CheckKind::Name).detail.as_deref(), Some("127.0.0.1 is an IP address."));
}

/// The connection ends when the first key is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_in_the_middle() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.redis.plain_port().unwrap()).await.unwrap();
    let test = of(&server.through(proxy.port(), false));
    let report = test
        .run(|report| {
            if report.checks.last().unwrap().kind == CheckKind::RoundTrip {
                proxy.to_all(&Mode::Close);
            }
        })
        .await;
    let lost = report.checks.iter().find(|check| check.outcome == Outcome::Failed).unwrap();
    assert_eq!(lost.trouble.as_ref().unwrap().code, TroubleCode::ConnectionLost, "{}", report.text());
    assert_eq!(outcome(&report, CheckKind::Rights), Outcome::Skipped);
}
