//! Resetting a password, and the ways in which that goes wrong.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Extension, Path, State},
    http::StatusCode,
};
use serde_json::json;
use tokio::time::sleep;

use super::{
    account::Account,
    database::{self, Database},
    description::Credentials,
    fault::{Fault, ResetFault},
    routes::{Answer, Desk, Reply, Spoil, bad, describe, fault, find},
};

/// Resets it, and answers with the database.
pub(super) async fn answer(State(account): Desk, Extension(spoilt): Spoil, Path(id): Path<String>) -> Answer {
    let database = find(&account, &id)?;
    if database.state() != database::State::Active {
        return Err(bad("the database is not active"));
    }
    let wrong = if let Some(Fault::Reset(wrong)) = spoilt.0 { Some(wrong) } else { None };
    match wrong {
        Some(ResetFault::Silent) => account.stopping().cancelled().await,
        Some(ResetFault::Error) => return Err(internal_error()),
        _ => carry_out(&account, &database, wrong).await?,
    }
    let credentials = match wrong {
        Some(ResetFault::DoneError) => return Err(internal_error()),
        Some(ResetFault::WithoutPassword) => Credentials::Hidden,
        _ => Credentials::Told,
    };
    Ok(Reply(StatusCode::OK, describe(&account, &database, credentials, &spoilt)))
}

/// In a task of its own: a client that goes away takes the conversation with it, but the service does what it was told.
async fn carry_out(account: &Account, database: &Arc<Database>, wrong: Option<ResetFault>) -> Result<(), Reply> {
    let (database, cut) = (Arc::clone(database), account.habits.get().cuts_connections);
    let done = account.spawn(async move {
        if let Some(ResetFault::DoneLate(time)) = wrong {
            sleep(time).await;
        }
        let late = if let Some(ResetFault::TakenLate(time)) = wrong { time } else { Duration::ZERO };
        database.reset_password(cut, late).await
    });
    match done.await {
        Ok(Some(Ok(()))) => {}
        _ => return Err(fault("the password could not be changed")),
    }
    match wrong {
        Some(ResetFault::AnswersLate(time)) => sleep(time).await,
        Some(ResetFault::DoneSilent) => account.stopping().cancelled().await,
        _ => {}
    }
    Ok(())
}

/// With the other of the two words under which the service gives reasons.
fn internal_error() -> Reply {
    Reply(StatusCode::INTERNAL_SERVER_ERROR, json!({ "message": "internal error" }))
}
