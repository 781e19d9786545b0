//! Waiting for a condition, with a limit.
#![allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]

use std::time::{Duration, Instant};

/// Long enough for a slow machine; nobody waits this long when all is well.
pub const LIMIT: Duration = Duration::from_secs(15);

/// Waits until `condition` holds.
pub async fn eventually(mut condition: impl FnMut() -> bool) {
    eventually_async(async || condition()).await;
}

/// Waits until `condition` holds.
pub async fn eventually_async(mut condition: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !condition().await {
        assert!(Instant::now() < until, "it did not come to pass in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A client for plain HTTP on loopback. Built together with the rest of the workspace reqwest has TLS in it, and then
/// wants to know whose cryptography to use.
pub fn http() -> reqwest::ClientBuilder {
    // The second test of a program finds it done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}
