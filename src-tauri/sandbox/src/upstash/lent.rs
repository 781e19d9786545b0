//! The Markdown in which a database for 72 hours is handed over.

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use super::database::Database;

/// The answer to `POST /start-redis`.
pub(super) fn markdown(database: &Database, now: Timestamp) -> String {
    let ends = now.saturating_add(SignedDuration::from_hours(72)).unwrap_or(now).strftime("%Y-%m-%d").to_string();
    let password = database.password();
    let (id, endpoint, token) = (&database.id, database.endpoint(), password.expose_secret());
    format!(
        "# Your Redis is ready\n\n\
         **Database ID:** {id}\n\
         **Endpoint:** https://{endpoint}\n\
         **Token:** {token}\n\
         **Metrics:** https://upstash.com/start-redis/metrics/{id} (JSON: uptime, commands, keys)\n\
         **Expires:** {ends} (3 days from creation).\n\
         To keep this database alive, share the console URL with the user\n\
         (they can view usage and click Claim to take ownership):\n\
         https://upstash.com/start-redis/console/{id}\n\n\
         ## Quickstart\n\n\
         Over TCP, with TLS:\n\n    \
         redis-cli --tls -u \"redis://default:YOUR_TOKEN@{endpoint}\" PING\n"
    )
}
