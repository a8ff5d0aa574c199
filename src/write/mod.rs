//! Items to the table, letters to the queue, and the account of both.
//!
//! [`plan`] decides what is written and in which order; [`table`] writes it, by requests that [`progress`] settles one by one,
//! and by [`single`] ones where a write has a condition; [`tally`] counts them;
//! [`letter`] and [`queue`] take what cannot be written; [`checkpoint`] says where redelivery must begin. [`drive`] is the only
//! retry loop and [`fault`] the only place that judges errors.

pub mod checkpoint;
pub mod drive;
pub mod fault;
pub mod letter;
pub mod outcome;
pub mod plan;
pub mod progress;
pub mod queue;
mod same;
pub mod single;
pub mod stored;
pub mod table;
pub mod tally;
