//! A port for a server of ours. It must not be held here: whoever asked binds it.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, TcpListener},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};

/// Below what Linux, macOS and Windows take for outgoing connections: one of those would otherwise sit on the port
/// between the look and the server's start, or while a server is down.
const OURS: std::ops::Range<u16> = 15_000..32_000;

/// So many ports are looked at before it is said that none is free.
const LOOKS: usize = 200;

/// Ports that were given out: whoever has one may not have bound it yet, or not at the moment. More than are in use at
/// once; the oldest is forgotten.
static GIVEN: Mutex<VecDeque<u16>> = Mutex::new(VecDeque::new());
const REMEMBERED: usize = 2_000;

/// A port on loopback that nobody listens on, and that was not given out lately.
pub fn free() -> Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let port = std::iter::repeat_with(|| fastrand::u16(OURS))
        .take(LOOKS)
        .find(|port| !given.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port on loopback")?;
    if given.len() == REMEMBERED {
        given.pop_front();
    }
    given.push_back(port);
    Ok(port)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn no_port_that_an_outgoing_connection_may_take() {
        let port = free().unwrap();
        assert!(OURS.contains(&port));
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }

    #[test]
    fn none_is_given_twice_at_once() {
        let mut ports: Vec<_> = std::iter::repeat_with(|| free().unwrap()).take(500).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 500);
    }
}
