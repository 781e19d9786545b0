//! The rights against a real server: with all of them everything works that Heliograph and heliograph.py do, and
//! without any one of them something does not.

use std::{sync::Arc, time::Duration};

use heliograph_sandbox::{Redis, RedisOptions};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::*;
use crate::{
    catchup::{Found, Reader},
    link::{Address, Heartbeat, Link, LinkState, Plan, Tuning},
    message::Names,
    rotation::users::{Trial, Users, tried},
    store::EntryId,
    usage::{CommandKind, Meter},
};

/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(30);

/// Rules that say that nothing is left of what there was before; the others each give something.
const EMPTY: usize = 4;

struct Bench {
    _folder: TempDir,
    redis: Redis,
    users: Users,
    admin: redis::aio::MultiplexedConnection,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = RedisOptions { plain: true, ..RedisOptions::default() };
        let redis = Redis::start(folder.path(), options).await.unwrap();
        let plain = redis.plain_url().unwrap();
        let users = Users::open(&Address::parse(&plain).unwrap(), None, &Meter::default()).await.unwrap();
        let client = redis::Client::open(secrecy::ExposeSecret::expose_secret(&plain)).unwrap();
        let admin = client.get_multiplexed_async_connection().await.unwrap();
        Self { _folder: folder, redis, users, admin }
    }

    /// The address of the agent's user, who has these rules and no others.
    async fn user(&mut self, name: &str, rules: &[String]) -> Address {
        let token = SecretString::from("of a test");
        self.users.set(name, rules, &token).await.unwrap();
        let url = Address::with_login(&self.redis.plain_url().unwrap(), name, &token).unwrap();
        Address::parse(&url).unwrap()
    }

    /// An entry in the record of each of these channels.
    async fn record(&mut self, channels: &[String]) {
        for channel in channels {
            let key = format!("{RECORD}{channel}");
            let _: String =
                redis::cmd("XADD").arg(key).arg("*").arg("m").arg("{}").query_async(&mut self.admin).await.unwrap();
        }
    }
}

/// What our own program does: it hears, proves itself, publishes, records, and reads what it missed.
async fn heliograph(address: &Address, names: &Names) -> Result<(), String> {
    let (deliveries, mut heard) = mpsc::channel(4);
    let (link, supervisor) = Link::new(deliveries, Tuning { watch_surroundings: false, ..Tuning::default() });
    let _running = AbortOnDropHandle::new(tokio::spawn(supervisor.run(CancellationToken::new())));
    let _taking = AbortOnDropHandle::new(tokio::spawn(async move { while heard.recv().await.is_some() {} }));
    let payload = Arc::new(|| uuid::Uuid::new_v4().to_string().into_bytes());
    let heartbeat = Heartbeat { channel: HEARTBEAT.into(), every: Duration::from_hours(1), payload };
    link.connect(Plan { address: address.clone(), channels: names.heard(), heartbeat });
    let mut status = link.status();
    let settled = status.wait_for(|status| {
        let proved = status.state == LinkState::Connected && status.round_trip.is_some();
        proved || status.trouble.is_some()
    });
    let settled = timeout(SOON, settled).await.unwrap().unwrap().clone();
    if let Some(trouble) = settled.trouble {
        return Err(trouble.message);
    }
    for channel in names.sent() {
        let published = link.publish_as(CommandKind::Publish, &channel, b"{}".to_vec(), Some(1000)).await;
        let published = published.map_err(|failed| failed.to_string())?;
        published.unrecorded.map_or(Ok(()), |trouble| Err(trouble.message))?;
    }
    // For the first time, and again from the beginning.
    for cursor in [None, Some(EntryId::default())] {
        let records = names.recorded().into_iter().map(|channel| (channel, cursor)).collect();
        let mut reader = Reader::new(&link, None, records);
        while reader.next().await.map_err(|failed| failed.to_string())?.is_some() {}
        let torn = reader.found().iter().find(|(_, found)| *found == Found::Torn);
        torn.map_or(Ok(()), |(channel, _)| Err(format!("{channel} looks torn")))?;
    }
    Ok(())
}

/// What heliograph.py sends, in its order.
async fn python(url: &SecretString, names: &Names) -> Result<(), String> {
    let client = redis::Client::open(secrecy::ExposeSecret::expose_secret(url)).unwrap();
    let mut line = client.get_multiplexed_async_connection().await.map_err(|error| error.to_string())?;
    let mut ears = client.get_async_pubsub().await.map_err(|error| error.to_string())?;
    let text = |error: redis::RedisError| error.to_string();
    let keys: Vec<_> = names.recorded().iter().map(|channel| format!("{RECORD}{channel}")).collect();
    for key in &keys {
        let mut begin = redis::cmd("XREVRANGE");
        begin.arg(key).arg("+").arg("-").arg("COUNT").arg(1).exec_async(&mut line).await.map_err(text)?;
    }
    ears.subscribe(names.heard()).await.map_err(text)?;
    for key in &keys {
        let mut mend = redis::cmd("XRANGE");
        mend.arg(key).arg("0-1").arg("0-1").arg("COUNT").arg(1).exec_async(&mut line).await.map_err(text)?;
    }
    let mut forward = redis::cmd("XREAD");
    forward.arg("COUNT").arg(100).arg("STREAMS").arg(&keys);
    for _ in &keys {
        forward.arg("0-0");
    }
    forward.exec_async(&mut line).await.map_err(text)?;
    redis::cmd("PING").exec_async(&mut line).await.map_err(text)?;
    let to = between(&names.me, &names.peers[0]);
    for channel in [to.clone(), format!("{to}-urgent"), format!("{to}-low"), BROADCAST.to_owned()] {
        let mut both = redis::pipe();
        both.atomic();
        both.cmd("XADD").arg(format!("{RECORD}{channel}")).arg("MAXLEN").arg("~").arg(1000).arg("*").arg("m").arg("{}");
        both.cmd("PUBLISH").arg(&channel).arg("{}");
        both.exec_async(&mut line).await.map_err(text)?;
    }
    redis::cmd("PUBLISH").arg(HEARTBEAT).arg("{}").exec_async(&mut line).await.map_err(text)
}

async fn everything(bench: &mut Bench, names: &Names, rules: &[String]) -> Result<(), String> {
    let address = bench.user(&names.me, rules).await;
    let token = SecretString::from("of a test");
    let url = Address::with_login(&bench.redis.plain_url().unwrap(), &names.me, &token).unwrap();
    heliograph(&address, names).await?;
    python(&url, names).await
}

fn names(me: &str, peer: &str) -> Names {
    Names { me: me.into(), peers: vec![peer.into()] }
}

#[tokio::test]
async fn all_are_enough_and_each_is_needed() {
    let mut bench = Bench::start().await;
    let names = names("chad", "helios");
    bench.record(&names.recorded()).await;
    let rules = rights("chad", &["helios"]);
    assert_eq!(everything(&mut bench, &names, &rules).await, Ok(()));
    for dropped in EMPTY..rules.len() {
        let mut fewer = rules.clone();
        let rule = fewer.remove(dropped);
        let outcome = everything(&mut bench, &names, &fewer).await;
        assert!(outcome.is_err(), "{rule} is not needed");
    }
}

#[tokio::test]
async fn nothing_else_is_allowed() {
    let mut bench = Bench::start().await;
    let address = bench.user("chad", &rights("chad", &["helios"])).await;
    assert_eq!(tried(&address, &names("chad", "helios"), false, None, &Meter::default()).await, Trial::Good);
    // Between two agents the channels are the same for both: the server does not tell hearing from saying.
    let strange = tried(&address, &names("chad", "sol"), false, None, &Meter::default()).await;
    assert!(matches!(strange, Trial::Lacks(_)), "{strange:?}");
    let token = SecretString::from("of a test");
    let url = Address::with_login(&bench.redis.plain_url().unwrap(), "chad", &token).unwrap();
    let client = redis::Client::open(secrecy::ExposeSecret::expose_secret(&url)).unwrap();
    let mut line = client.get_multiplexed_async_connection().await.unwrap();
    let commands: [&[&str]; 9] = [
        &["GET", "record:broadcast"],
        &["DEL", "record:broadcast"],
        &["XTRIM", "record:broadcast", "MAXLEN", "0"],
        &["XREAD", "STREAMS", "record:sol→helios", "0-0"],
        &["PUBLISH", "sol→helios", "{}"],
        &["PSUBSCRIBE", "*"],
        &["ACL", "LIST"],
        &["CLIENT", "KILL", "USER", "helios"],
        &["FLUSHALL"],
    ];
    for words in commands {
        let mut command = redis::Cmd::new();
        command.arg(words);
        let refused = command.exec_async(&mut line).await.unwrap_err();
        assert_eq!(refused.code(), Some("NOPERM"), "{words:?}");
    }
}

#[tokio::test]
async fn names_that_look_like_patterns_are_names() {
    let mut bench = Bench::start().await;
    let names = names("a*", "c?[d]\\");
    let rules = rights(&names.me, &["c?[d]\\"]);
    assert_eq!(everything(&mut bench, &names, &rules).await, Ok(()));
    let address = bench.user(&names.me, &rules).await;
    let other = Names { me: "ab".into(), ..names };
    assert!(matches!(tried(&address, &other, false, None, &Meter::default()).await, Trial::Lacks(_)));
}

#[test]
fn with_several_others_each_has_its_channels() {
    let rules = rights("helios", &["chad", "sol"]);
    for rule in ["&chad→helios-urgent", "&helios→sol", "&agent.sol", "~record:sol→helios-low", "~record:broadcast"]
    {
        assert!(rules.iter().any(|one| one == rule), "{rule}");
    }
    assert!(!rules.iter().any(|rule| rule.contains("sol→chad") || rule.contains('|') || rule.contains('(')));
}
