//! A Kafka topic fed to tablefeed's function by a consumer group, as Lambda's trigger feeds it, without Lambda.
//!
//! ```text
//! topic ─► consumer ─► a lane for each partition ─► event ─► the function ─┬─► done ─► offset committed
//!             ▲                     ▲                                      │
//!             └── pauses the full   └──────────── after a wait ────────────┘
//! ```
//! - `options`: [`Options`], and what librdkafka is told.
//! - `record`: [`record::Record`] and [`record::event`]: a message as Lambda's event holds it. Pure.
//! - `lane`: one partition's records, event by event and in order, each until it is done.
//! - `group`: the lanes of the partitions that this member of the group has, and what is committed; also while the group changes.
//! - `ends`: how far `until_end` goes.
//! - `consumer`: [`run()`], the loop that polls.
//!
//! An offset is committed only after every record in front of it is done. So a member that dies at any moment loses nothing: what it had not
//! committed is handled again by another, under the same identity.

mod consumer;
mod ends;
mod error;
mod group;
mod lane;
mod options;
pub mod record;

pub use consumer::{End, Ended, Stop, Told, run};
pub use error::TopicError;
pub use options::{From, Options};
