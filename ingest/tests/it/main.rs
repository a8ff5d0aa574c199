//! Ingest over the wire: the real server in front of the embedded AWS, and the real binary behind a Runtime API.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod faults;
mod forwarding;
mod health;
mod idempotency;
mod lambda;
mod limits;
mod nothing_lost;
mod world;
