//! The access control list of a database that is paid for, as the service has it.

use redis::Value;
use tokio::time::timeout;

use super::{World, common::LIMIT, text, wire::Wire};

/// A paid database with somebody logged in as `default`.
struct Paid {
    world: World,
    id: String,
    admin: Wire,
}

impl Paid {
    async fn new() -> Self {
        let world = World::new().await;
        let id = world.api.make_paid("agents").await.unwrap();
        let password = world.get(&format!("/redis/database/{id}")).await["password"].clone();
        let mut admin = Wire::to(&world, &id).await;
        admin.log_in("default", text(&password)).await;
        Self { world, id, admin }
    }

    async fn ask(&mut self, line: &str) -> Value {
        let words: Vec<&str> = line.split(' ').collect();
        timeout(LIMIT, self.admin.ask(&words)).await.unwrap().unwrap()
    }

    async fn token(&mut self, user: &str) -> String {
        let Value::BulkString(token) = self.ask(&format!("ACL GENTOKEN {user}")).await else { panic!("no token") };
        String::from_utf8(token).unwrap()
    }

    /// Why the server does not do it.
    async fn refusal(&mut self, line: &str) -> String {
        let Value::ServerError(error) = self.ask(line).await else { panic!("{line} is not refused") };
        error.to_string()
    }

    async fn logged_in(&self, user: &str, token: &str) -> Wire {
        let mut wire = Wire::to(&self.world, &self.id).await;
        wire.log_in(user, token).await;
        wire
    }

    async fn is_refused(&self, user: &str, token: &str) -> bool {
        let mut wire = Wire::to(&self.world, &self.id).await;
        matches!(wire.ask(&["AUTH", user, token]).await, Some(Value::ServerError(_)))
    }
}

fn bulk(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_user_may_hold_several_tokens_and_lose_them_one_by_one() {
    let mut paid = Paid::new().await;
    let (first, second) = (paid.token("chad").await, paid.token("chad").await);
    assert_ne!(first, second);
    assert_eq!(paid.ask(&format!("ACL SETUSER chad on >{first} ~* &* +@all")).await, Value::Okay);
    assert_eq!(paid.ask(&format!("ACL SETUSER chad >{second}")).await, Value::Okay);
    for token in [&first, &second] {
        let mut wire = paid.logged_in("chad", token).await;
        assert_eq!(wire.ask(&["ACL", "WHOAMI"]).await, Some(bulk("chad")));
    }
    assert_eq!(paid.ask(&format!("ACL SETUSER chad <{first}")).await, Value::Okay);
    assert!(paid.is_refused("chad", &first).await);
    paid.logged_in("chad", &second).await;
    assert_eq!(paid.ask("ACL SETUSER chad resetpass").await, Value::Okay);
    assert!(paid.is_refused("chad", &second).await);
}

#[tokio::test]
async fn what_the_service_refuses_is_refused_without_repeating_it() {
    let mut paid = Paid::new().await;
    let (chads, helios) = (paid.token("chad").await, paid.token("helios").await);
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let rows = [
        ("ACL SETUSER chad on >secret".to_owned(), "GENTOKEN"),
        (format!("ACL SETUSER chad on >{helios}"), "GENTOKEN"),
        (format!("ACL SETUSER chad on >{chads} #{hash}"), "hashes"),
        ("ACL SETUSER chad on nopass".to_owned(), "nopass"),
        (format!("ACL SETUSER default >{chads}"), "default"),
        ("ACL SETUSER default off".to_owned(), "default"),
        ("ACL DELUSER default".to_owned(), "default"),
        ("ACL SETUSER chad +client|list".to_owned(), "subcommands"),
        ("ACL GENTOKEN".to_owned(), "arguments"),
    ];
    for (line, words) in rows {
        let refusal = paid.refusal(&line).await;
        assert!(refusal.contains(words), "{line}: {refusal}");
        for secret in ["secret", &helios, &chads, hash] {
            assert!(!refusal.contains(secret), "{refusal}");
        }
    }
    // Nothing of it was done.
    assert_eq!(paid.ask("ACL USERS").await, Value::Array(vec![bulk("default")]));
}

#[tokio::test]
async fn the_log_is_always_empty() {
    let mut paid = Paid::new().await;
    assert!(paid.is_refused("nobody", "nothing").await);
    assert_eq!(paid.ask("ACL LOG").await, Value::Array(vec![]));
    assert_eq!(paid.ask("ACL LOG 10").await, Value::Array(vec![]));
    assert_eq!(paid.ask("ACL LOG RESET").await, Value::Okay);
}

#[tokio::test]
async fn a_deleted_user_s_connections_end_and_others_stay() {
    let mut paid = Paid::new().await;
    let mut wires = Vec::new();
    for user in ["chad", "helios"] {
        let token = paid.token(user).await;
        paid.ask(&format!("ACL SETUSER {user} on >{token} ~* &* +@all")).await;
        wires.push(paid.logged_in(user, &token).await);
    }
    let [mut chad, mut helios] = wires.try_into().ok().unwrap();
    assert!(chad.ask(&["SUBSCRIBE", "helios→chad"]).await.is_some());
    assert_eq!(paid.ask("ACL DELUSER chad").await, Value::Int(1));
    assert_eq!(timeout(LIMIT, chad.next()).await.unwrap(), None);
    assert!(helios.ask(&["PING"]).await.is_some());
}

#[tokio::test]
async fn rules_act_at_once_on_a_connection_that_stands() {
    let mut paid = Paid::new().await;
    let token = paid.token("chad").await;
    paid.ask(&format!("ACL SETUSER chad on >{token} ~* &* +@all")).await;
    let mut chad = paid.logged_in("chad", &token).await;
    assert_eq!(chad.ask(&["SET", "a", "1"]).await, Some(Value::Okay));
    paid.ask("ACL SETUSER chad -set").await;
    assert!(matches!(chad.ask(&["SET", "a", "2"]).await, Some(Value::ServerError(_))));
}

#[tokio::test]
async fn who_may_set_no_rules_hears_that_and_nothing_else() {
    let mut paid = Paid::new().await;
    let token = paid.token("chad").await;
    paid.ask(&format!("ACL SETUSER chad on >{token} ~* &* +@all -acl")).await;
    let mut chad = paid.logged_in("chad", &token).await;
    let mut stranger = Wire::to(&paid.world, &paid.id).await;
    for words in [&["ACL", "GENTOKEN", "chad"][..], &["ACL", "SETUSER", "chad", ">secret"], &["ACL", "LOG"]] {
        let Some(Value::ServerError(error)) = chad.ask(words).await else { panic!("{words:?}") };
        assert_eq!(error.code(), "NOPERM");
        assert!(!error.to_string().contains("genpass"), "{error}");
        let Some(Value::ServerError(error)) = stranger.ask(words).await else { panic!("{words:?}") };
        assert_eq!(error.code(), "NOAUTH");
    }
}

#[tokio::test]
async fn answers_keep_their_order_in_a_pipeline_and_beside_messages() {
    let mut paid = Paid::new().await;
    // In the older form of the protocol, messages look like answers.
    for hello in ["2", "3"] {
        let admin = &mut paid.admin;
        admin.ask(&["HELLO", hello]).await.unwrap();
        admin.ask(&["SUBSCRIBE", "a", "b"]).await.unwrap();
        admin.next().await.unwrap();
        admin.ask(&["UNSUBSCRIBE", "a", "b"]).await.unwrap();
        admin.next().await.unwrap();
        let pieces: [&[&str]; 5] = [
            &["ECHO", "first"],
            &["ACL", "GENTOKEN", "chad"],
            &["ACL", "SETUSER", "chad", ">secret"],
            &["ACL", "LOG"],
            &["ECHO", "last"],
        ];
        admin.send(&pieces).await;
        assert_eq!(admin.next().await, Some(bulk("first")));
        let Some(Value::BulkString(token)) = admin.next().await else { panic!("no token") };
        assert!(matches!(admin.next().await, Some(Value::ServerError(_))));
        assert_eq!(admin.next().await, Some(Value::Array(vec![])));
        assert_eq!(admin.next().await, Some(bulk("last")));
        let rule = format!(">{}", String::from_utf8(token).unwrap());
        assert_eq!(admin.ask(&["ACL", "SETUSER", "chad", &rule]).await, Some(Value::Okay));
    }
}

#[tokio::test]
async fn a_flood_passes_both_ways_while_nobody_reads() {
    let mut paid = Paid::new().await;
    let large = "x".repeat(50_000);
    let echo: [&str; 2] = ["ECHO", &large];
    let flood = vec![&echo[..]; 400];
    timeout(LIMIT, paid.admin.send(&flood)).await.unwrap();
    for _ in 0..400 {
        let answer = timeout(LIMIT, paid.admin.next()).await.unwrap();
        assert!(answer == Some(bulk(&large)), "an answer is missing or another");
    }
}

#[tokio::test]
async fn redis_cli_speaks_to_it_and_a_reset_leaves_other_users_alone() {
    let mut paid = Paid::new().await;
    let token = paid.token("chad").await;
    paid.ask(&format!("ACL SETUSER chad on >{token} ~* &* +@all")).await;
    let database = paid.world.get(&format!("/redis/database/{}", paid.id)).await;
    assert!(paid.world.pong(&database, text(&database["password"])).await);
    let after = paid.world.post(&format!("/redis/reset-password/{}", paid.id), None).await;
    assert!(!paid.world.pong(&database, text(&database["password"])).await);
    assert!(paid.world.pong(&database, text(&after["password"])).await);
    paid.logged_in("chad", &token).await;
    paid.world.api.adopt(heliograph_sandbox::upstash::Habits { cuts_connections: true, ..Default::default() });
    let mut chad = paid.logged_in("chad", &token).await;
    paid.world.post(&format!("/redis/reset-password/{}", paid.id), None).await;
    assert_eq!(timeout(LIMIT, paid.admin.ask(&["PING"])).await.unwrap(), None);
    assert!(timeout(LIMIT, chad.ask(&["PING"])).await.unwrap().is_some());
}
