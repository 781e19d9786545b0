//! How long nothing was heard, measured from outside: at the server, and by what is in the store.
//!
//! Somebody with a user of its own, whom the change of the key does not concern, publishes a numbered message every
//! 5 ms, every second one with a record, and another one reads the server's list of connections all the time. The outage
//! is from the end of the old subscription, as the server has it, until the first message without a record was stored,
//! which can only have been heard live.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use heliograph_core::{engine::Engine, rotation::RotationReason};
use heliograph_sandbox::upstash::Habits as UpstashHabits;
use redis::RedisResult;
use rusqlite::{Connection, OpenFlags};
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    session::within,
    voice::Voice,
    world::{World, exposed},
};

const CHANNEL: &str = "helios→chad";

/// How far the receipt may be off.
const OFF: i64 = 100;

/// The program's subscription is to so many channels at least; a proof's is to one.
const CHANNELS: u32 = 3;

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// The numbers of the program's subscriptions, in the server's list.
fn subscriptions(list: &str) -> BTreeSet<u64> {
    let lines = list.lines().filter_map(|line| {
        let field = |name: &str| line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let channels: u32 = field("sub")?.parse().ok()?;
        if channels < CHANNELS { None } else { field("id")?.parse().ok() }
    });
    lines.collect()
}

/// What the list was from one look to another.
struct Seen {
    /// The numbers of the subscriptions.
    there: BTreeSet<u64>,
    /// When the first look was over that found these.
    first: i64,
    /// When the last one began that did.
    last: i64,
}

/// Reads the list again and again. Gives what it was each time it was another.
fn observe(mut voice: Voice, stop: Arc<AtomicBool>) -> JoinHandle<RedisResult<Vec<Seen>>> {
    tokio::spawn(async move {
        let mut seen = Vec::<Seen>::new();
        while !stop.load(Ordering::Acquire) {
            let began = now();
            let list: String = voice.ask(&["CLIENT", "LIST"]).await?;
            let there = subscriptions(&list);
            match seen.last_mut() {
                Some(same) if same.there == there => same.last = began,
                _ => seen.push(Seen { there, first: now(), last: began }),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(seen)
    })
}

/// Publishes until it is told to stop, and says how many it were. Those with an even number have a record.
fn publish(mut voice: Voice, stop: Arc<AtomicBool>) -> JoinHandle<RedisResult<u64>> {
    tokio::spawn(async move {
        let mut tick = interval(Duration::from_millis(5));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 0.. {
            if stop.load(Ordering::Acquire) {
                return Ok(number);
            }
            tick.tick().await;
            let message = serde_json::json!({ "from": "ruler", "type": "tick", "id": number.to_string() });
            if number % 2 == 0 {
                voice.record(CHANNEL, &message).await?;
            } else {
                voice.say(CHANNEL, &message).await?;
            }
        }
        unreachable!("there is always another number")
    })
}

/// The number of each message that is stored, and when it came.
fn stored(database: &PathBuf) -> Vec<(u64, i64)> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut rows = connection.prepare("SELECT id, received_at FROM messages WHERE sender = 'ruler'").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get::<_, String>(0)?.parse().unwrap(), row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

async fn until_stored(database: &PathBuf, number: u64) {
    let began = std::time::Instant::now();
    while !stored(database).iter().any(|(stored, _)| *stored >= number) {
        assert!(began.elapsed() < Duration::from_secs(30), "message {number} is not stored");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Somebody with a user of its own, as often as is wanted.
async fn rulers<const N: usize>(world: &World) -> [Voice; N] {
    let (url, authority) = (exposed(&world.url()), world.upstash.ca_file());
    let mut owner = Voice::connect(&url, authority).await.unwrap();
    let () = owner.ask(&["ACL", "SETUSER", "ruler", "on", ">of the ruler", "~*", "&*", "+@all"]).await.unwrap();
    let place = url.rsplit_once('@').unwrap().1;
    let ruler = format!("rediss://ruler:of%20the%20ruler@{place}");
    let mut voices = Vec::new();
    for _ in 0..N {
        voices.push(Voice::connect(&ruler, authority).await.unwrap());
    }
    voices.try_into().ok().unwrap()
}

async fn told(engine: &Engine) -> i64 {
    engine.rotation().receipts().await.unwrap()[0].outage_ms.unwrap()
}

async fn outage_is_as_measured(world: &World, cuts: bool) {
    world.upstash.adopt(UpstashHabits { cuts_connections: cuts, ..UpstashHabits::default() });
    let engine = world.engine("one").await;
    let database = world.home("one").database();
    let ([observer, publisher], stop) = (rulers(world).await, Arc::<AtomicBool>::default());
    let observing = observe(observer, Arc::clone(&stop));
    let publishing = publish(publisher, Arc::clone(&stop));
    until_stored(&database, 20).await;
    engine.rotation().begin(RotationReason::Asked).await.unwrap();
    world.finishes(&engine).await;
    let newest = stored(&database).iter().map(|(number, _)| *number).max().unwrap();
    until_stored(&database, newest + 20).await;
    stop.store(true, Ordering::Release);
    let (seen, sent) = (observing.await.unwrap().unwrap(), publishing.await.unwrap().unwrap());
    until_stored(&database, sent - 1).await;

    let old = *seen[0].there.first().expect("the program is subscribed");
    let ended = seen.iter().position(|look| !look.there.contains(&old)).expect("the old subscription ends");
    // It ended in between, and how long that is is the observer's affair.
    let (still, no_more) = (seen[ended - 1].last, seen[ended].first);
    let rows = stored(&database);
    let missed: Vec<u64> = (1..sent).step_by(2).filter(|odd| !rows.iter().any(|(number, _)| number == odd)).collect();
    // What was heard before the end may have been stored behind it. Where nothing is missed there was no outage.
    let live = missed.first().map(|first| {
        let live = rows.iter().filter(|(number, _)| number % 2 == 1 && number > first).map(|(_, at)| *at).min();
        live.expect("it hears again")
    });
    assert_eq!(live.is_some(), cuts, "only a connection that is cut misses something: {missed:?}");
    let (least, most) = live.map_or((0, 0), |live| (live - no_more, live - still));
    let told = told(&engine).await;
    assert!((least - OFF..=most + OFF).contains(&told), "measured {least} to {most} ms, the receipt says {told} ms");
    let lost: Vec<_> =
        (0..sent).step_by(2).filter(|even| rows.iter().filter(|(number, _)| number == even).count() != 1).collect();
    assert!(lost.is_empty(), "recorded, and not there once: {lost:?}");
    world.ends_well(&engine, "one", &[], 1).await;
}

/// Nothing is heard for a minute but that, and the service takes its time: at the server the new subscription is there
/// before the old one ends.
#[test]
fn kept_connections_where_all_is_quiet() {
    within("outage::kept_connections_where_all_is_quiet", async |session| {
        session.open().await;
        let world = World::start().await;
        let engine = world.engine("one").await;
        let mut settings = engine.settings();
        settings.heartbeat.every = 120;
        engine.change_settings(engine.settings(), settings).await.unwrap();
        let ([observer], stop) = (rulers(&world).await, Arc::<AtomicBool>::default());
        let observing = observe(observer, Arc::clone(&stop));
        world.resets_late(Duration::from_secs(2));
        world.rotates(&engine).await;
        stop.store(true, Ordering::Release);
        let seen = observing.await.unwrap().unwrap();
        assert!(seen.iter().all(|look| !look.there.is_empty()), "there is always a subscription");
        assert_ne!(seen[0].there, seen[seen.len() - 1].there, "and in the end it is another one");
        assert!(told(&engine).await <= OFF);
        world.ends_well(&engine, "one", &[], 1).await;
    });
}

#[test]
fn cut_connections() {
    within("outage::cut_connections", async |session| {
        session.open().await;
        outage_is_as_measured(&World::start().await, true).await;
    });
}

#[test]
fn kept_connections() {
    within("outage::kept_connections", async |session| {
        session.open().await;
        outage_is_as_measured(&World::start().await, false).await;
    });
}
