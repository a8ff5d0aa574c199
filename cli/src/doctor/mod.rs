//! A deployment, read and judged.
//!
//! ```text
//! function, or --set ─► read ─► deployment ─► checks ─► report      what is wrong, why it matters, what mends it
//!      │                 ├─► status: the same parts as they stand now
//!      └─ event source mappings, streams, table, queue, parameter
//! ```
//! Only `read` calls services, and none of its calls changes anything. What could not be read is never taken for good.

pub mod checks;
pub mod deployment;
pub mod read;
pub mod report;
