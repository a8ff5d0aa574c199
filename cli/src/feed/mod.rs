//! A file's lines fed to the function as Lambda feeds it from a Kinesis shard.
//!
//! ```text
//! file ─► tape ─► the event source mapping ─► the function ─► answer ─┬─► done ──────────► checkpoint
//!                     ▲                                               ├─► discarded: kept ─► checkpoint
//!                     └──────────── after a wait ─────────────────────┘
//! ```
//! - `feeding`: [`feeding::Feed`], the run itself.
//! - `tape`: [`tape::Tape`], the file from the checkpoint on, as records.
//! - `source`: the stream's name, and what identifies a line.
//! - `lines`: the lines, one at a time.
//! - `state`, `store`: the checkpoint, and how it outlives the process.
//! - `account`: what a run did.
//!
//! The checkpoint passes a line only after the function answered that it is done, or after it is kept as discarded. So a process that dies
//! at any moment loses nothing: what it had not written down is delivered again, under the same identity and with the same arrival.

mod account;
pub mod feeding;
mod lines;
pub mod source;
mod state;
mod store;
pub mod tape;
