//! tablefeed: Kinesis and Kafka to `DynamoDB`, nothing lost.
//!
//! ```text
//! event ─► decode: records, documents ─► mapping: items ─► plan: requests ─► write ─► outcomes ─► checkpoint ─► letters ─► response
//!              │                            │    ▲                             │                    (only for documents before it)
//!              └──────── rejected ──────────┘    └ batch id (SSM, fetched      └─► metrics and one log line
//!                                                  while decoding runs)
//! ```
//! Read [`persist::handler`] first: it is the way through. Everything left of `write` is pure.
//!
//! - [`decode`]: event to records to documents; [`json`] and [`number`] keep every digit.
//! - [`mapping`]: document to item, by a declaration.
//! - [`mod@write`]: plan, requests, outcomes, checkpoint, letters.
//! - [`persist`]: the function itself; [`settings`] and [`aws`] set it up.
//! - [`table`]: definitions of tables, how to create them, and how to compare them with live ones.
//! - [`log`], [`emf`], [`invocation`]: what is told of it.
//! - [`parameter`]: one SSM parameter, read.
//! - [`reason`]: why a document could not be stored.

pub mod aws;
pub mod decode;
pub mod emf;
pub mod invocation;
pub mod json;
pub mod log;
pub mod mapping;
pub mod number;
pub mod parameter;
pub mod persist;
pub mod reason;
pub mod settings;
pub mod table;
pub mod write;
