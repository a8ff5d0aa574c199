//! The relay: changes of DynamoDB tables, from their streams, POSTed to URLs; at least once, and in order for every item.
//!
//! ```text
//! stream ─► shard tree ─► one reader a shard ─► pages ─► a lane for each subscription and shard ─► batches ─► POST ─► 2xx ─► checkpoint
//! ```

pub mod change;
pub mod clients;
pub mod config;
pub mod control;
pub mod deliver;
pub mod enable;
mod names;
pub mod relay;
pub mod settings;
pub mod signature;
pub mod state;
pub mod subscription;

pub use names::RELAY_SETTINGS;
pub use settings::RelaySettings;
