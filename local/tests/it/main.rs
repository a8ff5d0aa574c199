//! The embedded AWS through unmodified SDK clients, each test on a server and a port of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::doc_markdown, reason = "services and operations of AWS read as plain words")]

mod clients;
mod directory;
mod dynamodb;
mod faults;
mod queues;
mod recorder;
mod sqs_limits;
mod ssm;
