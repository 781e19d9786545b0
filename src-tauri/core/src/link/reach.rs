//! One connection for a few commands: opened, encrypted, logged in. It must send nothing but the log-in, and is not
//! tried again here.

use std::{path::PathBuf, time::Duration};

use tokio::time::timeout;

use super::{
    Address,
    fault::{Failure, Stage},
    login::counted_log_in,
    tls,
    transport::{Progress, Wire, dial, resolve},
};
use crate::usage::{CommandKind, Meter};

/// For all of it.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// Opens a connection on which the log-in is done; it counts as a command of testing. `authorities` is a file of
/// certificates to trust as well. Safe to drop.
pub(crate) async fn reach(
    address: &Address,
    authorities: Option<PathBuf>,
    meter: &Meter,
) -> Result<Box<dyn Wire>, Failure> {
    let progress = Progress::default();
    let opening = async {
        let tls = tls::for_address(address, authorities).await?;
        let found = resolve(address).await?;
        let mut wire = meter.on(dial(&found, &address.host, tls.as_ref(), &progress).await?);
        progress.reached(Stage::LogIn);
        counted_log_in(&mut wire, address, meter, CommandKind::Test).await?;
        let wire: Box<dyn Wire> = Box::new(wire);
        Ok(wire)
    };
    timeout(LIMIT, opening).await.unwrap_or_else(|_| Err(Failure::TimedOut(progress.stage())))
}
