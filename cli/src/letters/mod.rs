//! Letters in a queue, or in files: looked at, taken, redriven.
//!
//! ```text
//! queue ─┬─► look ─► filter ─► letter                     read, never hidden: list, show, export
//!        └─► inbox ─► filter ─┬─► work ─► redriving ─► account      taken, hidden meanwhile: redrive
//! files ─► file ──────────────┘     ▲        │
//!                     stream ───────┘        └─► verdicts: which messages may be deleted
//! ```
//! Nothing here deletes a message before its letters are done or in the queue again; whatever moment a process ends at, the next run goes on.

pub mod account;
pub mod export;
pub mod file;
pub mod filter;
mod given_up;
pub mod inbox;
pub mod letter;
pub mod look;
pub mod message;
pub mod on_failure;
pub mod queue;
pub mod redriving;
pub mod run;
pub mod stream;
pub mod work;
