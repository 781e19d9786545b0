//! What the paste box says. None of these sentences takes up anything that may be a secret.

use super::url::Broken;
use crate::trouble::{Trouble, TroubleCode};

const WHERE: &str =
    "In the Upstash console, open the database; what is copied under Connect or Details can be pasted here whole.";
const EXAMPLE: &str = "It looks like rediss://default:PASSWORD@NAME.upstash.io:6379.";

fn unreadable(message: &str, remedy: impl Into<String>) -> Trouble {
    Trouble::new(TroubleCode::AddressUnreadable, message, remedy)
}

pub(super) fn nothing() -> Trouble {
    unreadable("Nothing was pasted.", format!("Paste the database’s address. {EXAMPLE}"))
}

pub(super) fn too_much() -> Trouble {
    unreadable("This is too much text to look for one address in.", "Paste only the lines that concern the database.")
}

pub(super) fn unrecognised() -> Trouble {
    unreadable("There is no address of a Redis database in this.", format!("{EXAMPLE} {WHERE}"))
}

pub(super) fn broken(why: Broken) -> Trouble {
    match why {
        Broken::Unreadable => {
            unreadable("This begins like an address, and no host can be found in it.", format!("{EXAMPLE} {WHERE}"))
        }
        Broken::NotText => unreadable(
            "The user or the password in the address is not text: a % is followed by something that it should not be.",
            "Copy the address again, or write a % in the password as %25.",
        ),
    }
}

pub(super) fn read_only() -> Trouble {
    Trouble::new(
        TroubleCode::ReadOnlyToken,
        "This is the read-only token. With it nothing can be sent: no reply and no sign of life.",
        "Copy the other token, which is called just Token (UPSTASH_REDIS_REST_TOKEN).",
    )
}

pub(super) fn rest_without_token() -> Trouble {
    unreadable(
        "This is the address of the REST interface, without its token.",
        "Copy UPSTASH_REDIS_REST_TOKEN as well and paste both, or paste the address that begins with rediss://.",
    )
}

pub(super) fn token_without_host() -> Trouble {
    unreadable(
        "This is a token or password, and it does not say of which database.",
        "Paste the endpoint beside it, such as NAME.upstash.io, or the whole address that begins with rediss://.",
    )
}

pub(super) fn console_page() -> Trouble {
    unreadable("This is a page of the Upstash website, not the address of a database.", WHERE)
}

pub(super) fn other_page() -> Trouble {
    unreadable("This is the address of a web page, not of a Redis database.", format!("{EXAMPLE} {WHERE}"))
}

pub(super) fn two_addresses(one: &str, other: &str) -> Trouble {
    unreadable(
        &format!("There are two different addresses in this: {one} and {other}."),
        "Paste only the one that Helios uses too.",
    )
}

pub(super) fn two_passwords(host: &str) -> Trouble {
    unreadable(
        &format!("The address of {host} is in this twice, with two different passwords."),
        "Paste only the newer one. Resetting the password in the console makes the older one invalid.",
    )
}

pub(super) fn missing_password() -> Trouble {
    unreadable(
        "The address has no password.",
        "Copy the token in the Upstash console: it is the password. It belongs before the host: \
         rediss://default:PASSWORD@NAME.upstash.io:6379. Or paste it beside the host.",
    )
}

pub(super) fn user_without_password() -> Trouble {
    unreadable(
        "The address has a user and no password.",
        "The password belongs behind the user and a colon: rediss://default:PASSWORD@NAME.upstash.io:6379. If what \
         stands there is the password, write default: before it.",
    )
}

pub(super) fn placeholder_password() -> Trouble {
    unreadable(
        "Where the password belongs stands a placeholder.",
        "The console hides the password at first: choose the eye or the copy button there, then paste again.",
    )
}

pub(super) fn placeholder_host() -> Trouble {
    unreadable(
        "Where the host belongs stands a placeholder.",
        "Copy the endpoint in the Upstash console. It looks like calm-owl-12345.upstash.io.",
    )
}

pub(super) fn port_missing() -> Trouble {
    unreadable(
        "There is a colon behind the host, and no port after it.",
        "Add the port, as a rule 6379, or remove the colon.",
    )
}

pub(super) fn port_zero() -> Trouble {
    unreadable("The address names port 0, which does not exist.", "The port at Upstash is 6379 as a rule.")
}

pub(super) fn port_too_large() -> Trouble {
    unreadable("The address names a port above 65535, which does not exist.", "The port at Upstash is 6379 as a rule.")
}

pub(super) fn port_unreadable() -> Trouble {
    unreadable(
        "Where the port belongs stands something that is no number.",
        format!("{EXAMPLE} In the password, a : or an @ is written as %3A or %40."),
    )
}

pub(super) fn too_long() -> Trouble {
    unreadable(
        "The address is longer than a keychain keeps.",
        "Addresses of Upstash have less than 200 characters. Look whether something else was copied with it.",
    )
}

pub(super) fn not_agreed() -> Trouble {
    unreadable(
        "The connection would not be encrypted, and that was not agreed to.",
        "Write rediss:// if the server speaks TLS, or agree to it where the address was pasted.",
    )
}

/// What the person agrees to.
pub(super) fn consent(host: &str) -> String {
    format!(
        "The password and every message to {host} would travel unencrypted: anybody on the way can read and change \
         them. Agree only if you trust the whole way, such as a cable of your own."
    )
}

pub(super) fn became_encrypted() -> String {
    "redis:// became rediss://: Upstash answers only encrypted connections.".into()
}

pub(super) fn made_from_rest() -> String {
    "Made from the REST address and its token: the token is also the password, and Redis is on port 6379 of the same host."
        .into()
}

pub(super) fn usual_port() -> String {
    "No port is named, so the usual one is taken: 6379.".into()
}

pub(super) fn endpoint_completed(host: &str) -> String {
    format!("The endpoint is named by its first part alone; the whole name is {host}.")
}

pub(super) fn password_encoded() -> String {
    "The password holds characters that an address does not take as they are. They were written as it wants them."
        .into()
}

pub(super) fn extras_left_out() -> String {
    "The database number or the options at its end are left out: they are not used here.".into()
}
