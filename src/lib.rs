//! tablefeed: streams in, items out, nothing lost.

pub mod json;
pub mod mapping;
pub mod number;
pub mod reason;
