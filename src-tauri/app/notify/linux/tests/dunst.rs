//! The notifier against dunst, as it runs on real desktops.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use heliograph_core::notification::{Action, NotShown, Notifier as _, Subject};
use zbus::{Connection, connection::Builder};

use super::{Press, TestBus, desktop, soon, task};

const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An X server on a free display.
fn display() -> (Running, String) {
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb is installed");
    let mut number = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
    (Running(server), format!(":{}", number.trim()))
}

/// dunst on that display and bus, ready.
async fn dunst(display: &str, bus: &str) -> Running {
    let running = Command::new("dunst")
        .env("DISPLAY", display)
        .env("DBUS_SESSION_BUS_ADDRESS", bus)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("dunst is installed");
    let asking = Builder::address(bus).unwrap().build().await.unwrap();
    soon(async {
        while asking.call_method(Some(SERVER), PATH, Some(SERVER), "GetServerInformation", &()).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    Running(running)
}

/// Presses the first action of the newest notification on the screen.
async fn press(bus: &str) {
    let person: Connection = Builder::address(bus).unwrap().build().await.unwrap();
    person.call_method(Some(SERVER), PATH, Some("org.dunstproject.cmd0"), "NotificationAction", &0_u32).await.unwrap();
}

#[tokio::test]
async fn it_shows_replaces_and_tells_of_a_press() {
    let bus = TestBus::start();
    let (_display, display) = display();
    let _dunst = dunst(&display, bus.address()).await;
    let (desktop, mut presses) = desktop(bus.address());
    soon(desktop.show(&task(5, "Five", "a <b>line</b> & more"))).await.unwrap();
    let began = Instant::now();
    for count in 0..100 {
        soon(desktop.show(&task(5, "Five", &format!("line {count}")))).await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    press(bus.address()).await;
    assert_eq!(soon(presses.recv()).await, Some(Press::Known(Subject::Task(5), Action::Open)));
    soon(desktop.withdraw(Subject::Task(5))).await;
}

#[tokio::test]
async fn it_works_again_after_dunst_was_killed() {
    let bus = TestBus::start();
    let (_display, display) = display();
    let first = dunst(&display, bus.address()).await;
    let (desktop, mut presses) = desktop(bus.address());
    soon(desktop.show(&task(1, "One", ""))).await.unwrap();
    drop(first);
    assert_eq!(soon(desktop.show(&task(2, "Two", ""))).await, Err(NotShown::NoServer));
    let _second = dunst(&display, bus.address()).await;
    soon(desktop.show(&task(3, "Three", ""))).await.unwrap();
    press(bus.address()).await;
    assert_eq!(soon(presses.recv()).await, Some(Press::Known(Subject::Task(3), Action::Open)));
}
