//! The client of the Developer API against the sandbox's stand-in, whose databases are real servers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use heliograph_core::{
    guide::{AccountDatabases, NewDatabase, Temporary},
    link::{Address, Heartbeat, Link, LinkState, Plan as LinkPlan, Tuning as LinkTuning},
    trouble::TroubleCode,
    upstash::{Account, ApiKey, Client, Plan, State, Tuning, UpstashError},
};
use heliograph_sandbox::{
    Upstash, UpstashOptions,
    upstash::{Fault, Seen},
};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

const SOON: Duration = Duration::from_secs(15);

struct World {
    api: Upstash,
    client: Client,
    account: Account,
    _home: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other limits than the program's.
    async fn with(change: impl FnOnce(&mut Tuning)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let api = Upstash::start(home.path(), UpstashOptions::default()).await.unwrap();
        let mut tuning = Tuning { authorities: Some(api.ca_file().to_owned()), ..Tuning::default() };
        tuning.first_look = Duration::from_millis(20);
        change(&mut tuning);
        let client = Client::new(Some(Url::parse(api.url()).unwrap()), tuning).await.unwrap();
        let account = client.account(ApiKey::new(api.email(), api.key().clone()));
        Self { api, client, account, _home: home }
    }

    async fn made(&self, pay: bool) -> heliograph_core::upstash::Database {
        let database = self.account.create(&new("agents", pay)).await.unwrap();
        self.account.wait_until_active(&database.id).await.unwrap()
    }

    /// The questions that went out since the last look at them began.
    fn questions(&self, before: usize) -> Vec<Seen> {
        self.api.seen().split_off(before)
    }

    /// Can our own link connect with this address?
    async fn connects(&self, address: &SecretString) {
        let tuning = LinkTuning {
            authorities: Some(self.api.ca_file().to_owned()),
            watch_surroundings: false,
            ..LinkTuning::default()
        };
        let (sink, _deliveries) = mpsc::channel(16);
        let (link, supervisor) = Link::new(sink, tuning);
        let stop = CancellationToken::new();
        let running = tokio::spawn(supervisor.run(stop.clone()));
        let payload = std::sync::Arc::new(|| b"beat".to_vec());
        link.connect(LinkPlan {
            address: Address::parse(address).unwrap(),
            channels: vec!["heartbeat".into()],
            heartbeat: Heartbeat { channel: "heartbeat".into(), every: Duration::from_mins(10), payload },
        });
        let mut status = link.status();
        let connected = timeout(SOON, status.wait_for(|status| status.state == LinkState::Connected)).await;
        connected.expect("a connection in time").unwrap();
        stop.cancel();
        running.await.unwrap();
    }
}

fn new(name: &str, pay: bool) -> NewDatabase {
    NewDatabase { name: name.into(), platform: "aws".into(), region: "ap-southeast-1".into(), pay }
}

fn busy(retry_after: &str) -> Fault {
    Fault::Busy { retry_after: Some(retry_after.into()) }
}

fn secret(text: Option<SecretString>) -> Option<String> {
    text.map(|text| text.expose_secret().to_owned())
}

#[tokio::test]
async fn from_a_key_to_a_database_that_connects() {
    let world = World::new().await;
    assert!(world.account.databases().await.unwrap().is_empty());

    let created = world.account.create(&new("  agents ", false)).await.unwrap();
    assert_eq!(created.name, "agents");
    let active = world.account.wait_until_active(&created.id).await.unwrap();
    assert_eq!((&active.state, &active.plan, active.usable()), (&State::Active, &Plan::Free, true));
    world.connects(&active.address().unwrap()).await;

    let list = world.account.databases().await.unwrap();
    let view = AccountDatabases::from(&*list);
    assert!(view.free_taken && view.databases[0].usable);
    assert_eq!(view.databases[0].region, "Singapore (ap-southeast-1)");
    assert_eq!((view.databases[0].plan.as_str(), view.databases[0].state.as_str()), ("Free", "active"));
    assert_eq!(active.request_limit, Some(500_000));
    world.api.stop().await;
}

#[tokio::test]
async fn the_program_names_itself_and_asks_as_published() {
    let world = World::new().await;
    let database = world.made(false).await;
    let agent = format!("heliograph/{}", env!("CARGO_PKG_VERSION"));
    for seen in world.api.seen() {
        assert_eq!(seen.agent.as_deref(), Some(agent.as_str()));
        assert!(seen.authorised, "{seen:?}");
    }
    let before = world.api.seen().len();
    world.account.databases().await.unwrap();
    world.account.database_without_password(&database.id).await.unwrap();
    world.account.database(&database.id).await.unwrap();
    world.account.stats(&database.id).await.unwrap();
    let asked: Vec<String> =
        world.questions(before).iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
    let id = &database.id;
    let wanted = [
        "GET /v2/redis/databases".to_owned(),
        format!("GET /v2/redis/database/{id}?credentials=hide"),
        format!("GET /v2/redis/database/{id}"),
        format!("GET /v2/redis/stats/{id}"),
    ];
    assert_eq!(asked, wanted);
}

#[tokio::test]
async fn a_password_comes_only_when_it_is_asked_for() {
    let world = World::new().await;
    let database = world.made(false).await;
    assert_eq!(secret(world.account.database_without_password(&database.id).await.unwrap().address()), None);
    let address = secret(world.account.database(&database.id).await.unwrap().address());
    assert_eq!(address, secret(world.api.database_url(&database.id)));
    assert!(address.is_some());
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_email_are_refused() {
    let world = World::new().await;
    for key in [ApiKey::new(world.api.email(), "wrong".into()), ApiKey::new("me@example.com", world.api.key().clone())]
    {
        let account = world.client.account(key);
        let error = account.databases().await.unwrap_err();
        assert_eq!(error, UpstashError::KeyRefused);
        assert_eq!(error.trouble().code, TroubleCode::ApiKeyRefused);
        assert_eq!(account.create(&new("x", false)).await.unwrap_err(), UpstashError::KeyRefused);
    }
}

#[tokio::test]
async fn the_free_plan_has_one_database() {
    let world = World::new().await;
    world.api.make("there already").await.unwrap();
    let error = world.account.create(&new("second", false)).await.unwrap_err();
    assert_eq!(error, UpstashError::PlanLimit);
    assert_eq!(error.trouble().code, TroubleCode::PlanLimit);
    let paid = world.made(true).await;
    assert_eq!(paid.plan, Plan::PayAsYouGo);
    assert_eq!(world.account.databases().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_made_or_found_says_so() {
    let world = World::new().await;
    let nowhere = NewDatabase { region: "mars-1".into(), ..new("x", false) };
    assert_eq!(world.account.create(&nowhere).await.unwrap_err(), UpstashError::Refused { status: 400 });
    for id in ["96ad0856-03b1-4ee7-9666-e81abd0349e1", "../databases", ""] {
        assert_eq!(world.account.database(id).await.unwrap_err(), UpstashError::NotFound, "{id}");
        assert_eq!(world.account.stats(id).await.unwrap_err(), UpstashError::NotFound, "{id}");
    }
}

#[tokio::test]
async fn the_counters_are_the_servers() {
    let world = World::new().await;
    let database = world.made(false).await;
    let before = world.account.stats(&database.id).await.unwrap().monthly_commands.unwrap();
    world.connects(&database.address().unwrap()).await;
    let stats = world.account.stats(&database.id).await.unwrap();
    assert!(stats.monthly_commands.unwrap() > before);
    assert!(stats.monthly_bandwidth.unwrap() > 0 && stats.storage.unwrap() > 0);
    assert_eq!(stats.monthly_cost, Some(0.0));
}

#[tokio::test]
async fn slow_down_is_obeyed_once_when_the_wait_is_short() {
    let world = World::new().await;
    world.api.misbehave_times(busy("0"), 1);
    world.account.databases().await.unwrap();
    assert_eq!(world.api.seen().len(), 2);

    let rows = [(busy("0"), Some(0), 2), (busy("3600"), Some(3600), 1), (Fault::Busy { retry_after: None }, None, 1)];
    for (fault, seconds, asked) in rows {
        let before = world.api.seen().len();
        world.api.misbehave(fault);
        let error = world.account.databases().await.unwrap_err();
        assert_eq!(error, UpstashError::Busy { again: seconds.map(Duration::from_secs) });
        assert_eq!(error.trouble().code, TroubleCode::ApiBusy);
        assert_eq!(world.questions(before).len(), asked);
    }
    world.api.misbehave(busy("3600"));
    assert!(world.account.databases().await.unwrap_err().trouble().remedy.contains("60 minutes"));
}

#[tokio::test]
async fn nothing_is_made_twice() {
    let world = World::new().await;
    world.api.misbehave_times(busy("0"), 1);
    let error = world.account.create(&new("x", false)).await.unwrap_err();
    assert_eq!(error, UpstashError::Busy { again: Some(Duration::ZERO) });
    assert_eq!(world.api.seen().len(), 1);
}

#[tokio::test]
async fn faults_are_told_apart() {
    let world = World::new().await;
    let rows = [
        (Fault::Forbidden, UpstashError::Forbidden, TroubleCode::ApiKeyRefused),
        (Fault::ServerError, UpstashError::ServerFault { status: 500 }, TroubleCode::ApiFailed),
        (Fault::Garbage, UpstashError::Unreadable, TroubleCode::ApiFailed),
        (Fault::CutShort, UpstashError::Unreachable, TroubleCode::ApiFailed),
        (Fault::Endless, UpstashError::TooLarge, TroubleCode::ApiFailed),
    ];
    for (fault, wanted, code) in rows {
        world.api.misbehave(fault);
        let error = world.account.databases().await.unwrap_err();
        assert_eq!(error, wanted);
        assert_eq!(error.trouble().code, code);
        let error = world.account.create(&new("x", false)).await.unwrap_err();
        assert_eq!(error, wanted);
    }
    world.api.behave();
    assert!(world.account.databases().await.is_ok());
}

#[tokio::test]
async fn silence_ends_with_the_limit() {
    let world = World::with(|tuning| tuning.answer_limit = Duration::from_millis(200)).await;
    world.api.misbehave(Fault::Silent);
    assert_eq!(world.account.databases().await.unwrap_err(), UpstashError::TimedOut);
    assert_eq!(world.client.start_redis().await.unwrap_err(), UpstashError::TimedOut);
    world.api.stop().await;
}

#[tokio::test]
async fn no_answer_sends_the_key_elsewhere() {
    let world = World::new().await;
    let other = World::new().await;
    for address in [format!("{}/v2/redis/databases", other.api.url()), "/v2/redis/databases".to_owned()] {
        let before = world.api.seen().len();
        world.api.misbehave_times(Fault::Elsewhere(address), 1);
        assert_eq!(world.account.databases().await.unwrap_err(), UpstashError::Redirected);
        assert_eq!(world.questions(before).len(), 1);
    }
    assert!(other.api.seen().is_empty());
}

#[tokio::test]
async fn a_closed_port_and_a_strange_certificate_have_their_own_words() {
    let world = World::new().await;
    let id = world.api.make("a server with TLS").await.unwrap();
    let url = world.api.database_url(&id).unwrap();
    let (_, place) = url.expose_secret().rsplit_once('@').unwrap();
    let at = |base: String, tuning: Tuning| async move {
        let client = Client::new(Some(Url::parse(&base).unwrap()), tuning).await.unwrap();
        client.account(ApiKey::new("me@example.com", "key".into())).databases().await.unwrap_err()
    };
    let strangers = Tuning { authorities: None, ..Tuning::default() };
    let error = at(format!("https://{place}"), strangers).await;
    assert_eq!(error, UpstashError::CertificateRefused);
    assert_eq!(error.trouble().code, TroubleCode::CertificateRefused);

    // Trusted, it gets as far as a server that speaks no HTTP.
    let trusted = Tuning { authorities: Some(world.api.ca_file().to_owned()), ..Tuning::default() };
    assert_eq!(at(format!("https://{place}"), trusted).await, UpstashError::Unreachable);

    let url = world.api.url().to_owned();
    world.api.stop().await;
    assert_eq!(at(url, Tuning::default()).await, UpstashError::Unreachable);
}

#[tokio::test]
async fn an_api_that_is_neither_encrypted_nor_here_is_never_asked() {
    let base = Url::parse("http://api.example.com").unwrap();
    let error = Client::new(Some(base), Tuning::default()).await.unwrap_err();
    assert_eq!(error, UpstashError::BaseRefused);
    assert!(Client::new(None, Tuning::default()).await.is_ok());
}

#[tokio::test]
async fn careless_answers_are_understood() {
    let world = World::new().await;
    let database = world.made(false).await;
    world.connects(&database.address().unwrap()).await;
    world.api.misbehave(Fault::Loose);
    let again = world.account.database(&database.id).await.unwrap();
    assert_eq!(secret(again.address()), secret(database.address()));
    assert_eq!((again.created, again.request_limit, again.acl), (None, Some(500_000), Some(false)));
    assert_eq!(world.account.databases().await.unwrap().len(), 1);
    assert!(world.account.stats(&database.id).await.unwrap().monthly_commands.unwrap() > 0);
}

#[tokio::test]
async fn waiting_outlasts_what_passes() {
    let world = World::new().await;
    let database = world.account.create(&new("x", false)).await.unwrap();
    world.api.misbehave_times(Fault::ServerError, 3);
    assert!(world.account.wait_until_active(&database.id).await.unwrap().usable());
}

#[tokio::test]
async fn waiting_ends_with_its_limit_or_at_once_when_it_is_in_vain() {
    let world = World::with(|tuning| tuning.active_limit = Duration::from_secs(1)).await;
    let id = world.api.make("x").await.unwrap();
    // First: what the limit cuts off may be seen afterwards.
    let stranger = world.client.account(ApiKey::new(world.api.email(), "wrong".into()));
    assert_eq!(stranger.wait_until_active(&id).await.unwrap_err(), UpstashError::KeyRefused);
    assert_eq!(world.questions(0).len(), 1);

    world.api.misbehave(Fault::StaysPassive);
    assert_eq!(world.account.wait_until_active(&id).await.unwrap_err(), UpstashError::NotActive);
    world.api.misbehave(Fault::ServerError);
    let error = world.account.wait_until_active(&id).await.unwrap_err();
    assert_eq!(error, UpstashError::ServerFault { status: 500 });
}

#[tokio::test]
async fn a_database_for_72_hours_needs_no_key() {
    let world = World::new().await;
    let lent = world.client.start_redis().await.unwrap();
    world.connects(&lent.address).await;
    let asked = world.api.seen();
    assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("POST", "/start-redis"));
    assert!(!asked[0].authorised && asked[0].agent.as_ref().unwrap().starts_with("heliograph/"));
    let shown = Temporary::from(&lent);
    assert!(shown.claim && !format!("{shown:?}").contains("console"));
    let claim = lent.claim.as_ref().unwrap().expose_secret();
    assert!(claim.starts_with("https://upstash.com/start-redis/console/"));
    assert!(shown.ends > jiff::Timestamp::now().as_millisecond() + 71 * 3_600_000);
    assert!(world.account.databases().await.unwrap().is_empty());

    for _ in 0..3 {
        world.client.start_redis().await.unwrap();
    }
    let error = world.client.start_redis().await.unwrap_err();
    assert_eq!(error, UpstashError::Busy { again: Some(Duration::from_hours(1)) });
    world.api.misbehave(Fault::Garbage);
    assert_eq!(world.client.start_redis().await.unwrap_err(), UpstashError::Unreadable);
    world.api.misbehave(Fault::Echo(401));
    assert_eq!(world.client.start_redis().await.unwrap_err(), UpstashError::Refused { status: 401 });
}

#[tokio::test]
async fn no_error_repeats_what_must_not_be_seen() {
    let world = World::new().await;
    let database = world.made(false).await;
    let password = secret(database.address()).unwrap();
    let (_, password) = password.split_once("default:").unwrap();
    let (key, email) = (world.api.key().expose_secret(), world.api.email());
    let header = BASE64_STANDARD.encode(format!("{email}:{key}"));
    let hidden =
        [key, email, password.split('@').next().unwrap(), header.as_str(), database.id.as_str(), world.api.url()];

    let statuses = [200, 302, 400, 401, 402, 403, 404, 409, 418, 429, 500, 503];
    let mut faults: Vec<Fault> = statuses.map(Fault::Echo).into();
    let elsewhere = Fault::Elsewhere(format!("http://127.0.0.1:1/?key={key}"));
    faults.extend([Fault::Garbage, Fault::CutShort, Fault::Endless, elsewhere, busy("x")]);
    for fault in faults {
        world.api.misbehave(fault.clone());
        let errors = [
            world.account.databases().await.unwrap_err(),
            world.account.database(&database.id).await.unwrap_err(),
            world.account.create(&new("x", false)).await.unwrap_err(),
            world.client.start_redis().await.unwrap_err(),
        ];
        for error in errors {
            let shown = format!("{error} {error:?} {:?} {:?}", error.trouble(), world.account);
            for secret in hidden {
                assert!(!shown.contains(secret), "{fault:?}: {shown}");
            }
        }
    }
}
