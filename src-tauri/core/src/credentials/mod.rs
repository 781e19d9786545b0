//! Secrets: where they are kept, and how they are fetched. It must not log what they are.
//!
//! A secret is a [`secrecy::SecretString`] everywhere: it prints as redacted, cannot be serialised, and is zeroed
//! when it is dropped.

mod error;
mod item;
mod keychain;
mod login;
#[cfg(target_os = "linux")]
#[path = "unlock_linux.rs"]
mod unlock;
#[cfg(not(target_os = "linux"))]
#[path = "unlock_never.rs"]
mod unlock;

pub use error::KeychainError;
pub use item::Item;
pub use keychain::Keychain;
pub use login::Login;
pub use unlock::unlocked;
