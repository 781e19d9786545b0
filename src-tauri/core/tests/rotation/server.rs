//! The server behind the stand-in of a database that is paid for, asked directly: there its own access control list and
//! its log are to be seen, which the service hides.

use heliograph_core::{
    credentials::{Item, Keychain},
    engine::Engine,
    rotation::{RotationOutcome, RotationView},
};
use redis::{Value, aio::MultiplexedConnection};
use ring::digest::{SHA256, digest};
use secrecy::SecretString;

use crate::world::{World, exposed, files};

/// The real server, as `default`.
pub(crate) struct Server {
    admin: MultiplexedConnection,
    port: String,
}

/// User and password of an address.
pub(crate) fn login(url: &SecretString) -> (String, String) {
    let url = exposed(url);
    let login = url.split_once("://").unwrap().1.split_once('@').unwrap().0;
    let (user, password) = login.split_once(':').unwrap();
    (user.to_owned(), password.to_owned())
}

pub(crate) fn hash(url: &SecretString) -> String {
    let digest = digest(&SHA256, login(url).1.as_bytes());
    let halves = digest.as_ref().as_chunks::<16>().0;
    format!("{:032x}{:032x}", u128::from_be_bytes(halves[0]), u128::from_be_bytes(halves[1]))
}

impl Server {
    pub(crate) async fn behind(world: &World) -> Self {
        let all = files(&world.folder.path().join("upstash"));
        let config = all.into_iter().find(|path| path.ends_with("redis.conf")).unwrap();
        let config = std::fs::read_to_string(config).unwrap();
        let port = config.lines().find_map(|line| line.strip_prefix("port ")).unwrap().to_owned();
        let client = redis::Client::open(at(&world.url(), &port)).unwrap();
        Self { admin: client.get_multiplexed_async_connection().await.unwrap(), port }
    }

    /// The same address without the stand-in before it.
    pub(crate) fn client(&self, url: &SecretString) -> redis::Client {
        redis::Client::open(at(url, &self.port)).unwrap()
    }

    pub(crate) async fn ask(&self, words: &[&str]) -> Value {
        let mut command = redis::Cmd::new();
        command.arg(words);
        command.query_async(&mut self.admin.clone()).await.unwrap()
    }

    pub(crate) async fn users(&self) -> Vec<String> {
        let mut users: Vec<String> = redis::from_redis_value(self.ask(&["ACL", "USERS"]).await).unwrap();
        users.sort();
        users
    }

    /// The hashes of a user's tokens.
    pub(crate) async fn tokens(&self, user: &str) -> Vec<String> {
        let Value::Array(facts) = self.ask(&["ACL", "GETUSER", user]).await else { return Vec::new() };
        let at = facts.iter().position(|fact| *fact == Value::BulkString(b"passwords".to_vec())).unwrap();
        redis::from_redis_value(facts[at + 1].clone()).unwrap()
    }

    /// Who was refused at the door.
    pub(crate) async fn refused(&self) -> Vec<String> {
        let Value::Array(entries) = self.ask(&["ACL", "LOG", "100"]).await else { panic!("no log") };
        let mut refused = Vec::new();
        for entry in entries {
            let Value::Array(facts) = entry else { panic!("{entry:?}") };
            let of = |name: &str| {
                let at = facts.iter().position(|fact| *fact == Value::BulkString(name.into())).unwrap();
                facts[at + 1].clone()
            };
            if of("reason") == Value::BulkString(b"auth".to_vec()) {
                let times: usize = redis::from_redis_value(of("count")).unwrap();
                let user: String = redis::from_redis_value(of("username")).unwrap();
                refused.extend(std::iter::repeat_n(user, times));
            }
        }
        refused
    }

    pub(crate) async fn lets_in(&self, url: &SecretString) -> bool {
        self.client(url).get_multiplexed_async_connection().await.is_ok()
    }
}

fn at(url: &SecretString, port: &str) -> String {
    let (user, password) = login(url);
    format!("redis://{user}:{password}@127.0.0.1:{port}")
}

impl World {
    /// What an item of the keychain holds.
    pub(crate) async fn item(&self, item: Item) -> Option<SecretString> {
        let found = Keychain::new(false).read(item).await.unwrap();
        if let Some(url) = &found {
            self.note(url);
        }
        found
    }

    /// The keys that are there now are ones that must be in no file. They may be on their way out.
    pub(crate) async fn note_items(&self) {
        for item in [Item::Address, Item::NextAddress, Item::PeerAddress] {
            if let Ok(Some(url)) = Keychain::new(false).read(item).await {
                self.note(&url);
            }
        }
    }

    /// Makes each agent a user, and the person says that Helios has its address. Gives that.
    pub(crate) async fn moves(&self, engine: &Engine) -> SecretString {
        engine.rotation().move_to_users().await.unwrap();
        self.hands_over(engine).await
    }

    /// The person gives Helios its new address and says so. Gives that.
    pub(crate) async fn hands_over(&self, engine: &Engine) -> SecretString {
        self.until(engine, waits).await;
        let theirs = engine.rotation().address_for_helios().unwrap();
        self.note(&theirs);
        engine.rotation().finish().unwrap();
        let view = self.until(engine, |view| view.outcome.is_some()).await;
        assert_eq!(view.outcome, Some(RotationOutcome::Done), "{view:#?}");
        theirs
    }

    /// After a rotation of users: this computer has a token that works, and nothing stands beside it; each of these users
    /// has so many; `default` is as it was; and no key is in a file.
    pub(crate) async fn users_end_well(&self, engine: &Engine, server: &Server, tokens: [usize; 2]) {
        self.connected(engine).await;
        let address = self.item(Item::Address).await.unwrap();
        for item in [Item::NextAddress, Item::PreviousAddress, Item::PeerAddress] {
            assert!(self.item(item).await.is_none(), "{item:?}");
        }
        assert!(server.lets_in(&address).await, "the key in the keychain works");
        assert!(server.lets_in(&self.url()).await, "default is as it was");
        let ours = server.tokens("chad").await;
        assert_eq!([ours.len(), server.tokens("helios").await.len()], tokens);
        if login(&address).0 == "chad" {
            assert!(ours.contains(&hash(&address)));
        }
        assert!(server.users().await.iter().all(|user| ["chad", "default", "helios"].contains(&user.as_str())));
        let shared = self.item(Item::Emergency).await;
        assert!(shared.is_none_or(|url| exposed(&url) == exposed(&self.url())), "default's address is kept");
        self.nothing_leaks(engine, "one", &[]).await;
    }
}

/// Helios is waited for.
pub(crate) fn waits(view: &RotationView) -> bool {
    view.helios_behind_since.is_some()
}
