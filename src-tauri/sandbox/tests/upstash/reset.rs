//! Resetting a password: what it does to the server, to connections that stand, and what may go wrong.

use std::time::{Duration, Instant};

use heliograph_sandbox::upstash::{Fault, Habits, ResetFault};
use reqwest::Method;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::{
    StatusCode, Value, World,
    common::{LIMIT, eventually},
    schema::{DATABASE, keeps_to},
    text,
    wire::Wire,
};

/// Short enough for a test, long enough to be told from at once.
const LATE: Duration = Duration::from_millis(400);

/// A database and its first password.
struct Known {
    world: World,
    id: String,
    path: String,
    before: Value,
}

impl Known {
    async fn new() -> Self {
        let world = World::new().await;
        let id = world.api.make("agents").await.unwrap();
        let before = world.get(&format!("/redis/database/{id}")).await;
        Self { world, path: format!("/redis/reset-password/{id}"), id, before }
    }

    /// Asks for a reset and gives up after this time.
    async fn impatient(&self, patience: Duration) {
        let request = self.world.http.post(format!("{}/v2{}", self.world.api.url(), self.path));
        let request = request.basic_auth(self.world.api.email(), Some(self.world.api.key().expose_secret()));
        assert!(request.timeout(patience).send().await.unwrap_err().is_timeout());
    }

    fn resets(&self) -> u32 {
        self.world.api.resets(&self.id).unwrap()
    }

    /// Is the first password still the server's?
    async fn first_works(&self) -> bool {
        self.world.pong(&self.before, text(&self.before["password"])).await
    }

    /// The password that is told now is the server's, and another than the first.
    async fn is_done(&self) {
        assert_eq!(self.resets(), 1);
        assert!(!self.first_works().await);
        let now = self.world.get(&format!("/redis/database/{}", self.id)).await;
        assert!(self.world.pong(&self.before, text(&now["password"])).await);
    }
}

#[tokio::test]
async fn a_reset_password_is_the_servers() {
    let world = World::new().await;
    let id = world.api.make("agents").await.unwrap();
    let before = world.get(&format!("/redis/database/{id}")).await;
    let after = world.post(&format!("/redis/reset-password/{id}"), None).await;
    assert_ne!(before["password"], after["password"]);
    assert!(!world.pong(&after, text(&before["password"])).await);
    assert!(world.pong(&after, text(&after["password"])).await);
    assert_eq!(world.api.resets(&id), Some(1));
    assert!(world.api.database_url(&id).unwrap().expose_secret().contains(text(&after["password"])));
}

#[tokio::test]
async fn connections_that_stand_are_kept_or_cut() {
    for cuts_connections in [false, true] {
        let known = Known::new().await;
        known.world.api.adopt(Habits { cuts_connections, ..Habits::default() });
        let mut standing = Wire::to(&known.world, &known.id).await;
        standing.log_in("default", text(&known.before["password"])).await;
        known.world.post(&known.path, None).await;
        let answer = timeout(LIMIT, standing.ask(&["PING"])).await.unwrap();
        assert_eq!(answer.is_none(), cuts_connections, "{answer:?}");
        known.is_done().await;
    }
}

#[tokio::test]
async fn an_answer_that_comes_late_or_never_does_not_undo_the_reset() {
    for fault in [ResetFault::AnswersLate(Duration::from_mins(1)), ResetFault::DoneSilent] {
        let known = Known::new().await;
        known.world.api.misbehave_times(Fault::Reset(fault), 1);
        known.impatient(LATE).await;
        known.is_done().await;
    }
    let known = Known::new().await;
    known.world.api.misbehave(Fault::Reset(ResetFault::AnswersLate(LATE)));
    let began = Instant::now();
    known.world.post(&known.path, None).await;
    assert!(began.elapsed() >= LATE);
    known.is_done().await;
}

#[tokio::test]
async fn a_reset_that_is_done_late_is_done_for_a_client_that_has_gone() {
    let known = Known::new().await;
    known.world.api.misbehave_times(Fault::Reset(ResetFault::DoneLate(LATE * 2)), 1);
    known.impatient(LATE).await;
    assert_eq!(known.resets(), 0);
    assert!(known.first_works().await);
    eventually(|| known.resets() == 1).await;
    known.is_done().await;
}

#[tokio::test]
async fn a_reset_that_is_refused_or_ignored_is_not_done() {
    let known = Known::new().await;
    known.world.api.misbehave_times(Fault::Reset(ResetFault::Error), 1);
    assert_eq!(known.world.ask(Method::POST, &known.path, None).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    known.world.api.misbehave_times(Fault::Reset(ResetFault::Silent), 1);
    known.impatient(LATE).await;
    assert_eq!(known.resets(), 0);
    assert!(known.first_works().await);
}

#[tokio::test]
async fn an_error_after_the_reset_and_an_answer_without_the_password() {
    let known = Known::new().await;
    known.world.api.misbehave_times(Fault::Reset(ResetFault::DoneError), 1);
    // Another question does not use up the one time.
    known.world.get("/redis/databases").await;
    let (status, answer) = known.world.ask(Method::POST, &known.path, None).await;
    assert_eq!((status, text(&answer["message"])), (StatusCode::INTERNAL_SERVER_ERROR, "internal error"));
    known.is_done().await;

    let known = Known::new().await;
    known.world.api.misbehave_times(Fault::Reset(ResetFault::WithoutPassword), 1);
    let answer = known.world.post(&known.path, None).await;
    keeps_to(&answer, &DATABASE);
    assert!(answer.get("password").is_none() && answer.get("rest_token").is_none(), "{answer}");
    known.is_done().await;
}

#[tokio::test]
async fn protected_credentials_are_told_by_the_reset_alone() {
    let known = Known::new().await;
    known.world.api.adopt(Habits { protected_credentials: true, ..Habits::default() });
    let told = known.world.post(&known.path, None).await;
    assert!(known.world.pong(&known.before, text(&told["password"])).await);
    assert!(known.world.get(&format!("/redis/database/{}", known.id)).await.get("password").is_none());
}
