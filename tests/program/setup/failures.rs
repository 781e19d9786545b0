//! What goes wrong in the test, as the window says it, and the buttons that help.

use rustix::process::Signal;

use super::steps::{FAILS, PASTE, WORKS, password, paste, secure_world, to_the_end};
use crate::session::{Keychain, Options, Session};

async fn with_keychain() -> Session {
    Session::start(Options { keychain: Keychain::Empty, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_and_another_address_can_be_pasted() {
    let (_world, address, start) = secure_world().await;
    let session = with_keychain().await;
    let window = session.window(&start).await;
    let wrong = "Wrong-7k2c-Wrong";
    paste(&window, &address.replace(password(&address), wrong)).await;
    window.heading(FAILS).await;
    window.says("The server does not take this password.").await;
    window.says("Not tried: we are not logged in.").await;
    session.screenshot("setup-refused");
    session.no_trace_at_all(window.app(), &[wrong], "refused");
    window.press("Paste another address").await;
    window.heading(PASTE).await;
    window.write("textarea", &address).await;
    window.press("Test this address").await;
    to_the_end(&window).await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_address_for_a_port_with_tls_is_mended_by_a_button() {
    let (_world, address, start) = secure_world().await;
    let session = with_keychain().await;
    let window = session.window(&start).await;
    paste(&window, &address.replace("rediss://", "redis://")).await;
    window.heading(FAILS).await;
    window.says("The server wants encryption").await;
    session.screenshot("setup-tls-needed");
    window.press("Use TLS").await;
    to_the_end(&window).await;
    assert_eq!(session.kept("redis-url").as_deref(), Some(address.as_str()));
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_port_is_said_and_tried_again_when_the_server_is_back() {
    let (mut world, address, start) = secure_world().await;
    let session = with_keychain().await;
    let window = session.window(&start).await;
    world.redis.kill().await.unwrap();
    paste(&window, &address).await;
    window.heading(FAILS).await;
    window.says("cannot be reached").await;
    window.says("Not tried: there is no connection.").await;
    world.redis.restart().await.unwrap();
    window.press("Try again").await;
    window.heading(WORKS).await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_is_not_trusted_is_said() {
    let (_world, address, _) = secure_world().await;
    let session = with_keychain().await;
    let window = session.window(&super::steps::start()).await;
    paste(&window, &address).await;
    window.heading(FAILS).await;
    window.says("The certificate was refused").await;
    window.ends_by(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_refused_is_said_and_not_kept_on_the_page() {
    let api = super::steps::Api::start().await;
    let session = with_keychain().await;
    let window = session.window(&api.start_with()).await;
    let wrong = "wrong-8f3a-wrong-key";
    window.press("Make one for me").await;
    window.write("input[type=email]", api.upstash.email()).await;
    window.write("input[type=password]", wrong).await;
    window.press("Check the key").await;
    window.says("API key refused").await;
    let left = window.script("return document.querySelector('input[type=password]').value").await;
    assert_eq!(left, "", "it has to be typed again");
    session.no_trace_at_all(window.app(), &[wrong], "refused");
    window.ends_by(Signal::TERM).await;
}
