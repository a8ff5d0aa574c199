//! Tables: their definitions, and how one is created and compared with what a mapping needs.

pub mod create;
pub mod definition;

pub use create::{TableError, create_if_missing, live_key};
pub use definition::{Definition, key_difference};
