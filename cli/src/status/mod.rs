//! How a deployment stands now, on one screen.
//!
//! ```text
//! doctor::read ─┬─► snapshot ─► screen        values, as JSON or as text
//! queue ─ peek ─┤
//! cloudwatch ─ metrics                        of a function
//! files, runs ──┘                             on the embedded AWS alone
//! ```
//! Nothing is changed and nothing hidden; what cannot be read says so.

mod cloudwatch;
mod metrics;
pub mod peek;
pub mod screen;
pub mod snapshot;
