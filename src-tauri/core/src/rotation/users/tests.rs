//! Users at the service's stand-in.

use heliograph_sandbox::{Upstash, UpstashOptions};
use tempfile::TempDir;

use super::*;
use crate::{message::Names, rotation::rights::rights};

struct Paid {
    _folder: TempDir,
    upstash: Upstash,
    url: SecretString,
}

impl Paid {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstash = Upstash::start(folder.path(), UpstashOptions::default()).await.unwrap();
        let id = upstash.make_paid("agents").await.unwrap();
        let url = upstash.database_url(&id).unwrap();
        Self { _folder: folder, upstash, url }
    }

    async fn open(&self, url: &SecretString) -> Result<Users, UsersError> {
        let authorities = Some(self.upstash.ca_file().to_owned());
        Users::open(&Address::parse(url).unwrap(), authorities, &Meter::default()).await
    }

    async fn may(&self, url: &SecretString, names: &Names) -> Trial {
        let authorities = Some(self.upstash.ca_file().to_owned());
        tried(&Address::parse(url).unwrap(), names, false, authorities, &Meter::default()).await
    }
}

fn chad() -> Names {
    Names { me: "chad".into(), peers: vec!["helios".into()] }
}

#[tokio::test]
async fn a_second_token_is_valid_beside_the_first_until_that_is_removed() {
    let paid = Paid::start().await;
    let mut users = paid.open(&paid.url).await.unwrap();
    assert_eq!(users.tokens("chad").await, Ok(None));
    let rules = rights("chad", &["helios"]);
    let mut urls = Vec::new();
    for _ in 0..2 {
        let token = users.token("chad").await.unwrap();
        let url = Address::with_login(&paid.url, "chad", &token).unwrap();
        assert_eq!(paid.may(&url, &chad()).await, Trial::Refused, "of no use before it is given");
        users.set("chad", &rules, &token).await.unwrap();
        urls.push((url, hash(&token)));
    }
    for (url, hash) in &urls {
        assert_eq!(paid.may(url, &chad()).await, Trial::Good);
        assert!(users.tokens("chad").await.unwrap().unwrap().contains(hash));
    }
    assert_eq!(users.remove("chad", &[urls[0].1.clone()]).await, Ok(true));
    assert_eq!(users.remove("chad", &[]).await, Ok(false));
    assert_eq!(users.tokens("chad").await, Ok(Some(vec![urls[1].1.clone()])));
    assert_eq!(paid.may(&urls[0].0, &chad()).await, Trial::Refused);
    assert_eq!(paid.may(&urls[1].0, &chad()).await, Trial::Good);
}

#[tokio::test]
async fn rights_are_tried_on_a_spare_user_of_whom_nothing_is_left() {
    let paid = Paid::start().await;
    let mut users = paid.open(&paid.url).await.unwrap();
    users.are_there().await.unwrap();
    let authorities = Some(paid.upstash.ca_file().to_owned());
    users.try_rights(&paid.url, "one", authorities, &Meter::default()).await.unwrap();
    let Ok(Some(Value::Array(left))) = users.ask(&["ACL", "USERS"]).await else { panic!() };
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(users.ask(&["DBSIZE"]).await, Ok(Some(Value::Int(0))));
    // What a trial left that broke off.
    let token = users.token("heliograph-spare-two").await.unwrap();
    users.set("heliograph-spare-two", &["on".into()], &token).await.unwrap();
    users.remove_spare("two").await.unwrap();
    assert_eq!(users.tokens("heliograph-spare-two").await, Ok(None));
}

#[tokio::test]
async fn what_does_not_do_is_told_without_a_secret() {
    let paid = Paid::start().await;
    let mut users = paid.open(&paid.url).await.unwrap();
    // Not made by the service; rules that it does not take.
    let token = SecretString::from("invented");
    assert_eq!(users.set("chad", &rights("chad", &[]), &token).await, Err(UsersError::Refused));
    let token = users.token("chad").await.unwrap();
    assert_eq!(users.set("chad", &["+client|list".into()], &token).await, Err(UsersError::Refused));
    assert_eq!(users.set("default", &["on".into()], &token).await, Err(UsersError::Refused));
    users.set("chad", &["on".into(), "+acl".into()], &token).await.unwrap();
    let chads = Address::with_login(&paid.url, "chad", &token).unwrap();
    assert_eq!(paid.open(&chads).await.err(), Some(UsersError::NotDefault));
    let wrong = Address::with_login(&paid.url, DEFAULT, &token).unwrap();
    assert_eq!(paid.open(&wrong).await.err(), Some(UsersError::Password));
    // Too few rights are named, also to listen, which is not done.
    assert_eq!(paid.may(&chads, &chad()).await, Trial::Lacks("PING".into()));
    let mut deaf = rights("chad", &["helios"]);
    deaf.retain(|rule| rule != "&helios→chad-low");
    users.set("chad", &deaf, &token).await.unwrap();
    assert_eq!(paid.may(&chads, &chad()).await, Trial::Lacks("SUBSCRIBE".into()));
    for error in [UsersError::Password, UsersError::NoList, UsersError::Refused, UsersError::Rights("XADD".into())] {
        assert!(!error.trouble().remedy.is_empty() && error.trouble().message.ends_with('.'));
    }
}

#[tokio::test]
async fn a_free_database_has_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let upstash = Upstash::start(folder.path(), UpstashOptions::default()).await.unwrap();
    let id = upstash.make("free").await.unwrap();
    let address = Address::parse(&upstash.database_url(&id).unwrap()).unwrap();
    let mut users = Users::open(&address, Some(upstash.ca_file().to_owned()), &Meter::default()).await.unwrap();
    assert_eq!(users.are_there().await, Err(UsersError::NoList));
}
