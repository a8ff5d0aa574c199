//! The relay: changes of DynamoDB tables, from their streams, POSTed to URLs; at least once, and in order for every item.
//!
//! ```text
//! stream ─► shard tree ─► one reader a shard ─► pages ─► a lane for each subscription and shard ─► batches ─► POST ─► 2xx ─► checkpoint
//! ```
//! The Lambda function `relay` is the same delivery on a stream's event source mapping: [`function`].

pub mod change;
pub mod config;
pub mod deliver;
pub mod engine;
pub mod follow;
pub mod function;
pub mod lane;
pub mod live;
pub mod reader;
pub mod relay;
pub mod signature;
pub mod state;
pub mod store;
pub mod stream;
pub mod subscription;
pub mod tree;
