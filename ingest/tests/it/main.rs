//! Ingest over the wire: the real server in front of the embedded AWS, and the real binary behind a Runtime API.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod answers;
mod faults;
mod forwarding;
mod gathering;
mod health;
mod idempotency;
mod lambda;
mod limits;
mod nothing_lost;
mod template;
mod world;
