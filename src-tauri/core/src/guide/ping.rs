//! Asking Helios whether he is there.

use std::time::Duration;

use tokio::{sync::broadcast, time::timeout};

use super::{Guide, GuideView, Ping, not_possible};
use crate::{
    message::{Outgoing, Priority, channel, new_id, now},
    trouble::Trouble,
    usage::CommandKind,
};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

impl Guide {
    /// Asks the first peer; the view says what came of it.
    pub fn ping(&self) -> Result<GuideView, Trouble> {
        let names = self.shared.means.settings.borrow().names();
        let Some(peer) = names.peers.first() else {
            return Err(not_possible("There is nobody to ask.", "Name the other agent first."));
        };
        let id = new_id();
        let payload = Outgoing {
            from: &names.me,
            kind: "ping",
            data: serde_json::json!({}),
            id: &id,
            at: now(),
            reply_to: None,
            priority: Priority::Normal,
        }
        .to_bytes();
        let channel = channel::between(&names.me, peer);
        // Before it is asked, so that no answer is missed.
        let answers = self.shared.means.answers.subscribe();
        self.shared.change(|state| state.view.ping = Ping::Asked);
        let asking = self.clone();
        self.shared.spawn(async move {
            let ping = asking.ask(&channel, payload, &id, answers).await;
            asking.shared.change(|state| state.view.ping = ping);
        });
        Ok(self.view())
    }

    async fn ask(&self, channel: &str, payload: Vec<u8>, id: &str, mut answers: broadcast::Receiver<String>) -> Ping {
        let began = tokio::time::Instant::now();
        let answered = async {
            self.shared.means.link.publish_as(CommandKind::Test, channel, payload, None).await.ok()?;
            loop {
                match answers.recv().await {
                    Ok(answered) if answered == id => return Some(()),
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        };
        match timeout(LIMIT, answered).await {
            Ok(Some(())) => {
                let took = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
                Ping::Answered { round_trip_ms: took }
            }
            Ok(None) | Err(_) => Ping::Unanswered,
        }
    }
}
