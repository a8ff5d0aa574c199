//! A simulation of Lambda's event source mapping for Kinesis and DynamoDB streams: records in, invocations out, as Lambda would make them.
//!
//! ```text
//! records ─► shard ─► lane ─► batch ─► event ─► the function ─► answer ─┬─► done
//!                      ▲                                                ├─► redelivered from the checkpoint on, after a wait
//!                      └────────────────────────────────────────────────┘─► discarded: attempts or age ran out
//! ```
//!
//! - `machine`: [`Esm`], the state machine: one step at a time, several deliveries in flight.
//! - `run`: [`Esm::run`], a whole history with a handler and a virtual clock.
//! - `source`: [`EventSource`], the settings, with Lambda's defaults and limits.
//! - `shard`, `lane`, `batch`: what is delivered next, and what becomes of it.
//! - `answer`: what a response means.
//! - `event`: the JSON that Lambda delivers.
//! - `discarded`: the JSON that the on-failure destination receives.
//! - `checkpoint`: [`Checkpoint`], where to go on.
//! - `sequence`: [`SequenceNumber`], compared as a number.
//! - `clock`: [`Clock`], virtual time.
//!
//! The rules are those of the AWS Lambda developer guide; the files name the pages, and say what was chosen where those are silent. It calls
//! no service and reads no clock of the machine. Records do not expire in the stream, and event filters, tumbling windows, throttling and
//! resharding are not simulated.

mod answer;
mod batch;
mod checkpoint;
mod clock;
mod discarded;
mod event;
mod lane;
mod machine;
mod run;
mod sequence;
mod shard;
mod source;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Failure};
pub use checkpoint::{Checkpoint, Position};
pub use clock::Clock;
pub use discarded::{Condition, Discarded, KinesisBatchInfo, RequestContext, ResponseContext};
pub use event::{ChangeRecord, Record};
pub use machine::{Delivery, Esm, Step};
pub use run::Summary;
pub use sequence::{MAX_DIGITS, NotASequenceNumber, SequenceNumber};
pub use shard::OutOfOrder;
pub use source::{EventSource, InvalidSource, MAX_PAYLOAD_BYTES, OnFailure};
