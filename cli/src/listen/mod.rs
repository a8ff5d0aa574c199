//! A listener's parts: its side towards the relay, its own server, and how a record is shown.

pub mod client;
pub mod server;
mod show;
