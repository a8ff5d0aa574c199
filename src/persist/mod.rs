//! The function: an invocation's event in, Lambda's response and a report out.
//!
//! [`handler`] is the way through; read it first. [`batch_id`] reads the parameter, [`ledger`] accounts for every document,
//! [`answer`] follows from it, [`redrive`] handles letters again, [`direct`] stores documents that came without an event, [`preview`] shows items without writing them, `table_ready` sees to the table, and [`report`] says what happened, as one log line and,
//! by the table of [`metrics`], one line of metrics.

pub mod answer;
pub mod batch_id;
pub mod direct;
pub mod handler;
mod intake;
pub mod ledger;
pub mod metrics;
pub mod post;
pub mod preview;
pub mod redrive;
pub mod report;
mod table_ready;

pub use crate::invocation::Invocation;
pub use handler::{Function, FunctionError, Handled};
