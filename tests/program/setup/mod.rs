//! The guided set-up as a person goes through it: in the window, to a database that works, and back after a restart.

mod computer;
mod doors;
mod failures;
mod keychain;
mod pictures;
mod resume;
mod settings;
mod steps;
