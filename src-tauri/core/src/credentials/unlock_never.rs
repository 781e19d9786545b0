//! Systems whose keychain is open as long as the person is logged in.

/// Never returns: there is nothing to wait for.
pub async fn unlocked() {
    std::future::pending().await
}
