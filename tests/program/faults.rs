//! What goes wrong between us and the server, how soon it is noticed, and that it mends itself. In the middle of
//! each fault the program ends when it is asked to.

use std::time::Duration;

use heliograph_sandbox::proxy::{Mode, Proxy};

use crate::session::{App, LIMIT, Options, QUICK, Session, Start, World, stays};

/// The longest wait between two tries, and a little for the try itself.
const RETRY: Duration = Duration::from_secs(31);
/// A heartbeat every second, its answer within five, and twice that for a machine with much to do.
const NOTICED: Duration = Duration::from_secs(11);

async fn connected(world: &mut World, port: u16, settings: &'static str) -> (Session, App) {
    let session = Session::start(Options { settings, ..Options::default() }).await;
    let app = session.app(&Start::with(world.address_through(port)).in_background());
    world.heard_within(LIMIT).await;
    session.tray().shows("Connected").await;
    (session, app)
}

/// A task sent now is stored and shown.
async fn works(world: &mut World, session: &Session, title: &str) {
    world.heard_within(LIMIT).await;
    world.task(title, title).await;
    session.seen.titled(title).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_noticed_and_found_again() {
    let mut world = World::start().await;
    let port = world.port();
    let (session, app) = connected(&mut world, port, "").await;
    works(&mut world, &session, "Before").await;
    world.redis.kill().await.unwrap();
    session.tray().shows_within("Offline", Duration::from_secs(5)).await;
    world.redis.restart().await.unwrap();
    world.reconnect().await;
    session.tray().shows_within("Connected", RETRY).await;
    works(&mut world, &session, "After").await;
    assert_eq!(session.inbox().ask::<i64>("SELECT count(*) FROM gaps"), Some(1), "the gap is written down");
    world.redis.kill().await.unwrap();
    session.tray().shows("Offline").await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_noticed_by_the_heartbeat() {
    let mut world = World::start().await;
    let port = world.port();
    let (session, app) = connected(&mut world, port, QUICK).await;
    world.redis.freeze().unwrap();
    session.tray().ceases_to_show("Connected", NOTICED).await;
    world.redis.thaw().unwrap();
    session.tray().shows_within("Connected", RETRY).await;
    works(&mut world, &session, "After").await;
    world.redis.freeze().unwrap();
    session.tray().ceases_to_show("Connected", NOTICED).await;
    app.ends_when_asked().await;
    world.redis.thaw().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_swallows_everything_is_noticed_and_replaced() {
    let mut world = World::start().await;
    let proxy = Proxy::start(world.port()).await.unwrap();
    let (session, app) = connected(&mut world, proxy.port(), QUICK).await;
    proxy.to_all(&Mode::Swallow);
    session.tray().ceases_to_show("Connected", NOTICED).await;
    proxy.to_new(Mode::Forward);
    // A try that was swallowed has to run into its own limit first.
    session.tray().shows_within("Connected", RETRY + Duration::from_secs(10)).await;
    works(&mut world, &session, "After").await;
    proxy.to_all(&Mode::Swallow);
    session.tray().ceases_to_show("Connected", NOTICED).await;
    app.ends_when_asked().await;
}

/// How often the server refused a log-in.
async fn refused(world: &mut World) -> i64 {
    let redis::Value::Array(entries) = world.ask(&["ACL", "LOG", "128"]).await else { panic!("no log") };
    entries
        .iter()
        .filter_map(|entry| entry.as_sequence())
        .map(|entry| {
            let fields: Vec<_> = entry.chunks(2).collect();
            let field = |name: &[u8]| {
                fields
                    .iter()
                    .find(|pair| matches!(&pair[0], redis::Value::BulkString(key) if key == name))
                    .map(|pair| &pair[1])
            };
            match (field(b"reason"), field(b"count")) {
                (Some(redis::Value::BulkString(reason)), Some(redis::Value::Int(count))) if reason == b"auth" => *count,
                _ => 0,
            }
        })
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_changed_under_us_is_tried_twice_at_most() {
    let mut world = World::start().await;
    let port = world.port();
    let (session, app) = connected(&mut world, port, "").await;
    world.change_password("another").await;
    world.ask(&["ACL", "LOG", "RESET"]).await;
    world.end_connections().await;
    session.tray().shows_within("Password refused", Duration::from_secs(15)).await;
    stays("it is not tried again", Duration::from_secs(5), async || refused(&mut world).await <= 2).await;
    let before = refused(&mut world).await;
    assert!(before >= 1, "the server saw the refusal");
    session.tray().click("Reconnect now").await;
    crate::session::holds("a person may try again", LIMIT, async || refused(&mut world).await > before).await;
    session.tray().shows("Password refused").await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_quota_is_said_and_not_made_worse() {
    let mut world = World::start().await;
    let proxy = Proxy::start(world.port()).await.unwrap();
    let (session, app) = connected(&mut world, proxy.port(), QUICK).await;
    let words = "ERR max requests limit exceeded. Limit: 500000, Usage: 500000. \
        See https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details";
    proxy.to_new(Mode::RefuseAfterLogin(words.to_owned()));
    proxy.to_live(&Mode::Close);
    session.tray().shows_within("Quota used up", Duration::from_secs(10)).await;
    // One that stood was closed, and one more was refused, perhaps two; then a long time none.
    let tries = proxy.accepted();
    stays("the server is left in peace", Duration::from_secs(5), async || proxy.accepted() <= tries + 1).await;
    proxy.to_new(Mode::Forward);
    session.tray().click("Reconnect now").await;
    session.tray().shows("Connected").await;
    works(&mut world, &session, "After").await;
    proxy.to_new(Mode::RefuseAfterLogin(words.to_owned()));
    proxy.to_live(&Mode::Close);
    session.tray().shows("Quota used up").await;
    app.ends_when_asked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_accepts_and_says_nothing_does_not_keep_the_program_from_ending() {
    let world = World::start().await;
    let proxy = Proxy::start(world.port()).await.unwrap();
    proxy.to_new(Mode::Swallow);
    let session = Session::start(Options::default()).await;
    let app = session.app(&Start::with(world.address_through(proxy.port())).in_background());
    session.tray().shows("Connecting").await;
    crate::session::holds("it tries", LIMIT, async || proxy.connections() > 0).await;
    app.ends_when_asked().await;
}
