//! What can be wrong, in a form that a program can decide on and a person can read.
//!
//! Errors are classified where they arise; this module holds the closed list of codes and the shape in which
//! they reach a screen. It must not hold the rules by which an error is classified.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why something does not work, as a closed list: the window has words and an action for each, and a new code
/// without them does not compile there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum TroubleCode {
    /// An address was found and cannot be read as one.
    AddressUnreadable,
    /// There is no keychain service on this computer.
    KeychainMissing,
    /// The keychain is locked, or its prompt was dismissed.
    KeychainLocked,
    /// The keychain did not answer within its time limit.
    KeychainSilent,
    /// The keychain refused for another reason.
    KeychainFailed,
    /// The host name is not known to the resolver.
    NameNotFound,
    /// Nothing listens at that address, or the network is down.
    Unreachable,
    /// Connecting took longer than its time limit.
    TimedOut,
    /// Plain text was spoken to a port that wants TLS.
    TlsNeeded,
    /// The server's certificate was not accepted.
    CertificateRefused,
    /// The password, or the user, was refused.
    PasswordRefused,
    /// The user may not use a command or a channel.
    NotPermitted,
    /// The token may only read.
    ReadOnlyToken,
    /// The month's (or day's) commands are used up.
    QuotaUsedUp,
    /// Too many clients are connected to the database.
    TooManyConnections,
    /// A message is larger than the service takes.
    TooLarge,
    /// The database had nothing to do for so long that it may be archived.
    DatabaseIdle,
    /// The record beside a channel cannot be read or written.
    RecordUnusable,
    /// The connection ended.
    ConnectionLost,
    /// The connection is open and nothing comes back over it.
    ConnectionSilent,
    /// What the server said is not Redis.
    NotRedis,
    /// The server answered with an error that has no case of its own.
    ServerError,
    /// The disk is full.
    DiskFull,
    /// The database file is damaged.
    StoreDamaged,
    /// The database file cannot be opened or written.
    StoreUnusable,
    /// No notification server answers on this desktop.
    NoNotificationServer,
    /// A notification was refused.
    NotificationFailed,
    /// The desktop shows no tray icons.
    NoTrayHost,
    /// The settings file cannot be read.
    SettingsUnreadable,
    /// The API key, or its e-mail, was refused.
    ApiKeyRefused,
    /// The API says: slow down.
    ApiBusy,
    /// The API did not answer, or not in a way that can be read.
    ApiFailed,
    /// The plan allows no more of these.
    PlanLimit,
    /// GitHub will not let the mailbox be used before somebody mends its token or its repository.
    MailboxRefused,
    /// GitHub does not answer, or not in a way that can be read.
    MailboxUnreachable,
    /// GitHub, or the program's own bound, says: not now.
    MailboxBusy,
    /// The entry that starts the program at login cannot be read or written.
    AutostartFailed,
    /// What was asked for cannot be done as things stand.
    NotPossible,
    /// The program that stands in for the outside world did not start.
    SandboxFailed,
    /// A mistake of ours.
    Internal,
}

/// Something wrong, as a person reads it: what happened (with why), and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[ts(export)]
#[error("{message}")]
pub struct Trouble {
    /// For deciding; texts are never read to decide.
    pub code: TroubleCode,
    /// What happened, and why as far as it is known. Never holds a secret.
    pub message: String,
    /// What the person can do, or what will happen by itself.
    pub remedy: String,
}

impl Trouble {
    /// A trouble from its code and its two sentences.
    pub fn new(code: TroubleCode, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, message: message.into(), remedy: remedy.into() }
    }
}
