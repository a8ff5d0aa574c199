//! What tablefeed's HTTP servers share.
//!
//! - `client`: [`https`], connections to others.
//! - `connections`: [`serve`], connections over a router: their number and patience are limited, and they end in peace.
//! - `keys`: [`Keys`], who may send.
//! - `source`: [`KeySource`], where keys come from.
//!
//! Nothing here prints, and nothing of a request is ever logged.

mod client;
mod connections;
mod keys;
mod source;

pub use client::https;
pub use connections::{Limits, serve};
pub use keys::Keys;
pub use source::{KEY_SETTINGS, KeySource, KeysError};
