//! A rotation as a screen shows it. No secret has a place here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{message::Millis, settings::Handover, trouble::Trouble};

/// Why a key is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum RotationReason {
    /// It was time.
    Monthly,
    /// The person wanted it.
    Asked,
    /// The old one may be known to others.
    MayHaveLeaked,
    /// Another computer had changed it, and this one followed.
    Followed,
}

/// How a database's key is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum RotationPlan {
    /// One password for everybody: the others are cut off until they have the new one.
    #[default]
    OnePassword,
    /// A user for each agent, with the old and the new key valid side by side for a while.
    Overlap,
}

/// A step of a rotation, in the order in which they are gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum RotationStep {
    /// Looking whether everything needed is there.
    Preflight,
    /// Telling the other agents.
    Announce,
    /// Asking for the new key, once.
    Reset,
    /// Putting the new key beside the old one in the keychain.
    Store,
    /// Showing that the new key works and the old one does not.
    Prove,
    /// Connecting with the new key, and reading what was missed.
    Reconnect,
    /// Giving the new key to Helios.
    HandOver,
    /// Waiting until Helios has said something with the new key.
    AwaitAck,
    /// Removing the old keys, where they were valid beside the new ones.
    Revoke,
    /// Going back to the old key.
    Undo,
    /// Writing down what was done.
    Receipt,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Done, with something to be said.
    Warned,
    /// It did not work.
    Failed,
    /// Not needed.
    Skipped,
    /// It waits for the person.
    Asks,
}

/// A step as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RotationStepView {
    /// Which.
    pub step: RotationStep,
    /// Where it stands.
    pub state: StepState,
    /// What it does, or did, in a sentence.
    pub words: String,
    /// When it was begun.
    #[ts(type = "number | null")]
    pub began: Option<Millis>,
    /// How long it took, in milliseconds.
    #[ts(type = "number | null")]
    pub took: Option<Millis>,
}

/// How a rotation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum RotationOutcome {
    /// The new key is in use, and the old one is dead.
    Done,
    /// Nothing was changed.
    Unchanged,
    /// Another computer had changed the key; this one uses it.
    Adopted,
    /// It was taken back.
    Undone,
}

/// What a rotation needs of the person to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum RotationAsk {
    /// An address, pasted from the Upstash console (`rotation_give_address`): the new one, or that of the user
    /// `default` where each agent is a user.
    Address,
    /// An open keychain (`rotation_again`).
    Keychain,
    /// A network; it goes on by itself when there is one (`rotation_again` tries now).
    Network,
    /// To give Helios the new address (`rotation_copy_address`), or to say that it has it (`rotation_finish`).
    HandOver,
}

/// What is asked of the person, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RotationAsked {
    /// What.
    pub what: RotationAsk,
    /// Why, and what to do.
    pub words: Trouble,
}

/// What was looked at before a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum PreflightKind {
    /// There is an address to be changed.
    Address,
    /// The API key works.
    ApiKey,
    /// The account has the database in use.
    Database,
    /// The database is active.
    Active,
    /// The API hands out passwords.
    Credentials,
    /// The keychain can be written, read and emptied.
    Keychain,
    /// The disk can be written.
    Disk,
    /// Nobody else is rotating.
    Alone,
    /// There is a connection over which the others can be told.
    Link,
    /// Helios was heard lately.
    Helios,
    /// There is a way to give Helios the new key.
    Handover,
    /// The address stands nowhere else, where it would have to be changed by hand.
    Elsewhere,
    /// The secret stands in no file of ours.
    Leak,
}

/// How much what was found matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum PreflightWeight {
    /// It is as it should be.
    Good,
    /// The person should know the consequence, and decides.
    Warning,
    /// It cannot be begun like this.
    Bars,
}

/// One thing that was looked at, with its consequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PreflightFinding {
    /// What.
    pub kind: PreflightKind,
    /// How much it matters.
    pub weight: PreflightWeight,
    /// What was found, in a sentence.
    pub words: String,
    /// What follows from it, and what can be done; empty where all is well.
    pub consequence: String,
}

/// When the key is to be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RotationDue {
    /// The key is in use since; none where that is not known.
    #[ts(type = "number | null")]
    pub since: Option<Millis>,
    /// In so many days; 0 is today, below 0 it is overdue by so many.
    pub days: Option<i32>,
    /// After so many days.
    pub every: u32,
}

/// A key of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// The database's password.
    Database,
    /// The Developer API's key.
    Api,
    /// The mailbox's token.
    Github,
    /// Helios's public key for sealing.
    Sealing,
}

/// How old a key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KeyAge {
    /// Which.
    pub kind: KeyKind,
    /// Known here since.
    #[ts(type = "number")]
    pub since: Millis,
    /// To be renewed in so many days; below 0 it is overdue. None where reminders are off: then it never is.
    pub due_in: Option<i32>,
    /// How it is renewed by hand, step by step; empty for the database's, which is rotated.
    pub steps: Vec<String>,
}

/// The way to Helios, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HandoverView {
    /// The way chosen in the settings.
    pub way: Handover,
    /// Can it be gone as things stand?
    pub ready: bool,
    /// What it does, or what is missing, in a sentence.
    pub words: String,
    /// The fingerprint of Helios's public key that is used, to be compared with what Helios shows.
    pub key_fingerprint: Option<String>,
    /// A public key that came over the link and that nobody has confirmed.
    pub offered: Option<OfferedKey>,
    /// The command's words as they would be run, to be read before it is.
    pub command: Vec<String>,
    /// What the last test came to.
    pub tested: Option<HandoverTest>,
}

/// A public key that somebody sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OfferedKey {
    /// Who says to have sent it; a claim.
    pub from: String,
    /// The key itself.
    pub public_key: String,
    /// To be compared with what Helios shows.
    pub fingerprint: String,
}

/// What a test of the way to Helios came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HandoverTest {
    /// When.
    #[ts(type = "number")]
    pub at: Millis,
    /// Did it work?
    pub worked: bool,
    /// What happened.
    pub words: String,
}

/// How a new key went to Helios.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HandedOver {
    /// Which way.
    pub way: Handover,
    /// Did it work?
    pub worked: bool,
    /// What happened: where it was left, or the command's exit status and output without the secret.
    pub words: String,
}

/// What a rotation came to; kept for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RotationReceipt {
    /// The rotation.
    pub id: String,
    /// When it was begun.
    #[ts(type = "number")]
    pub begun: Millis,
    /// When it ended.
    #[ts(type = "number")]
    pub ended: Millis,
    /// Why.
    pub reason: RotationReason,
    /// How.
    pub plan: RotationPlan,
    /// What it came to.
    pub outcome: RotationOutcome,
    /// From the first refusal or disconnection until the link stood with the new key, in milliseconds.
    #[ts(type = "number | null")]
    pub outage_ms: Option<Millis>,
    /// The old key's fingerprint.
    pub old: Option<String>,
    /// The new key's fingerprint.
    pub new: Option<String>,
    /// Who acknowledged the new key, and when.
    pub acknowledged: Option<Acknowledged>,
    /// How it went to Helios.
    pub handed_over: Option<HandedOver>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// An acknowledgement made with the new key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Acknowledged {
    /// Who: an agent's name, or nothing where the person said so.
    pub by: Option<String>,
    /// When.
    #[ts(type = "number")]
    pub at: Millis,
}

/// Everything a screen shows of rotations.
#[expect(clippy::struct_excessive_bools, reason = "each is something to be shown by itself; they are no state")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RotationView {
    /// Is one under way? Then `steps` are its.
    pub running: bool,
    /// The one under way, or the last one.
    pub id: Option<String>,
    /// Its reason.
    pub reason: Option<RotationReason>,
    /// How the database's key is changed, as far as that is known.
    pub plan: RotationPlan,
    /// The steps of the one under way, or of the last one; empty before the first.
    pub steps: Vec<RotationStepView>,
    /// What the last one came to; none while one is under way.
    pub outcome: Option<RotationOutcome>,
    /// The same in words, or what it is doing.
    pub words: String,
    /// What is asked of the person.
    pub asks: Option<RotationAsked>,
    /// Can it be taken back (`rotation_undo`)?
    pub can_undo: bool,
    /// Can each agent become a user of its own (`rotation_move_to_users`), so that nobody is cut off any more?
    pub offers_users: bool,
    /// Why, or why not; empty before that was looked at.
    pub users_words: String,
    /// Is it being looked at whether everything needed is there?
    pub checking: bool,
    /// What was found when that was last looked at.
    pub findings: Vec<PreflightFinding>,
    /// The new key is in use here and Helios has not been heard with it, since then.
    #[ts(type = "number | null")]
    pub helios_behind_since: Option<Millis>,
    /// When the next one is due.
    pub due: RotationDue,
    /// The newest receipt.
    pub last: Option<RotationReceipt>,
    /// How old the keys are.
    pub ages: Vec<KeyAge>,
    /// The way to Helios.
    pub handover: HandoverView,
}
