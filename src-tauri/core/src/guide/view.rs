//! The guided set-up as a screen shows it. No secret is in any of these.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    diagnose::{Check, Verdict},
    message::Millis,
    trouble::Trouble,
};

/// A step of the set-up. Each can be left, gone back to, and opened again later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Where is the database?
    #[default]
    Where,
    /// Its address: made, pasted, or lent for 72 hours, by the door that was chosen.
    Address,
    /// The connection test.
    Test,
    /// What the agents are called.
    Names,
    /// What the other side needs.
    Helios,
    /// Start at login, notifications, reminder, quiet hours.
    Computer,
}

/// Where the database comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Made, or chosen from a list, with the Developer API.
    Make,
    /// Pasted.
    Paste,
    /// Lent for 72 hours, without an account.
    Temporary,
    /// On this computer. The sandbox is a program of its own; its set-up ends here.
    Sandbox,
}

/// Something that was found on this computer, and is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Find {
    /// An address in `UPSTASH_REDIS_URL`.
    EnvironmentAddress,
    /// An API key in `UPSTASH_EMAIL` and `UPSTASH_API_KEY`.
    EnvironmentKey,
    /// The login that the official command line program saved.
    CommandLineLogin,
    /// An address kept in the keychain.
    KeychainAddress,
    /// An API key kept in the keychain.
    KeychainKey,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Found {
    /// What it is; says which command takes it.
    pub find: Find,
    /// What may be said of it: host and port, or the e-mail.
    pub shown: String,
}

/// Where a secret is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// In the operating system's keychain.
    Keychain,
    /// In memory, until the program ends.
    Session,
}

/// An address as it was understood. The password is not here: only how long it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct AddressView {
    /// Name or IP address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// As whom to log in, where it is said and is not `default`.
    pub user: Option<String>,
    /// Is it encrypted?
    pub tls: bool,
    /// Is there a password?
    pub password: bool,
}

/// What the paste box made of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Understanding {
    /// The address, as far as it was understood.
    pub address: Option<AddressView>,
    /// What was changed or is worth knowing ("redis:// became rediss://, because …"), each a sentence or two.
    pub notes: Vec<String>,
    /// Why it cannot be used as it is.
    pub trouble: Option<Trouble>,
    /// It can be used if the person says so deliberately: this is what they would agree to.
    pub consent: Option<String>,
}

/// A database lent for 72 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Temporary {
    /// Is there a page where it can be made one's own? Its address is as good as the password, and stays out of here.
    pub claim: bool,
    /// When it ends.
    #[ts(type = "number")]
    pub ends: Millis,
}

/// How far the set-up is.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct GuideView {
    /// Where it was left.
    pub step: Step,
    /// Was it gone through to its end once? Then the app opens on the inbox.
    pub finished: bool,
    /// Is it to be gone on with: it was begun and left, or no address is known?
    pub unfinished: bool,
    /// The steps that are done, in order.
    pub done: Vec<Step>,
    /// The door that was chosen.
    pub door: Option<Door>,
    /// What was found and is offered.
    pub found: Vec<Found>,
    /// The address that is being set up or in use.
    pub address: Option<AddressView>,
    /// Where its secret is kept; none while it is only being tried.
    pub kept: Option<Keep>,
    /// It is lent.
    pub temporary: Option<Temporary>,
    /// What is wrong with the keychain, so that *this session only* is the way on.
    pub keychain: Option<Trouble>,
    /// Is an API key known (for this session or in the keychain), and whose?
    pub account: Option<AccountView>,
    /// The database's name, where the API told it.
    pub database: Option<String>,
    /// Waiting for a new database to become active.
    pub making: Option<Making>,
    /// The last connection test, as far as it has come.
    pub checks: Vec<Check>,
    /// Is a test running?
    pub testing: bool,
    /// What it says as a whole.
    pub verdict: Verdict,
    /// Commands that the test has cost.
    pub cost: u32,
    /// What became of the last ping to Helios.
    pub ping: Ping,
}

/// The API key that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct AccountView {
    /// Whose.
    pub email: String,
    /// Where the key is kept.
    pub kept: Keep,
}

/// A database is being made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Making {
    /// Its name.
    pub name: String,
    /// Since when.
    #[ts(type = "number")]
    pub since: Millis,
    /// When it is given up.
    #[ts(type = "number")]
    pub until: Millis,
    /// Why it failed; then it is over.
    pub trouble: Option<Trouble>,
}

/// A question to Helios.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Ping {
    /// None was asked.
    #[default]
    None,
    /// Asked, not answered yet.
    Asked,
    /// Answered.
    Answered {
        /// There and back.
        round_trip_ms: u32,
    },
    /// Nobody answered in time.
    Unanswered,
}

/// A database of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct DatabaseView {
    /// For choosing it.
    pub id: String,
    /// Its name, safe to show.
    pub name: String,
    /// Where it is: "Singapore (ap-southeast-1)".
    pub region: String,
    /// "Free", "Pay as you go", …
    pub plan: String,
    /// "active", "suspended", …
    pub state: String,
    /// Can it be used now?
    pub usable: bool,
}

/// What the account has, and what can be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct AccountDatabases {
    /// Those that exist.
    pub databases: Vec<DatabaseView>,
    /// Is the one free database taken?
    pub free_taken: bool,
}

/// Where a database can stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RegionView {
    /// As the API calls it.
    pub id: String,
    /// "Singapore".
    pub place: String,
    /// "aws" or "gcp".
    pub platform: String,
}

/// The regions, and the one that suits this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Regions {
    /// All of them.
    pub all: Vec<RegionView>,
    /// The suggested one's id.
    pub suggested: String,
    /// Why: "Your clock is on Asia/Dhaka time; Singapore is the nearest."
    pub reason: String,
}

/// What a database is to be like.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[ts(export)]
pub struct NewDatabase {
    /// Its name.
    pub name: String,
    /// "aws" or "gcp".
    pub platform: String,
    /// One of the regions' ids.
    pub region: String,
    /// Pay as you go, instead of free.
    pub pay: bool,
}

/// What the other side needs, ready to copy. The secret is in none of them: where it belongs stands `PASSWORD`, and
/// copying puts it in on the Rust side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Kit {
    /// `UPSTASH_REDIS_URL=rediss://default:PASSWORD@…`
    pub environment: String,
    /// Python that sends a task and hears the answer.
    pub send: String,
    /// Python that listens.
    pub listen: String,
    /// A line for a terminal that sends one task.
    pub test: String,
    /// The database is on this computer only: nobody else can reach it.
    pub local: bool,
}

/// A part of the kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum KitPart {
    /// The environment line, with the secret.
    Environment,
    /// The Python that sends; it reads the address from the environment.
    Send,
    /// The Python that listens; likewise.
    Listen,
    /// The test command; likewise.
    Test,
}

/// What this computer does for the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ComputerView {
    /// Is the program started at login?
    pub autostart: bool,
    /// Why the entry for the login cannot be read or written.
    pub autostart_trouble: Option<Trouble>,
    /// The desktop's name, as it calls itself: "GNOME", "KDE", "XFCE"; empty where it is unknown.
    pub desktop: String,
    /// What to look at on this desktop when a notification was not seen.
    pub notification_help: Vec<String>,
    /// Can a secret be copied so that clipboard histories leave it out?
    pub concealed_copy: bool,
}

/// Something of ours on this computer that *forget everything* removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Possession {
    /// "The database's address, in the keychain".
    pub what: String,
    /// Where: a path, or the keychain's name for it.
    pub place: String,
}

/// Licences and versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct AboutView {
    /// The program's version.
    pub version: String,
    /// The parts worth naming, with their versions: "Tauri 2.12.5".
    pub parts: Vec<String>,
    /// The licence's name.
    pub licence: String,
    /// Where the files are: settings, messages, logs.
    pub folders: Vec<Possession>,
}

/// A page outside this program that a button opens in the browser. Only these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum WebPage {
    /// The console of Upstash.
    Console,
    /// The console's page for API keys.
    ApiKeys,
    /// Where a lent database is made one's own.
    Claim,
    /// What the plans cost.
    Pricing,
    /// Where a token of GitHub's is made.
    GithubToken,
    /// Where a repository at GitHub is made.
    GithubRepository,
}
