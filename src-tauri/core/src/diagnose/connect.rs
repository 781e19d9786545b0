//! The steps up to the log-in: name, TCP, TLS, password.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use redis::cmd;
use rustls::{ClientConfig, Error};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{
    CheckKind,
    board::{Finding, Step},
    certificate,
    line::{Cost, Line},
    words,
};
use crate::link::{
    Address,
    fault::{Failure, Stage},
    login,
    transport::{self, Wire},
};

/// Leaves time to look, within the step's own limit, what it is that does not speak TLS.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(4);
const GLANCE_LIMIT: Duration = Duration::from_millis(900);

/// The way that worked, for a second connection.
pub(super) struct Route {
    pub(super) place: SocketAddr,
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// The host's IP addresses.
pub(super) async fn name(address: &Address, place: Option<&str>) -> Step<Vec<SocketAddr>> {
    let host = &address.host;
    let found =
        transport::resolve(address).await.map_err(|failure| words::failed(CheckKind::Name, &failure, address))?;
    if host.parse::<IpAddr>().is_ok() {
        return Ok((Finding::skipped("No name to look up").detail(format!("{host} is an IP address.")), found));
    }
    let detail = place.map_or_else(|| list(&found), str::to_owned);
    Ok((Finding::good(format!("{host} found")).detail(detail), found))
}

fn list(found: &[SocketAddr]) -> String {
    let first = found.first().map(|place| place.ip().to_string()).unwrap_or_default();
    match found.len() {
        0 | 1 => first,
        more => format!("{first} and {} more", more - 1),
    }
}

/// A TCP connection.
pub(super) async fn reach(found: &[SocketAddr], address: &Address) -> Step<TcpStream> {
    let stream = transport::first_to_answer(found)
        .await
        .map_err(|error| words::failed(CheckKind::Reach, &Failure::Io(Stage::Connect, error), address))?;
    let finding = Finding::good(format!("Port {} answers", address.port));
    let finding = match stream.peer_addr() {
        Ok(place) => finding.detail(format!("at {}", place.ip())),
        Err(_) => finding,
    };
    Ok((finding, stream))
}

/// Encryption, and whose certificate.
pub(super) async fn encryption(
    stream: TcpStream,
    address: &Address,
    tls: Result<Option<Arc<ClientConfig>>, Failure>,
    cost: &Cost,
) -> Step<(Box<dyn Wire>, Route)> {
    let failed = |failure| words::failed(CheckKind::Encryption, &failure, address);
    let place = stream.peer_addr().map_err(|error| failed(Failure::Io(Stage::Encrypt, error)))?;
    let Some(config) = tls.map_err(failed)? else {
        return Ok((unencrypted(place), (Box::new(cost.on(stream)), Route { place, tls: None })));
    };
    let began = Instant::now();
    let shaken = timeout(HANDSHAKE_LIMIT, transport::encrypt(stream, &address.host, &config))
        .await
        .unwrap_or(Err(Failure::TimedOut(Stage::Encrypt)));
    let took = began.elapsed();
    let stream = match shaken {
        Ok(stream) => stream,
        Err(failure) => return Err(no_encryption(failure, place, address, cost).await.took(took)),
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let detail = shown.and_then(|shown| certificate::described(shown, &address.host));
    let finding = Finding::good("Encrypted connection").took(took);
    let finding = match detail {
        Some(detail) => finding.detail(detail),
        None => finding,
    };
    Ok((finding, (Box::new(cost.on(stream)), Route { place, tls: Some(config) })))
}

fn unencrypted(place: SocketAddr) -> Finding {
    if place.ip().is_loopback() {
        return Finding::skipped("No encryption")
            .detail("The address asks for none, and nothing leaves this computer.");
    }
    Finding::warning("No encryption").detail("Everybody on the way can read the password and every message.")
}

async fn no_encryption(failure: Failure, place: SocketAddr, address: &Address, cost: &Cost) -> Finding {
    let said = match &failure {
        Failure::Io(_, error) => error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()),
        _ => None,
    };
    let finding = words::failed(CheckKind::Encryption, &failure, address);
    match said {
        Some(Error::InvalidCertificate(reason)) => match certificate::refused(reason, &address.host) {
            Some((trouble, help)) => finding.trouble(trouble).help(help),
            None => finding,
        },
        _ if speaks_plainly(place, cost).await => words::plain_there(address),
        _ => finding,
    }
}

/// Is it a Redis without encryption? Asked on a connection of its own, without a word about who we are.
async fn speaks_plainly(place: SocketAddr, cost: &Cost) -> bool {
    let asked = async {
        let mut stream = cost.on(TcpStream::connect(place).await.ok()?);
        cost.one();
        login::exchange(&mut stream, &cmd("PING")).await.ok()
    };
    let line = timeout(GLANCE_LIMIT, asked).await.ok().flatten();
    line.is_some_and(|line| line.starts_with(b"+") || line.starts_with(b"-"))
}

/// The log-in; without a password, a first word to see whether one is needed.
pub(super) async fn log_in(mut wire: Box<dyn Wire>, address: &Address, cost: &Cost) -> Step<Line> {
    let failed = |failure| words::failed(CheckKind::LogIn, &failure, address);
    cost.one();
    let finding = if address.password().is_some() {
        cost.came(login::log_in(&mut wire, address).await).map_err(failed)?;
        Finding::good("Password accepted")
    } else {
        cost.came(greet(&mut wire).await).map_err(failed)?;
        Finding::warning("No password needed").detail("Whoever reaches the server may read and send.")
    };
    let line = Line::over(wire, cost.clone()).await.map_err(failed)?;
    Ok((finding, line))
}

async fn greet(wire: &mut Box<dyn Wire>) -> Result<(), Failure> {
    let line = login::exchange(wire, &cmd("PING")).await?;
    let text = String::from_utf8_lossy(line.get(1..).unwrap_or_default()).into_owned();
    match line.first() {
        Some(b'+') => Ok(()),
        // A user who may do little is logged in all the same.
        Some(b'-') if text.starts_with("NOPERM") => Ok(()),
        Some(b'-') => Err(Failure::Refused(Stage::LogIn, text)),
        _ => Err(Failure::Garbled(line)),
    }
}
