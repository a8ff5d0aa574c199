//! The relay: changes of DynamoDB tables, from their streams, POSTed to URLs; at least once, and in order for every item.
//!
//! ```text
//! stream ─► shard tree ─► one reader a shard ─► pages ─► a lane for each subscription and shard ─► batches ─► POST ─► 2xx ─► checkpoint
//! ```

pub mod change;
pub mod config;
pub mod deliver;
pub mod function;
pub mod signature;
pub mod state;
pub mod subscription;
