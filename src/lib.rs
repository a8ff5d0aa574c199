//! tablefeed: streams in, items out, nothing lost.

pub mod json;
pub mod reason;
