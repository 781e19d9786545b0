//! Changing the database's key with the whole program: killed at every stage, together with Helios in Python, from the
//! tray, and with an eye on where the keys stand.

mod desk;
mod ground;
#[path = "../../../src-tauri/core/tests/rotation/journal.rs"]
mod journal;
mod killed;
mod reminders;
mod secrets;
mod users_killed;
#[path = "../../../src-tauri/core/tests/rotation/voice.rs"]
#[allow(dead_code, reason = "the outage is measured elsewhere")]
mod voice;
mod whole;
