//! The function over the wire: everything here goes through real SDK clients to the embedded AWS, or through the real binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod binary;
mod deadline;
mod deletes;
mod derived_keys;
mod event;
mod faults;
mod frozen;
mod guarantees;
mod init;
mod kafka;
mod kinds;
mod lambda;
mod lean;
mod ledger;
mod limits;
mod metrics;
mod newest;
mod query;
mod queue;
mod redrive;
mod rejections;
mod release;
mod samples;
mod systemic;
mod tables;
mod template;
mod world;
mod writing;
