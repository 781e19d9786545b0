//! One run with everything in it: reconnects, catching up, the connection test, a rotation, a used-up quota, and the weekly
//! write; and the difference to what the server has counted is zero, for each command and for the bytes both ways.

use std::sync::Arc;

use heliograph_core::{
    engine::{Engine, Snapshot},
    link::{Address, LinkState},
    message::now,
    settings::Settings,
    store::Store,
    trouble::TroubleCode,
    usage::{Choice, CommandKind, DAY, UsageView},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{
    bench::{Admin, ByName, Counted, LIMIT, connected, of, say, say_and_send, sent, until},
    session::within,
    world::World,
};

const NAME: &str = "one";
const QUOTA: &str = "ERR max requests limit exceeded. Limit: 500000, Usage: 500001";
const RECORD: &str = "record:helios→chad";

/// A connection of our own through what stands before the server.
async fn admin(world: &World) -> Admin {
    let url = url::Url::parse(world.url().expose_secret()).unwrap();
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(world.upstash.ca_file()).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = url.host_str().unwrap().to_owned();
    let stream = TcpStream::connect((host.as_str(), url.port().unwrap())).await.unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(host).unwrap(), stream).await;
    Admin::over(Box::new(stream.unwrap()), url.password().unwrap()).await
}

fn task(id: &str) -> String {
    format!(r#"{{"from":"helios","type":"task","id":"{id}","data":{{"title":"{id}"}}}}"#)
}

/// The run, with who counts in it.
struct Run {
    world: World,
    engine: Engine,
    admin: Admin,
    /// What the stand-in itself asks of the server when a password is reset.
    a_reset: Counted,
    /// What was said between the engine and what stands before the server alone: refused log-ins, and that they are.
    refused: Traffic,
}

/// Bytes to the server, and from it.
type Traffic = (u64, u64);

impl Run {
    /// What the server has counted of the engine: commands by name, and bytes. Of these it has not seen what was refused
    /// before them.
    async fn theirs(&mut self) -> (ByName, Traffic) {
        let counted = self.admin.counted().await;
        let resets = u64::from(self.world.resets()) - 1;
        let mut by_name = counted.by_name;
        for (name, count) in &self.a_reset.by_name {
            let left = by_name.get(name).copied().unwrap_or_default().saturating_sub(count * resets);
            by_name.insert(name.clone(), left);
        }
        by_name.retain(|_, count| *count > 0);
        let bytes_in = (counted.bytes_in + self.refused.0).saturating_sub(self.a_reset.bytes_in * resets);
        let bytes_out = (counted.bytes_out + self.refused.1).saturating_sub(self.a_reset.bytes_out * resets);
        (by_name, (bytes_in, bytes_out))
    }

    /// Waits until both have counted the same.
    async fn equal(&mut self) -> (UsageView, ByName) {
        let mut last = None;
        let same = timeout(LIMIT, async {
            loop {
                let ((names, traffic), view) = (self.theirs().await, self.engine.usage());
                let ours = traffic_of(&view);
                if view.meters[0].ours.unwrap() == names.values().sum::<u64>() && ours == traffic {
                    return (view, names);
                }
                last = Some(((view.kinds, ours), (names, traffic)));
                tokio::task::yield_now().await;
            }
        });
        let same = same.await;
        same.unwrap_or_else(|_| panic!("ours, then theirs: {last:#?}"))
    }

    /// Waits until so many of a kind are counted.
    async fn out(&self, kind: CommandKind, count: u64) {
        let gone = timeout(LIMIT, async {
            while of(&self.engine.usage(), kind) < count {
                tokio::task::yield_now().await;
            }
        });
        gone.await.unwrap_or_else(|_| panic!("{kind:?}: {:#?}", self.engine.usage().kinds));
    }

    /// Something stands in the record that was never published, and the connection is cut.
    async fn cut(&mut self, round: u64) {
        let before = self.engine.snapshot().counts.open;
        self.admin.say(&["XADD", RECORD, "*", "m", &task(&format!("missed {round}"))]).await;
        self.admin.say(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
        let back = |state: &Snapshot| state.counts.open > before && state.link.state == LinkState::Connected;
        until(&self.engine, back).await;
        // Its receipt and a heartbeat too, so that nothing is on its way when the next cut comes.
        self.out(CommandKind::Receipt, round).await;
        self.out(CommandKind::Heartbeat, 1 + round).await;
        self.equal().await;
    }

    /// The connection test and the ping to Helios: what they asked, by name.
    async fn test(&mut self) -> ByName {
        let (before, _) = self.equal().await;
        let (names, _) = self.theirs().await;
        self.engine.guide().start_test().unwrap();
        let mut guide = self.engine.guide().changes();
        timeout(LIMIT, guide.wait_for(|view| !view.testing && !view.checks.is_empty())).await.unwrap().unwrap();
        let cost = u64::from(self.engine.guide().view().cost);
        self.engine.guide().ping().unwrap();
        self.out(CommandKind::Test, cost + 1).await;
        let (after, mut asked) = self.equal().await;
        for (name, count) in names {
            *asked.get_mut(&name).unwrap() -= count;
        }
        asked.retain(|_, count| *count > 0);
        let grew = |kind| of(&after, kind) - of(&before, kind);
        assert_eq!((grew(CommandKind::Test), asked.values().sum::<u64>()), (cost + 1, cost + 1), "{asked:?}");
        asked
    }

    /// A used-up quota: the server hears nothing of what is refused, and no command of that is counted. Bytes are, for
    /// they went over the wire: so many as a log-in and its refusal have, each time that it was tried.
    async fn beyond_the_quota(&mut self) {
        let before = self.equal().await.0.meters[0].ours;
        self.world.upstash.refuse_commands(self.world.id(), Some(QUOTA));
        self.admin.say(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
        let refused = |state: &Snapshot| {
            let code = state.link.trouble.as_ref().map(|trouble| trouble.code);
            state.link.state == LinkState::Waiting && code == Some(TroubleCode::QuotaUsedUp)
        };
        let trouble = until(&self.engine, refused).await.link.trouble.unwrap();
        assert!(trouble.remedy.contains("They begin anew on 1 "), "{}", trouble.remedy);
        say(&self.engine, "note", "waits for better times").await;
        let (_, seen) = self.theirs().await;
        let view = self.engine.usage();
        let ours = traffic_of(&view);
        self.refused = (ours.0 - seen.0, ours.1 - seen.1);
        let times = self.refused.1 / (QUOTA.len() as u64 + 3);
        assert_eq!(self.refused, (times * log_in(&self.world), times * (QUOTA.len() as u64 + 3)));
        assert!(times > 0 && view.meters[0].ours == before, "{view:#?}");
        self.equal().await;
        self.world.upstash.refuse_commands(self.world.id(), None);
        self.engine.reconnect();
        connected(&self.engine).await;
        sent(&self.engine).await;
        self.equal().await;
    }
}

/// Of the whole run.
fn traffic_of(view: &UsageView) -> Traffic {
    view.days.iter().fold((0, 0), |sum, day| (sum.0 + day.bytes_out, sum.1 + day.bytes_in))
}

/// The bytes of a log-in.
fn log_in(world: &World) -> u64 {
    let url = url::Url::parse(world.url().expose_secret()).unwrap();
    let words = ["AUTH", url.username(), url.password().unwrap()];
    let whole = words.map(|word| format!("${}\r\n{word}\r\n", word.len())).concat();
    "*3\r\n".len() as u64 + whole.len() as u64
}

/// An engine whose database was last written to more than a week ago, and a server that counts from nothing.
async fn begin() -> Run {
    let world = World::paid().await;
    let mut settings = Settings::default();
    // So rare that each connection sends one. The stand-in's paid databases alone have something before them that can
    // refuse; the free plan alone has a weekly write.
    (settings.heartbeat.every, settings.usage.plan) = (3_600, Choice::Free);
    world.prefer(NAME, settings);
    let mut admin = admin(&world).await;
    admin.reset().await;
    world.reset_in_the_console().await;
    let a_reset = admin.counted().await;
    world.engine(NAME).await.stop().await;
    let (committed, _nobody) = mpsc::channel(1);
    let store = Store::open(world.home(NAME).database(), committed);
    let place = Address::parse(&world.url()).unwrap().shown();
    store.keep("usage", &json!({ "database": place, "alive_at": now() - 8 * DAY })).await.unwrap();
    store.set_usage(Vec::new(), "9999-01-01".into()).await.unwrap();
    store.stop().await;
    admin.reset().await;
    let engine = world.engine(NAME).await;
    connected(&engine).await;
    Run { world, engine, admin, a_reset, refused: (0, 0) }
}

#[test]
fn every_kind_in_one_run_and_the_difference_is_zero() {
    within("whole::every_kind_in_one_run_and_the_difference_is_zero", async |session| {
        session.open().await;
        let mut run = begin().await;
        run.out(CommandKind::KeepAlive, 1).await;
        for number in 0..5 {
            say_and_send(&run.engine, "note", &format!("number {number}")).await;
        }
        run.equal().await;
        for round in 1..=3 {
            run.cut(round).await;
        }
        let tested = run.test().await;
        run.world.rotates(&run.engine).await;
        connected(&run.engine).await;
        run.equal().await;
        run.beyond_the_quota().await;
        say_and_send(&run.engine, "note", "with the new key, in the new month").await;
        run.cut(4).await;
        let (view, theirs) = run.equal().await;
        assert!(CommandKind::ALL.into_iter().all(|kind| of(&view, kind) > 0), "{:#?}", view.kinds);

        // Each command by its name, without those of the test, against the kinds it is of.
        let mut left = theirs;
        for (name, count) in &tested {
            *left.get_mut(name).unwrap() -= count;
        }
        let mut take = |names: &[&str]| names.iter().filter_map(|name| left.remove(*name)).sum::<u64>();
        let ours = |kinds: &[CommandKind]| kinds.iter().map(|kind| of(&view, *kind)).sum::<u64>();
        // A new key is tried by logging in with it, which is a test as well.
        let tries = ours(&[CommandKind::Test]) - tested.values().sum::<u64>();
        assert!(tries > 0, "the rotation tries its keys");
        for (names, counted) in [
            (&["publish"][..], ours(&[CommandKind::Heartbeat, CommandKind::Publish, CommandKind::Receipt])),
            (&["xadd"], ours(&[CommandKind::Record])),
            (&["xread", "xrevrange", "xinfo|stream"], ours(&[CommandKind::CatchUp])),
            (&["set", "ping"], ours(&[CommandKind::KeepAlive])),
            (&["auth", "subscribe"], ours(&[CommandKind::Connect]) + tries),
        ] {
            assert_eq!(take(names), counted, "{names:?} of {:#?}", view.kinds);
        }
        left.retain(|_, count| *count > 0);
        assert!(left.is_empty(), "commands of no kind: {left:?}");
        run.engine.stop().await;
    });
}
