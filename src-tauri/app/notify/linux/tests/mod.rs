//! The notifier against a real bus, with a server of our own and with dunst.

mod dunst;
mod server;

use std::time::{Duration, Instant};

use heliograph_core::notification::{Action, NotShown, Notification, Notifier, Subject};
use tokio::{sync::mpsc, time::timeout};

use self::server::Server;
use super::{Bus, Desktop};
use crate::{
    notify::{Press, Presses},
    test_bus::TestBus,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(3);

fn desktop(address: &str) -> (Desktop, mpsc::Receiver<Press>) {
    let (sender, presses) = mpsc::channel(16);
    (Desktop::on(Bus::At(address.to_owned()), LIMIT, Presses(sender)), presses)
}

fn task(seq: i64, title: &str, body: &str) -> Notification {
    Notification {
        subject: Subject::Task(seq),
        title: title.into(),
        body: body.into(),
        urgent: false,
        actions: vec![Action::Open, Action::Accept],
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it took too long")
}

#[tokio::test]
async fn a_task_is_shown_as_text_and_the_next_about_it_takes_its_place() {
    let bus = TestBus::start();
    let mut server = Server::start(bus.address()).await;
    let (desktop, _presses) = desktop(bus.address());

    desktop.show(&task(1, "Build <it>", "a & <b>bold</b> \u{1b}[31mred\0")).await.unwrap();
    let first = server.call().await;
    assert_eq!(first.title, "Build <it>");
    assert_eq!(first.body, "a &amp; &lt;b&gt;bold&lt;/b&gt; [31mred");
    assert_eq!(first.actions, ["default", "Open", "open", "Open", "accept", "Accept"]);
    assert_eq!((first.replaces, first.urgency, first.expires), (0, 1, -1));
    assert_eq!((first.app.as_str(), first.icon.as_str()), ("Heliograph", "heliograph"));
    assert_eq!(first.desktop_entry, "Heliograph");

    let urgent = Notification { urgent: true, ..task(1, "Again", "") };
    desktop.show(&urgent).await.unwrap();
    let second = server.call().await;
    assert_eq!((second.replaces, second.urgency), (first.id, 2));

    desktop.show(&task(2, "Other", "")).await.unwrap();
    assert_eq!(server.call().await.replaces, 0);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn what_is_pressed_comes_back() {
    let bus = TestBus::start();
    let mut server = Server::start(bus.address()).await;
    let (desktop, mut presses) = desktop(bus.address());
    desktop.show(&task(7, "Seven", "")).await.unwrap();
    desktop.show(&task(8, "Eight", "")).await.unwrap();
    let (seven, eight) = (server.call().await, server.call().await);

    server.press(None, seven.id, "accept").await;
    assert_eq!(soon(presses.recv()).await, Some(Press::Known(Subject::Task(7), Action::Accept)));
    server.press(Some(&eight.sender), eight.id, "default").await;
    assert_eq!(soon(presses.recv()).await, Some(Press::Known(Subject::Task(8), Action::Open)));

    // Another program's: told to everybody, known to none of us. Then one of ours that we have lost track of.
    server.press(None, 4_000, "default").await;
    server.press(Some(&seven.sender), 804, "default").await;
    assert_eq!(soon(presses.recv()).await, Some(Press::Unknown));
    // What is no action of ours is passed over.
    server.press(None, seven.id, "rm -rf").await;
    server.press(None, seven.id, "open").await;
    assert_eq!(soon(presses.recv()).await, Some(Press::Known(Subject::Task(7), Action::Open)));
    assert!(presses.try_recv().is_err());
}

#[tokio::test]
async fn one_that_is_closed_is_not_replaced_and_one_that_is_taken_back_goes() {
    let bus = TestBus::start();
    let mut server = Server::start(bus.address()).await;
    let (desktop, _presses) = desktop(bus.address());
    desktop.show(&task(1, "One", "")).await.unwrap();
    let one = server.call().await;
    desktop.withdraw(Subject::Task(1)).await;
    assert_eq!(soon(server.closed()).await, one.id);
    desktop.withdraw(Subject::Task(99)).await;
    desktop.show(&task(1, "One again", "")).await.unwrap();
    assert_eq!(server.call().await.replaces, 0);
}

#[tokio::test]
async fn a_server_that_hangs_costs_three_seconds_and_the_next_one_works() {
    let bus = TestBus::start();
    let mut server = Server::start(bus.address()).await;
    let (desktop, _presses) = desktop(bus.address());
    server.hang(true);
    let began = Instant::now();
    assert_eq!(desktop.show(&task(1, "One", "")).await, Err(NotShown::TimedOut));
    let took = began.elapsed();
    assert!(took >= LIMIT && took < LIMIT + Duration::from_secs(5), "{took:?}");
    server.hang(false);
    desktop.show(&task(1, "One", "")).await.unwrap();
    assert_eq!(server.call().await.title, "One");
    assert_eq!(server.connections(), 2, "a connection that timed out is not used again");
}

#[tokio::test]
async fn giving_up_earlier_lets_the_connection_go_too() {
    let bus = TestBus::start();
    let mut server = Server::start(bus.address()).await;
    let (desktop, _presses) = desktop(bus.address());
    desktop.show(&task(1, "One", "")).await.unwrap();
    server.call().await;
    server.hang(true);
    assert!(timeout(Duration::from_millis(100), desktop.show(&task(2, "Two", ""))).await.is_err());
    assert!(desktop.0.session().is_none());
}

#[tokio::test]
async fn a_server_that_dies_and_comes_back_starts_anew() {
    let bus = TestBus::start();
    let mut server = Server::start(bus.address()).await;
    let (desktop, mut presses) = desktop(bus.address());
    desktop.show(&task(1, "One", "")).await.unwrap();
    server.call().await;
    drop(server);
    soon(async {
        while desktop.0.session().is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let began = Instant::now();
    assert_eq!(desktop.show(&task(1, "One", "")).await, Err(NotShown::NoServer));
    assert!(began.elapsed() < Duration::from_secs(5));

    let mut server = Server::start(bus.address()).await;
    desktop.show(&task(1, "One", "")).await.unwrap();
    let again = server.call().await;
    assert_eq!(again.replaces, 0, "a number of the old server means nothing to the new one");
    server.press(None, again.id, "default").await;
    assert_eq!(soon(presses.recv()).await, Some(Press::Known(Subject::Task(1), Action::Open)));
}

#[tokio::test]
async fn without_a_server_or_a_bus_it_says_so_at_once() {
    let began = Instant::now();
    let bus = TestBus::start();
    let (nobody, _presses) = desktop(bus.address());
    assert_eq!(nobody.show(&task(1, "One", "")).await, Err(NotShown::NoServer));
    let (no_bus, _presses) = desktop("unix:path=/nowhere/bus");
    assert_eq!(no_bus.show(&task(1, "One", "")).await, Err(NotShown::NoServer));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_bus_that_dies_is_found_again() {
    let bus = TestBus::start();
    let mut server = Server::start(bus.address()).await;
    let (desktop, _presses) = desktop(bus.address());
    desktop.show(&task(1, "One", "")).await.unwrap();
    server.call().await;
    let folder = bus.stop();
    assert_eq!(soon(desktop.show(&task(2, "Two", ""))).await, Err(NotShown::NoServer));
    let bus = TestBus::start_in(folder);
    let mut server = Server::start(bus.address()).await;
    soon(desktop.show(&task(3, "Three", ""))).await.unwrap();
    assert_eq!(server.call().await.title, "Three");
}
