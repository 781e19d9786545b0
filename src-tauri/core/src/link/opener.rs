//! What opening sessions needs from one to the next: the certificates, and knowing which sockets are still open. It must
//! not decide when to open one.

use std::{sync::Arc, time::Duration};

use rustls::ClientConfig;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    Plan, Tuning,
    fault::{Failure, Stage},
    session::{Session, open},
    tls,
};

/// Opens sessions.
#[derive(Default)]
pub(super) struct Opener {
    /// The certificates to trust, read once for each server.
    trust: Option<Arc<ClientConfig>>,
    sockets: Vec<CancellationToken>,
}

impl Opener {
    /// Another server, or what was wrong with the certificates may be mended: they are read again.
    pub(super) fn forget_trust(&mut self) {
        self.trust = None;
    }

    /// Tries to open a session, once.
    pub(super) async fn open(&mut self, plan: &Plan, tuning: &Tuning) -> Result<Session, Failure> {
        self.sockets.retain(|socket| !socket.is_cancelled());
        if plan.address.tls && self.trust.is_none() {
            let read = tls::configuration(tuning.authorities.clone()).await;
            self.trust = Some(read.map_err(|error| Failure::Io(Stage::Encrypt, error))?);
        }
        let tls = self.trust.as_ref().filter(|_| plan.address.tls);
        open(plan, tls, tuning, &mut self.sockets).await
    }

    /// Waits until nothing of the sessions before is open any more.
    pub(super) async fn closed(&mut self, limit: Duration) {
        let sockets = std::mem::take(&mut self.sockets);
        let all = async {
            for socket in &sockets {
                socket.cancelled().await;
            }
        };
        if timeout(limit, all).await.is_err() {
            tracing::warn!("an old connection takes long to close");
        }
    }
}
