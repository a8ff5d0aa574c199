//! HTTP to DynamoDB: a front door to a table on tablefeed's mapping, planning, writing and letters.
//!
//! ```text
//! request ─► keys ─► body ─► documents ─► spool: room? ─► Function::store ─► spool: kept ─► answer
//!                                                           └─► gather     └─► forward, in the background
//! ```
//! - [`app`]: what all requests share, and the router; the same for the server and for Lambda.
//! - `post`: the way through, one POST; read it first.
//! - `body`, `documents`: the bytes, and what they hold; who may send, says the package `tablefeed-server`.
//! - `gather`: items of concurrent requests, written together.
//! - `answer`, `problem`: what is answered, in words of HTTP.
//! - [`settings`], `names`: every setting.
//! - [`server`]: from a listener to the end in peace.
//! - [`spool`], [`forward`]: what goes on to the next module.
//! - `health`, [`metrics`]: what is told about all that; [`invoked`]: the same of one of Lambda's invocations.
//!
//! Nothing here prints, and nothing of a body is ever logged.

mod answer;
pub mod app;
mod body;
mod documents;
pub mod forward;
mod gather;
mod health;
pub mod invoked;
pub mod metrics;
mod names;
mod post;
mod problem;
pub mod server;
pub mod settings;
pub mod spool;

pub use app::App;
pub use names::INGEST_SETTINGS;
pub use settings::{Home, IngestSettings};
