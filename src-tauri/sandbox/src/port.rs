//! A port for a server of ours. It must not be held here: whoever asked binds it.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// Below what Linux, macOS and Windows take for outgoing connections: one of those would otherwise sit on the port
/// between the look and the server's start, or while a server is down.
const OURS: std::ops::Range<u16> = 15_000..32_000;

/// So many ports are looked at before it is said that none is free.
const LOOKS: usize = 200;

/// A port on loopback that nobody listens on.
pub fn free() -> Result<u16> {
    std::iter::repeat_with(|| fastrand::u16(OURS))
        .take(LOOKS)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port on loopback")
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
}
