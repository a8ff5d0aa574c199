//! The relay over the wire.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod control;
