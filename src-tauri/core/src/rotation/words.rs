//! What is said of a rotation, in one place. No secret can get into any of it.

use super::{RotationAsk, RotationAsked, RotationOutcome, RotationPlan, RotationStep};
use crate::trouble::{Trouble, TroubleCode};

/// What a step does.
pub(crate) const fn of(plan: RotationPlan, step: RotationStep) -> &'static str {
    match (plan, step) {
        (_, RotationStep::Preflight) => "Look whether everything needed is there",
        (_, RotationStep::Announce) => "Tell the other agents",
        (RotationPlan::OnePassword, RotationStep::Reset) => "Ask Upstash for a new key, once",
        (RotationPlan::Overlap, RotationStep::Reset) => "Make a new key for each user",
        (RotationPlan::OnePassword, RotationStep::Store) => "Put the new key beside the old one in the keychain",
        (RotationPlan::Overlap, RotationStep::Store) => "Put the new keys beside the old one in the keychain",
        (RotationPlan::OnePassword, RotationStep::Prove) => "Show that the new key works and the old one does not",
        (RotationPlan::Overlap, RotationStep::Prove) => "Let the new keys in, and show that they may do what they must",
        (RotationPlan::OnePassword, RotationStep::Reconnect) => "Connect with the new key and read what was missed",
        (RotationPlan::Overlap, RotationStep::Reconnect) => "Change over to the new key; the old one still works",
        (_, RotationStep::HandOver) => "Give Helios the new key",
        (_, RotationStep::AwaitAck) => "Wait until Helios uses the new key",
        (_, RotationStep::Revoke) => "Remove the old keys",
        (_, RotationStep::Undo) => "Go back to the old key",
        (_, RotationStep::Receipt) => "Write the receipt",
    }
}

/// How it ended. `moved`: to users of the agents' own.
pub(crate) const fn ended(plan: RotationPlan, moved: bool, outcome: RotationOutcome) -> &'static str {
    match outcome {
        RotationOutcome::Done if moved => {
            "Each agent is a user of its own now. The address from before still works; that of default is kept in the \
             keychain for emergencies."
        }
        RotationOutcome::Done => match plan {
            RotationPlan::OnePassword => "The key was changed. The old one no longer works.",
            RotationPlan::Overlap => "The keys were changed, and nobody was cut off. The old ones no longer work.",
        },
        RotationOutcome::Unchanged => "Nothing was changed. The key in use still works.",
        RotationOutcome::Adopted => "Another computer had changed the key. This one uses the new one.",
        RotationOutcome::Undone => "The change was taken back. The key in use is the one from before.",
    }
}

/// What is asked of the person. `hint`: what stands behind it, where that is known.
pub(crate) fn asked(plan: RotationPlan, what: RotationAsk, hint: Option<&Trouble>) -> RotationAsked {
    let because = hint.map(|trouble| format!(" {}", trouble.message)).unwrap_or_default();
    let overlap = plan == RotationPlan::Overlap;
    let words = match what {
        RotationAsk::Address if overlap => Trouble::new(
            TroubleCode::PasswordRefused,
            format!("Users can only be changed by default, whose address is not known or is refused.{because}"),
            "Open the database in the Upstash console, copy the address of its user default and paste it here. It is \
             kept in the keychain, and used for nothing else.",
        ),
        RotationAsk::Address => Trouble::new(
            TroubleCode::PasswordRefused,
            format!("The key was changed, and Upstash does not hand out the new one.{because}"),
            "Open the database in the Upstash console, copy its address and paste it here. It is tried before it is \
             used.",
        ),
        RotationAsk::Keychain => Trouble::new(
            hint.map_or(TroubleCode::KeychainLocked, |trouble| trouble.code),
            format!("The new key waits for the keychain.{because}"),
            "Unlock the keychain. It goes on by itself then; do not quit Heliograph before.",
        ),
        RotationAsk::Network if overlap => Trouble::new(
            hint.map_or(TroubleCode::Unreachable, |trouble| trouble.code),
            format!("The database does not answer. The old key still works.{because}"),
            "It goes on by itself when the network is back.",
        ),
        RotationAsk::Network if hint.is_some_and(|hint| *hint == not_taken()) => not_taken(),
        RotationAsk::Network => Trouble::new(
            hint.map_or(TroubleCode::Unreachable, |trouble| trouble.code),
            format!("It is not known yet which key the database has: nobody answers.{because}"),
            "It goes on by itself when the network is back.",
        ),
        RotationAsk::HandOver if overlap => Trouble::new(
            TroubleCode::NotPossible,
            format!("Helios does not have its new key yet. Its old one works until it has.{because}"),
            "Copy Helios’s new address and set it where Helios runs. This turns green when Helios is heard with it.",
        ),
        RotationAsk::HandOver => Trouble::new(
            TroubleCode::NotPossible,
            format!("Helios does not have the new key yet, and is cut off until then.{because}"),
            "Copy the new address and set it where Helios runs. This turns green when Helios is heard with it.",
        ),
    };
    RotationAsked { what, words }
}

/// The new key is refused, and the service does not say that it is the wrong one.
pub(crate) fn not_taken() -> Trouble {
    Trouble::new(
        TroubleCode::PasswordRefused,
        "Upstash has made a new key, and the database does not take it yet. The old one still works, and the new one is \
         kept beside it.",
        "It goes on by itself as soon as the new key works. If it does not within some minutes, look in the Upstash \
         console which key the database has.",
    )
}

/// One is under way already.
pub(crate) fn running() -> Trouble {
    Trouble::new(
        TroubleCode::NotPossible,
        "The key is being changed already.",
        "Wait for that to end; its steps are shown on the page Keys.",
    )
}

/// Whether one is under way is not known.
pub(crate) fn not_known() -> Trouble {
    Trouble::new(
        TroubleCode::StoreUnusable,
        "It is not known yet whether a change of the key is unfinished: the file with the messages cannot be read.",
        "See what is said of that file, and try again then.",
    )
}

/// That is not asked for.
pub(crate) fn not_asked() -> Trouble {
    Trouble::new(TroubleCode::NotPossible, "Nothing of the kind is asked for now.", "Look at the page Keys.")
}
