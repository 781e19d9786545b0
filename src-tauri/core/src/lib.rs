//! Heliograph without a screen: messages, store, link, credentials and the engine that owns them.
//!
//! This crate must not name tauri or know of windows, trays or notification servers; what it needs of
//! them it asks for through the traits in [`notification`].

mod catchup;
pub mod credentials;
pub mod diagnose;
pub mod discover;
pub mod engine;
pub mod guide;
pub mod home;
pub mod link;
pub mod mailbox;
pub mod message;
pub mod notification;
pub mod paste;
pub mod presence;
pub mod rotation;
pub mod settings;
pub mod store;
pub mod text;
pub mod trouble;
pub mod upstash;
pub mod usage;
