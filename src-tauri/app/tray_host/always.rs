//! macOS and Windows always have a place for the icon.

use tokio::sync::watch;

/// Says so, once.
pub(super) async fn follow(sender: watch::Sender<bool>) {
    sender.send_replace(true);
    std::future::pending().await
}

/// What to do about a missing one.
pub(super) fn remedy() -> &'static str {
    "Keep this window open, and log in again to get the icon back."
}
