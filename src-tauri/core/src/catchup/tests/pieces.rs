//! How much is asked for at once, against a real server.

use std::{sync::Arc, time::Duration};

use heliograph_sandbox::{Redis, RedisOptions};
use secrecy::ExposeSecret as _;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::super::Reader;
use crate::{
    link::{Address, Heartbeat, Link, LinkState, Plan, RECORD, Tuning},
    store::EntryId,
};

const CHANNELS: [&str; 3] = ["helios→chad", "helios→chad-urgent", "broadcast"];
const ENTRIES: usize = 4;

/// How many questions it takes to read large entries of all records.
async fn questions(slowly: bool) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let options = RedisOptions { plain: true, ..RedisOptions::default() };
    let redis = Redis::start(folder.path(), options).await.unwrap();
    let plain = redis.plain_url().unwrap();
    let client = redis::Client::open(plain.expose_secret()).unwrap();
    let mut other = client.get_multiplexed_async_connection().await.unwrap();
    let large = "x".repeat(400 * 1024);
    for channel in CHANNELS.iter().cycle().take(CHANNELS.len() * ENTRIES) {
        let mut add = redis::cmd("XADD");
        add.arg(format!("{RECORD}{channel}")).arg("*").arg("m").arg(&large).exec_async(&mut other).await.unwrap();
    }

    let (deliveries, _heard) = mpsc::channel(4);
    let (link, supervisor) = Link::new(deliveries, Tuning { watch_surroundings: false, ..Tuning::default() });
    let _running = AbortOnDropHandle::new(tokio::spawn(supervisor.run(CancellationToken::new())));
    let payload = Arc::new(|| b"beat".to_vec());
    let heartbeat = Heartbeat { channel: "heartbeat".into(), every: Duration::from_hours(1), payload };
    link.connect(Plan { address: Address::parse(&plain).unwrap(), channels: Vec::new(), heartbeat });
    let mut status = link.status();
    let connected = status.wait_for(|status| status.state == LinkState::Connected);
    timeout(Duration::from_secs(30), connected).await.unwrap().unwrap();

    let records = CHANNELS.map(|channel| (channel.to_owned(), Some(EntryId::default()))).into();
    let mut reader = Reader::new(&link, None, records);
    if slowly {
        reader = reader.slowly();
    }
    let mut read = 0;
    while let Some(page) = reader.next().await.unwrap() {
        read += page.entries.len();
    }
    assert_eq!(read, CHANNELS.len() * ENTRIES);
    let counters: String = redis::cmd("INFO").arg("commandstats").query_async(&mut other).await.unwrap();
    let calls = counters.lines().find_map(|line| line.strip_prefix("cmdstat_xread:calls=")).unwrap();
    calls.split(',').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_together_and_on_a_slow_way_one_by_one() {
    assert_eq!(questions(false).await, 1);
    // Each entry by itself, and once or more often that there are no more: a little answer has more asked for.
    let all = CHANNELS.len() * ENTRIES;
    let asked = questions(true).await;
    assert!((all + 1..=all + CHANNELS.len()).contains(&asked), "{asked}");
}
