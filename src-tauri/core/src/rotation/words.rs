//! What is said of a rotation, in one place. No secret can get into any of it.

use super::{RotationAsk, RotationAsked, RotationOutcome, RotationStep};
use crate::trouble::{Trouble, TroubleCode};

/// What a step does.
pub(crate) const fn of(step: RotationStep) -> &'static str {
    match step {
        RotationStep::Preflight => "Look whether everything needed is there",
        RotationStep::Announce => "Tell the other agents",
        RotationStep::Reset => "Ask Upstash for a new key, once",
        RotationStep::Store => "Put the new key beside the old one in the keychain",
        RotationStep::Prove => "Show that the new key works and the old one does not",
        RotationStep::Reconnect => "Connect with the new key and read what was missed",
        RotationStep::HandOver => "Give Helios the new key",
        RotationStep::AwaitAck => "Wait until Helios uses the new key",
        RotationStep::Receipt => "Write the receipt",
    }
}

/// How it ended.
pub(crate) const fn ended(outcome: RotationOutcome) -> &'static str {
    match outcome {
        RotationOutcome::Done => "The key was changed. The old one no longer works.",
        RotationOutcome::Unchanged => "Nothing was changed. The key in use still works.",
        RotationOutcome::Adopted => "Another computer had changed the key. This one uses the new one.",
        RotationOutcome::Undone => "The change was taken back. The key in use is the one from before.",
    }
}

/// What is asked of the person. `hint`: what stands behind it, where that is known.
pub(crate) fn asked(what: RotationAsk, hint: Option<&Trouble>) -> RotationAsked {
    let because = hint.map(|trouble| format!(" {}", trouble.message)).unwrap_or_default();
    let words = match what {
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
        RotationAsk::Network => Trouble::new(
            hint.map_or(TroubleCode::Unreachable, |trouble| trouble.code),
            format!("It is not known yet which key the database has: nobody answers.{because}"),
            "It goes on by itself when the network is back.",
        ),
        RotationAsk::HandOver => Trouble::new(
            TroubleCode::NotPossible,
            format!("Helios does not have the new key yet, and is cut off until then.{because}"),
            "Copy the new address and set it where Helios runs. This turns green when Helios is heard with it.",
        ),
    };
    RotationAsked { what, words }
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
