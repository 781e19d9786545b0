//! The sentences of the test: what each step is called, and for each failure a title, what happened, what to do. No
//! user and no password is in any of them, whatever a server says.

use secrecy::ExposeSecret;

use super::{CheckKind, Help, board::Finding};
use crate::{
    link::{
        Address,
        fault::{Failure, classify},
    },
    text,
    trouble::{Trouble, TroubleCode},
};

/// The steps that need the connection.
pub(super) const CONNECTION: [CheckKind; 9] = [
    CheckKind::Name,
    CheckKind::Reach,
    CheckKind::Encryption,
    CheckKind::LogIn,
    CheckKind::RoundTrip,
    CheckKind::ReadWrite,
    CheckKind::Hear,
    CheckKind::Streams,
    CheckKind::Rights,
];

const LONGEST_QUOTE: usize = 160;
/// A shorter user or password may stand in a text by chance, so that nobody could tell what to take out.
const SHORTEST_TELLING: usize = 4;

/// What a step is called while it runs, or where it was not tried.
pub(super) fn subject(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Name => "Name",
        CheckKind::Reach => "Connection",
        CheckKind::Encryption => "Encryption",
        CheckKind::LogIn => "Log-in",
        CheckKind::RoundTrip => "Round trip",
        CheckKind::ReadWrite => "Writes, reads and deletes",
        CheckKind::Hear => "Hears its own message",
        CheckKind::Streams => "Streams",
        CheckKind::Rights => "What this user may do",
        CheckKind::Plan => "Plan and limits",
    }
}

/// What a failure means at this step.
pub(super) fn failed(kind: CheckKind, failure: &Failure, address: &Address) -> Finding {
    let trouble = classify(failure, address).trouble;
    let code = trouble.code;
    let message = match (code, failure) {
        (TroubleCode::PasswordRefused, Failure::Refused(_, text)) => return password(text, address),
        // The link quotes the server; here what it says of us is taken out first.
        (TroubleCode::ServerError | TroubleCode::NotPermitted, Failure::Refused(_, text))
            if kind != CheckKind::LogIn =>
        {
            format!("The server answered with an error: {}", quoted(text, address))
        }
        (TroubleCode::ReadOnlyToken, _) => return read_only(),
        _ => trouble.message,
    };
    Finding::failed(title(kind, code, address), Trouble::new(code, message, remedy(kind, code)))
        .help(help(code))
        .bars(bars(kind, code))
}

fn title(kind: CheckKind, code: TroubleCode, address: &Address) -> String {
    match (code, kind) {
        (TroubleCode::NameNotFound, _) => format!("{} was not found", address.host),
        (TroubleCode::Unreachable, _) => format!("{} cannot be reached", address.shown()),
        (TroubleCode::TimedOut, CheckKind::Name) => "The name was not looked up in time".into(),
        (TroubleCode::TimedOut, CheckKind::Reach) => format!("{} does not answer", address.shown()),
        (TroubleCode::TimedOut, CheckKind::Encryption) => "No answer to the offer of encryption".into(),
        (TroubleCode::TimedOut, CheckKind::LogIn) => "No answer to the log-in".into(),
        (TroubleCode::TimedOut | TroubleCode::ConnectionSilent, _) => "No answer".into(),
        (TroubleCode::TlsNeeded, _) => "The server wants encryption".into(),
        (TroubleCode::CertificateRefused, _) => "The certificate was refused".into(),
        (TroubleCode::NotRedis, CheckKind::Encryption) => "No encryption there".into(),
        (TroubleCode::NotRedis, _) => "That is not Redis".into(),
        (TroubleCode::QuotaUsedUp, _) => "The commands are used up".into(),
        (TroubleCode::TooManyConnections, _) => "Too many clients are connected".into(),
        (TroubleCode::ConnectionLost, _) => "The connection was cut".into(),
        _ => format!("{}: an error", subject(kind)),
    }
}

/// The link tries again by itself, and says so; the test does not.
fn remedy(kind: CheckKind, code: TroubleCode) -> &'static str {
    match (code, kind) {
        (TroubleCode::NameNotFound, _) => {
            "Check that this computer is online, and that the address is written as in the console. A deleted database loses its name."
        }
        (TroubleCode::TimedOut, CheckKind::Encryption) => {
            "Check the port: perhaps what answers there does not speak TLS. On a guest network, sign in to that network first."
        }
        (TroubleCode::Unreachable, _) => "Check host and port in the address, then the network and any firewall.",
        (TroubleCode::TimedOut | TroubleCode::ConnectionLost | TroubleCode::ConnectionSilent, _) => {
            "Check the network and any firewall, then test again."
        }
        (TroubleCode::TlsNeeded, _) => "Use TLS: the address then begins with rediss:// in place of redis://.",
        (TroubleCode::CertificateRefused, _) => {
            "If a company’s network inspects what is encrypted, or the server has a certificate of your own, name the authority’s file in SSL_CERT_FILE. Otherwise somebody may be listening in: try another network."
        }
        (TroubleCode::NotRedis, _) => {
            "Check host and port in the address. On a guest network, sign in to that network first."
        }
        (TroubleCode::QuotaUsedUp, _) => {
            "They begin anew when the month turns (a daily limit: at midnight UTC). A larger plan in the Upstash console helps at once."
        }
        (TroubleCode::TooManyConnections, _) => "Close some of them, or take a larger plan. Then test again.",
        _ => "Test again in a moment. If it stays so, the report helps whoever runs the server.",
    }
}

fn help(code: TroubleCode) -> Help {
    match code {
        TroubleCode::TlsNeeded => Help::UseTls,
        TroubleCode::NameNotFound | TroubleCode::NotRedis | TroubleCode::NotPermitted => Help::PasteAnother,
        _ => Help::TryAgain,
    }
}

/// Why nothing that follows can be tried, if so.
fn bars(kind: CheckKind, code: TroubleCode) -> Option<&'static str> {
    Some(match (code, kind) {
        (_, CheckKind::Plan) => return None,
        (TroubleCode::QuotaUsedUp, _) => "Not tried: the database takes no more commands for now.",
        (TroubleCode::TooManyConnections, _) => "Not tried: the database takes no more connections for now.",
        (_, CheckKind::Name) => "Not tried: the host’s address is not known.",
        (_, CheckKind::Reach) => "Not tried: there is no connection.",
        (_, CheckKind::Encryption) => "Not tried: the connection is not encrypted.",
        (_, CheckKind::LogIn) => "Not tried: we are not logged in.",
        (TroubleCode::ServerError | TroubleCode::NotPermitted | TroubleCode::TooLarge, _) => return None,
        _ => "Not tried: the connection is gone.",
    })
}

fn password(text: &str, address: &Address) -> Finding {
    let named = !is_default(address);
    let (title, message, remedy) = if text.contains("without any password configured") {
        (
            "The server has no password",
            "The address holds a password, but the server asks for none.",
            "Take the password out of the address, or set one at the server.",
        )
    } else if address.password().is_none() {
        (
            "A password is needed",
            "The server asks for a password, and the address holds none.",
            "Copy the whole address from the Upstash console: your database, then Connect.",
        )
    } else if named {
        (
            "User or password refused",
            "The server does not take this user with this password.",
            "Copy the address anew. After a rotation the old password is no longer taken.",
        )
    } else {
        (
            "Password refused",
            "The server does not take this password.",
            "Copy it anew from the Upstash console: your database, then Token. After a rotation the old one is no longer taken.",
        )
    };
    Finding::failed(title, Trouble::new(TroubleCode::PasswordRefused, message, remedy))
        .help(Help::PasteAnother)
        .bars("Not tried: we are not logged in.")
}

/// The token that may only read.
pub(super) fn read_only() -> Finding {
    let trouble = Trouble::new(
        TroubleCode::ReadOnlyToken,
        "This is the read-only token.",
        "Sending needs the standard one: Upstash console → your database → Token.",
    );
    Finding::failed("May not write", trouble)
        .help(Help::PasteAnother)
        .bars("Not tried: it needs a token that may write.")
}

/// Plain Redis where TLS was offered.
pub(super) fn plain_there(address: &Address) -> Finding {
    let trouble = Trouble::new(
        TroubleCode::NotRedis,
        format!("What answers at {} is Redis without TLS.", address.shown()),
        "Give the port on which the server speaks TLS. Only a server on this computer should be used without: redis:// in place of rediss://.",
    );
    Finding::failed("No encryption there", trouble)
        .help(Help::PasteAnother)
        .bars(bars(CheckKind::Encryption, TroubleCode::NotRedis))
}

/// A step that messages can do without may not be done.
pub(super) fn may_not_run(kind: CheckKind, command: &str, said: &str) -> Finding {
    let lack = if names_command(said) {
        format!("This user may not run {command}")
    } else {
        format!("This user may not use {command} on our throwaway key")
    };
    let title = match kind {
        CheckKind::RoundTrip => "Round trip not measured",
        CheckKind::Streams => "No streams",
        _ => "No keys",
    };
    Finding::warning(title).detail(format!("{lack}. Messages can do without."))
}

/// The user lacks a command that messages need.
pub(super) fn may_not(kind: CheckKind, command: &str) -> Finding {
    let title = if command == "PUBLISH" { "May not publish" } else { "May not subscribe" };
    let trouble = Trouble::new(
        TroubleCode::NotPermitted,
        format!("This user may not run {command}."),
        format!("Allow it with ACL SETUSER … +{}, or paste the default user’s address.", command.to_ascii_lowercase()),
    );
    Finding::failed(title, trouble).help(Help::PasteAnother).bars(bars(kind, TroubleCode::NotPermitted))
}

/// What was published was taken, and did not come back.
pub(super) fn not_heard() -> Finding {
    let trouble = Trouble::new(
        TroubleCode::ConnectionSilent,
        "The server took the message, but it did not come back to us.",
        "Test again. If it stays so, the server does not pass messages on between its parts: ask whoever runs it.",
    );
    Finding::failed("Does not hear its own message", trouble).help(Help::TryAgain)
}

/// Something else came back than was written.
pub(super) fn not_as_written(kind: CheckKind) -> Finding {
    let trouble = Trouble::new(
        TroubleCode::NotRedis,
        "What was written did not come back as it was.",
        "Check host and port in the address: what answers there behaves unlike Redis.",
    );
    Finding::failed(format!("{}: an unexpected answer", subject(kind)), trouble).help(Help::PasteAnother)
}

/// Is it the user whom everybody is who names none? At Upstash it may do everything, unless the token only reads.
pub(super) fn is_default(address: &Address) -> bool {
    matches!(address.user.as_deref(), None | Some("default" | "default_ro"))
}

/// Is it the command that is not allowed, and not what it is used on?
pub(super) fn names_command(text: &str) -> bool {
    text.contains("to run the")
}

/// A server's words, cut short, cleaned, and without who we are.
fn quoted(said: &str, address: &Address) -> String {
    let mut said = said.split(", with args").next().unwrap_or_default().to_owned();
    let user = address.user.as_deref().filter(|user| *user != "default");
    for ours in user.into_iter().chain(address.password().map(ExposeSecret::expose_secret)) {
        if ours.len() < SHORTEST_TELLING {
            return "(not shown)".to_owned();
        }
        said = said.replace(ours, "…");
    }
    format!("\u{201c}{}\u{201d}", text::line(&said, LONGEST_QUOTE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use secrecy::SecretString;

    use super::*;
    use crate::link::fault::Stage;

    fn address(url: &str) -> Address {
        Address::parse(&SecretString::from(url)).unwrap()
    }

    #[test]
    fn a_servers_words_are_cut_cleaned_and_do_not_say_who_we_are() {
        let me = address("rediss://someone:SECRET-1@h");
        let said = format!("ERR someone \u{1b}[31msaid\0 SECRET-1 {}", "x".repeat(10_000));
        let shown = quoted(&said, &me);
        assert!(shown.starts_with("\u{201c}ERR … said …") && shown.chars().count() <= LONGEST_QUOTE + 2, "{shown}");
        assert_eq!(quoted("ERR what ab says", &address("rediss://ab:SECRET-1@h")), "(not shown)");
    }

    #[test]
    fn every_failure_has_a_remedy_that_does_not_promise_to_try_again() {
        let me = address("rediss://someone:SECRET-1@h");
        for kind in CONNECTION {
            for stage in [Stage::Name, Stage::Connect, Stage::Encrypt, Stage::LogIn, Stage::Live] {
                let finding = failed(kind, &Failure::TimedOut(stage), &me);
                let shown = format!("{finding:?}");
                assert!(!shown.contains("by itself") && !shown.contains("SECRET"), "{shown}");
            }
        }
    }
}
