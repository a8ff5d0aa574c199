//! Tables: their definitions, and how one is created, compared and looked at.
//!
//! ```text
//! file ─► resource ─► shape ─► definition ─► check ─┬─► create ─► wait until ACTIVE ─► time to live
//! live table ─► live ─► definition ─────────────────┴─► facts ─► differences
//! ```

mod check;
pub mod create;
pub mod definition;
mod facts;
mod live;
mod resource;
mod shape;
#[cfg(test)]
mod tests;

pub use create::{TableError, create_if_missing, delete, ensure, live_key};
pub use definition::{Definition, DefinitionError, key_difference};
pub use facts::{Difference, differences, facts};
pub use live::{Live, described, live};
