//! Options that a file types for you: `tablefeed.toml`, and the profile in it that is chosen.
//!
//! ```text
//! arguments ─► chosen: what was typed ─┬─► options: who gives what ─► the same arguments, with the profile's behind the command's name
//! file ─► parse ─► the profile's own ──┘
//! ```
//! What comes out goes through the parser like any other command line, so that a profile can do nothing that could not be typed, and every
//! check and question stays as it is.

pub mod chosen;
mod file;
pub mod options;
mod parse;

/// The options that a profile may give, by their names on the command line, in the order in which they are given.
pub const OPTIONS: [&str; 7] = ["dir", "endpoint-url", "aws", "region", "aws-profile", "function", "queue"];
/// Those of them that say where; each excludes the others.
pub const PLACES: [&str; 3] = ["dir", "endpoint-url", "aws"];
/// Its table of settings of the function.
const SET: &str = "set";
