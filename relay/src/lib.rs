//! The relay: changes of DynamoDB tables, from their streams, POSTed to URLs; at least once, and in order for every item.
//!
//! ```text
//! stream ─► shard tree ─► one reader a shard ─► pages ─► a lane for each subscription and shard ─► batches ─► POST ─► 2xx ─► checkpoint
//! ```
//! The Lambda function `relay` is the same delivery on a stream's event source mapping: [`function`].

pub mod change;
pub mod clients;
mod commit;
pub mod config;
pub mod control;
pub mod deliver;
pub mod enable;
pub mod engine;
pub mod follow;
pub mod function;
pub mod gaps;
pub mod lane;
pub mod live;
mod names;
pub mod reader;
mod reading;
pub mod relay;
pub mod settings;
pub mod signature;
pub mod state;
pub mod store;
pub mod stream;
pub mod subscription;
pub mod tree;

pub use names::RELAY_SETTINGS;
pub use settings::RelaySettings;
