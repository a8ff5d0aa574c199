//! Topics over the wire: Kafka's real protocol to librdkafka's mock cluster, real SDK clients to the embedded AWS.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cluster;
mod ends;
mod faults;
mod feeding;
mod policies;
mod rebalance;
mod world;
