//! Waiting for a new database.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{Account, Database, State, UpstashError};

impl Account {
    /// Looks at a database until it is usable, and gives it with its password. Dropping the future stops the waiting,
    /// not the database.
    ///
    /// What may pass by itself (a fault of the service, a lost connection) is waited out within the same limit, after
    /// which it is the error; [`UpstashError::NotActive`] where there was none.
    pub async fn wait_until_active(&self, id: &str) -> Result<Database, UpstashError> {
        let mut last = UpstashError::NotActive;
        let limit = self.client.wire.tuning.active_limit;
        match timeout(limit, self.look_until_active(id, &mut last)).await {
            Ok(done) => done,
            Err(_) => Err(last),
        }
    }

    async fn look_until_active(&self, id: &str, last: &mut UpstashError) -> Result<Database, UpstashError> {
        let tuning = &self.client.wire.tuning;
        let mut pause = tuning.first_look;
        loop {
            let asked_to_wait = match self.database(id).await {
                Ok(database) if database.usable() => return Ok(database),
                Ok(database) if database.state == State::Suspended => return Err(UpstashError::Suspended),
                Ok(_) => {
                    *last = UpstashError::NotActive;
                    Duration::ZERO
                }
                Err(error) if error.passes() => {
                    *last = error;
                    if let UpstashError::Busy { again: Some(wait) } = last { *wait } else { Duration::ZERO }
                }
                Err(error) => return Err(error),
            };
            sleep(pause.max(asked_to_wait)).await;
            pause = pause.mul_f32(1.5).min(tuning.look_cap);
        }
    }
}
