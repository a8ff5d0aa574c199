//! The AWS services that tablefeed calls, embedded on one loopback port; and the one that calls tablefeed, simulated.
//!
//! ```text
//! SDK ─► front ─► recorder, faults ─┬─► ssm, sqs ─► store        (SQLite: a file of its own, or memory)
//!                                   └─► engine ─► dynoxide        (DynamoDB and its streams, on a private port)
//! ```
//!
//! - `embedded`: [`Embedded`], the running server: start, endpoint, stop.
//! - `open`: [`open()`], for commands that share a directory: the first one owns the server, the others attach to it.
//! - `directory`: the directory's lock and its `endpoint` file.
//! - `front`: the advertised port; one request in, one answer (or a planned lack of one) out.
//! - `target`: which service and operation a request is for.
//! - `engine`: DynamoDB and DynamoDB Streams.
//! - `ssm`, `sqs`: answered here, on `store`.
//! - `arn`: tables that are named by ARN; `shard`: ids of shards as AWS has them.
//! - `recorder`: [`Recorder`], what was called, for tests.
//! - `faults`: [`Faults`], what goes wrong on purpose, for tests.
//!
//! Beside it, with nothing in common but the package:
//!
//! - [`esm`]: [`esm::Esm`], Lambda's event source mapping for Kinesis and DynamoDB streams: records in, invocations out.
//!
//! Nothing here listens on anything but 127.0.0.1, and no signature is checked.

mod arn;
mod body;
mod directory;
mod embedded;
mod engine;
mod error;
pub mod esm;
mod faults;
mod front;
mod open;
mod recorder;
mod reply;
mod shard;
mod sqs;
mod ssm;
mod store;
mod target;

pub use embedded::{Config, Embedded, Storage};
pub use error::Error;
pub use faults::{Fault, Faults, Rule, RuleId, Select};
pub use open::{Local, open};
pub use recorder::{Call, Recorder, iam_action};
pub use target::Service;

/// The account that queue URLs and ARNs name.
const ACCOUNT: &str = "000000000000";
/// The region that ARNs name.
const REGION: &str = "us-east-1";
